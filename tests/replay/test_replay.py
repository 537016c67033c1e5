"""Replay: the tables that are known to follow do, and what is wrong with the others is found."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tbench.published.equations import fit
from tbench.published.facts import Explanation, Published, Time, load, names
from tbench.published.replay import replay, scores_of, statistic
from tbench.published.rounding import tie_break_count
from tbench.published.verdict import STATUSES, Verdict, counts
from tests.replay.made import DATASET, METRIC, POOL, column, printed, published

SUITES = {name: load(name) for name in names()}
FOUND = {name: replay(suite) for name, suite in SUITES.items()}


def cells(suite: str, **wanted: str) -> list[Verdict]:
    return [each for each in FOUND[suite] if all(getattr(each, name) == value for name, value in wanted.items())]


def cell(suite: str, **wanted: str) -> Verdict:
    (found,) = cells(suite, **wanted)
    return found


def test_every_suite_of_the_list_is_there() -> None:
    assert set(SUITES) == {
        *("ped", "sfda", "tllib", "model-spider", "parc", "etran", "ncti", "emms", "schuture"),
        *("transrate-models", "transrate-sources", "transrate-layers", "transrate-cost"),
    }


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("NCE", {"pearson": 0.7937, "tau": 0.7436, "tau_w": 0.8315}),
        ("LEEP", {"tau": 0.7179, "tau_w": 0.8485}),
        ("LFC", {"tau": -0.0256, "tau_w": -0.0126}),
        ("H-Score", {"pearson": 0.5016, "tau": 0.4872, "tau_w": 0.6058}),
        ("LogME", {"pearson": 0.4965, "tau": 0.4103, "tau_w": 0.5130}),
        ("TransRate", {"tau": 0.9231, "tau_w": 0.8498}),
    ],
)
def test_model_selection_on_cifar100_with_13_models(metric: str, expected: dict[str, float]) -> None:
    for name, value in expected.items():
        found = cell("transrate-models", table="slides", dataset="cifar100", metric=metric, statistic=name)
        assert float(found.published) == value
        assert found.recomputed == pytest.approx(value, abs=5.001e-5)
        assert found.status == "exact"


@pytest.mark.parametrize(
    ("metric", "expected", "status"),
    [
        ("LFC", (-0.1872, -0.4140, -0.5190), ("within rounding", "tie order", "tie order")),
        ("H-Score", (-0.5307, -0.2000, -0.2993), ("within rounding", "exact", "exact")),
        ("LogME", (-0.3374, -0.0667, -0.2340), ("within rounding", "exact", "exact")),
        ("TransRate", (0.9770, 0.8667, 0.9265), ("within rounding", "exact", "exact")),
    ],
)
def test_layers_of_svhn(metric: str, expected: tuple[float, ...], status: tuple[str, ...]) -> None:
    found = cells("transrate-layers", table="slides", pool="svhn resnet20", metric=metric)
    assert [each.statistic for each in found] == ["pearson", "tau", "tau_w"]
    assert [each.recomputed for each in found] == pytest.approx(expected, abs=5.1e-5)
    assert tuple(each.status for each in found) == status


def test_the_tie_of_svhn_is_named() -> None:
    tied = cells("transrate-layers", status="tie order")
    assert [each.published for each in tied] == ["-0.4667", "-0.5497"]
    assert {each.why for each in tied} == {"one order of equal scores (L, L-4) gives it"}


@pytest.mark.parametrize(
    ("suite", "table", "expected"),
    [
        ("transrate-models", "slides", (15, 3, 0, 0, 0)),
        ("transrate-models", "notebook", (132, 0, 0, 0, 12)),
        ("transrate-sources", "notebook", (72, 0, 0, 0, 0)),
        ("transrate-layers", "slides", (6, 4, 2, 0, 0)),
        ("transrate-layers", "notebook", (84, 0, 0, 0, 0)),
        ("transrate-cost", "cost", (16, 1, 0, 1, 0)),
        ("tllib", "readme", (31, 12, 3, 18, 0)),
        ("model-spider", "readme", (79, 2, 0, 1, 8)),
        ("etran", "notebook", (1, 0, 0, 0, 0)),
        ("sfda", "readme", (0, 0, 0, 0, 55)),
        ("ped", "readme", (0, 0, 0, 0, 80)),
        ("parc", "readme", (0, 0, 0, 0, 2)),
        ("schuture", "equation", (0, 0, 0, 4, 12)),
    ],
)
def test_counts_of_each_table(suite: str, table: str, expected: tuple[int, ...]) -> None:
    assert tuple(counts(cells(suite, table=table)).values()) == expected


def test_every_printed_number_has_one_verdict() -> None:
    for name, suite in SUITES.items():
        speedups = [time for time in suite.times if time.speedup and time.method != "fine-tune"]
        assert len(FOUND[name]) == len(suite.printed) + len(speedups) + len(suite.terms)
        assert {each.status for each in FOUND[name]} <= set(STATUSES)
        assert all(each.why for each in FOUND[name] if each.status != "exact")


def test_what_cannot_be_computed_says_who_is_missing() -> None:
    reasons = {each.why for each in cells("transrate-models", status="not computable")}
    assert "no score of resnet50, inception_v3 is public" in reasons
    assert {each.metric for each in cells("transrate-models", status="not computable")} == {"TransRate"}


def test_aircraft_of_tllib_follows_from_cifar10() -> None:
    found = cells("tllib", dataset="aircraft")
    assert {each.status for each in found} == {"differs"}
    verbs = Counter(each.why.partition(" the truth of cifar10")[0] for each in found)
    assert verbs == {"follows from": 6, "does not follow from": 2}
    assert cell("tllib", dataset="aircraft", metric="H-Score", statistic="tau_w").recomputed == pytest.approx(
        0.3429, abs=5e-5
    )


def test_nce_on_dtd_of_tllib_repeats_logme() -> None:
    scores = SUITES["tllib"].scores
    assert scores["10 CNNs", "dtd", "NCE"] == scores["10 CNNs", "dtd", "LogME"]
    assert scores["10 CNNs", "pets", "NCE"] != scores["10 CNNs", "pets", "LogME"]


def test_pets_of_tllib_fits_no_truth_of_the_page() -> None:
    whole = SUITES["tllib"]
    suite = replace(whole, printed=tuple(each for each in whole.printed if each.dataset == "pets"))
    for other in suite.datasets("10 CNNs"):
        swapped = replace(suite, truth={**suite.truth, ("10 CNNs", "pets"): suite.truth["10 CNNs", other]})
        assert counts(replay(swapped))["differs"] >= 7


def test_model_spider_ranks_weights_by_accuracy_alone() -> None:
    suite = SUITES["model-spider"]
    by_default = replay(replace(suite, weights="both"))
    same = [each for each in by_default if each.status == "exact" and each.dataset != "mean"]
    assert len(same) < 10 < 60 < len([each for each in FOUND["model-spider"] if each.status == "exact"])
    assert cell("model-spider", metric="LEEP", dataset="caltech101").recomputed == pytest.approx(0.014, abs=5e-4)


def test_the_two_truths_of_the_same_checkpoints_are_apart() -> None:
    tllib, sfda = SUITES["tllib"], SUITES["sfda"]
    expected = {"aircraft": 0.12, "dtd": 0.29, "cars": 0.34, "sun397": 0.58, "pets": 0.66, "caltech101": 0.75}
    for dataset, value in (expected | {"cifar100": 0.79, "cifar10": 0.81}).items():
        one, other = tllib.truth["10 CNNs", dataset], sfda.truth["11 supervised CNNs", dataset]
        shared = [name for name in one if name in other]
        assert len(shared) == 10
        columns = [np.array([float(each[name]) for name in shared]) for each in (one, other)]
        assert statistic("tau_w", *columns, weights="both") == pytest.approx(value, abs=0.005)


@pytest.mark.parametrize(
    ("setting", "method", "speedup"),
    [
        ("ResNet-18, full data", "TransRate", 6264),
        ("ResNet-18, full data", "NCE", 9204),
        ("ResNet-18, small data", "LogME", 436),
        ("ResNet-50, full data", "TransRate", 2160),
    ],
)
def test_speedups_follow_from_seconds(setting: str, method: str, speedup: int) -> None:
    found = cell("transrate-cost", dataset=setting, metric=method)
    assert found.status == "exact"
    assert round(found.recomputed or 0) == speedup == int(found.published)


def test_speedups_that_do_not_follow() -> None:
    small = cell("transrate-cost", dataset="ResNet-18, small data", metric="LFC")
    assert (small.status, small.recomputed) == ("differs", pytest.approx(1104.7, abs=0.05))
    assert cell("transrate-cost", dataset="ResNet-18, full data", metric="LEEP").status == "within rounding"


def test_the_equation_of_resnet50() -> None:
    factors = SUITES["schuture"].factors
    restored = fit(factors, restored=True)
    expected = {"gap": -0.05, "variance": 0.19, "amount": -0.77, "intercept": 2.84}
    assert restored == pytest.approx(expected, abs=0.005)
    assert fit(factors, restored=False)["gap"] > 0


def test_etran_is_mixed_within_its_pool() -> None:
    mixed = scores_of(SUITES["etran"], "11 supervised CNNs", "cifar100", "ETran")
    assert len(mixed) == 11
    assert all(0 <= float(text) <= 1 for text in mixed.values())
    assert cell("etran").recomputed == pytest.approx(0.9, abs=5e-4)


STATISTICS = st.sampled_from(["pearson", "tau", "tau_w"])
anywhere = st.floats(-40, 40)
tenths = st.integers(-400, 400)


@settings(max_examples=60)
@given(st.lists(st.tuples(anywhere, anywhere), max_size=4), STATISTICS, st.sampled_from(["both", "truth"]))
def test_what_was_printed_honestly_never_differs(pairs: list[tuple[float, float]], name: str, weights: str) -> None:
    """Scores of one decimal, truths of none, a statistic of what they were before: rounding or ties must explain it."""
    x, y = np.array([(-40, 30), (40, -20), *pairs]).T
    texts = [f"{value:.1f}" for value in x], [f"{value:.0f}" for value in y]
    assume(tie_break_count(texts[0]) * tie_break_count(texts[1]) < 200)
    value = statistic(name, x, y, weights)
    (found,) = replay(published(*texts, printed(name, f"{value:.4f}"), weights=weights))
    assert found.status in ("exact", "within rounding", "tie order")


@settings(max_examples=60)
@given(
    st.lists(st.tuples(tenths, tenths), min_size=4, max_size=8, unique_by=(lambda pair: pair[0], lambda pair: pair[1])),
    STATISTICS,
)
def test_what_is_far_off_differs(pairs: list[tuple[int, int]], name: str) -> None:
    x, y = np.array(pairs).T / 10
    texts = [f"{value:.4f}" for value in x], [f"{value:.4f}" for value in y]
    value = statistic(name, x, y, weights="both")
    assert value is not None
    wrong = value - 0.1 if value > 0 else value + 0.1
    (found,) = replay(published(*texts, printed(name, f"{wrong:.4f}")))
    assert found.status == "differs"


def test_explanations_are_tried_and_not_believed() -> None:
    scores, truth = ["1.04", "1.01", "3.00", "4.00"], ["2", "1", "3", "4"]
    cells = printed("tau", "0.91"), printed("tau", "-1.00", dataset="other")
    reasons = (
        Explanation(decimals=1),
        Explanation(truth_of=DATASET, datasets=("other",)),
        Explanation(why="misprint", metrics=("another",)),
    )
    other = {(POOL, DATASET): column(truth), (POOL, "other"): column(["1", "2", "3", "4"])}
    both = {(POOL, name, METRIC): column(scores) for name in (DATASET, "other")}
    first, second = replay(published(scores, truth, *cells, truth=other, scores=both, explanations=reasons))
    assert (first.status, first.why) == ("within rounding", "follows from scores of 1 decimals")
    assert (second.status, second.why) == ("differs", "does not follow from the truth of dataset (1.0000)")


@pytest.mark.parametrize(("mean", "status"), [("0.45", "exact"), ("0.46", "within rounding"), ("0.52", "differs")])
def test_a_mean_is_held_against_its_row(mean: str, status: str) -> None:
    row = printed("tau", "0.4"), printed("tau", "0.5", dataset="other"), printed("tau", mean, dataset="mean")
    assert replay(published(["1", "2"], ["1", "2"], *row))[2].status == status


def test_a_constant_score_is_not_computable() -> None:
    (found,) = replay(published(["1", "1"], ["1", "2"], printed("tau", "0.1")))
    assert (found.status, found.recomputed) == ("not computable", None)


def test_too_many_ties_are_admitted() -> None:
    scores, truth = ["1"] * 9 + ["2"], [str(place) for place in range(10)]
    (found,) = replay(published(scores, truth, printed("tau", "0.999")))
    assert (found.status, found.why) == ("differs", "too many ties to try all their orders")


def test_a_time_without_a_printed_speedup_has_no_verdict() -> None:
    times = Time("here", "fine-tune", "100", "1", "x"), Time("here", "features", "5", "", "x")
    empty: Published = published(["1"], ["1"], times=times)
    assert replay(empty) == []
