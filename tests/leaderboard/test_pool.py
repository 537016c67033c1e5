"""How metrics rank a pool: against the mean truth, over what they have, with nothing filled in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import fmean, stdev

import pytest

from tbench.leaderboard.column import by_candidate
from tbench.leaderboard.metrics import find_metrics
from tbench.leaderboard.pool import DRAWS, DRAWS_SEED, Line, Pool, make_pool
from tbench.leaderboard.truth import find_truths, mean_truths
from tbench.results import Record
from tbench.statistics import Mean, agreement, between_seeds, null_quantile

from .made import CANDIDATES, DATASETS, run, score, scores, truth

X = [0.9, 0.7, 0.5, 0.3]
Y = [0.4, 0.5, 0.8, 0.6]
TRUTH = [*truth("t/x", X), *truth("t/y", Y)]


def pool_of(records: Iterable[Record], candidates: Sequence[str] = CANDIDATES) -> Pool:
    records = list(records)
    of_metrics = [record for record in records if record.key.kind == "score"]
    metrics = find_metrics(of_metrics, ("random",))
    truths = find_truths(record for record in records if record.key.kind == "truth")
    return make_pool("all", candidates, DATASETS, metrics, by_candidate(of_metrics), truths, mean_truths(truths))


def line_of(pool: Pool, label: str) -> Line:
    return next(line for line in pool.lines if line.metric.label == label)


def test_a_metric_is_held_against_the_truth_of_each_dataset() -> None:
    pool = pool_of([*TRUTH, *scores("a", "t/x", [4, 3, 1, 2]), *scores("a", "t/y", [4, 3, 2, 1])])
    line = line_of(pool, "a")
    expected = [agreement([4, 3, 1, 2], X), agreement([4, 3, 2, 1], Y)]
    for dataset, one in zip(DATASETS, expected, strict=True):
        ranking = line.rankings[dataset]
        assert ranking.tau_w == pytest.approx(one.tau_w, abs=1e-12)
        told = [ranking.mean(name) for name in ("tau", "pearson", "spearman")]
        assert told == pytest.approx([one.tau, one.pearson, one.spearman], abs=1e-12)
        assert (ranking.ranked, ranking.total, ranking.sd, ranking.whole) == (CANDIDATES, 4, None, True)
    assert line.mean.value == pytest.approx(Mean.of([one.tau_w for one in expected]).value, abs=1e-12)
    assert (line.sd, line.whole) == (None, True)
    assert list(pool.truth) == list(DATASETS)


def test_each_seed_is_held_against_the_truth_averaged_over_seeds() -> None:
    other = [0.3, 0.8, 0.4, 0.6]
    first, second = [4, 3, 2, 1], [1, 4, 3, 2]
    records = [
        *truth("t/x", X, 0),
        *truth("t/x", other, 1),
        *scores("a", "t/x", first, 0),
        *scores("a", "t/x", second, 1),
    ]
    line = line_of(pool_of(records), "a")
    mean = [fmean(pair) for pair in zip(X, other, strict=True)]
    taus = [agreement(values, mean).tau_w for values in (first, second)]
    assert line.rankings["t/x"].tau_w == pytest.approx(fmean(taus))
    assert line.rankings["t/x"].sd == line.sd == pytest.approx(stdev(taus))
    assert line.rankings["t/x"].tau_w != pytest.approx(agreement(first, X).tau_w)


def test_only_candidates_with_a_truth_are_ranked() -> None:
    records = [*truth("t/x", [0.9, None, 0.5, 0.3]), *scores("a", "t/x", [3, 100, 2, 1])]
    ranking = line_of(pool_of(records), "a").rankings["t/x"]
    assert ranking.tau_w == pytest.approx(1)
    assert (ranking.ranked, ranking.total, ranking.whole) == (("m/a", "m/c", "m/d"), 3, True)


def test_a_gap_is_no_zero_and_makes_the_mean_incomparable() -> None:
    missing = score("a", "t/x", "m/a", None, status="inapplicable", reason="no head")
    records = [*TRUTH, *scores("a", "t/x", [None, 3, 2, 1]), missing, *scores("a", "t/y", [1, 2, 4, 3])]
    line = line_of(pool_of(records), "a")
    assert line.rankings["t/x"].tau_w == pytest.approx(1)
    assert line.rankings["t/x"].ranked == ("m/b", "m/c", "m/d")
    assert line.mean == Mean(pytest.approx(1), 2, 2)
    assert not line.rankings["t/x"].whole
    assert line.rankings["t/y"].whole
    assert not line.whole


def test_a_dataset_or_a_seed_without_any_score_is_a_gap() -> None:
    line = line_of(pool_of([*TRUTH, *scores("a", "t/x", [4, 3, 2, 1])]), "a")
    assert line.mean == Mean(pytest.approx(1), 1, 2)
    assert line.rankings["t/y"].ranked == ()
    assert not line.whole
    both = [*truth("t/x", X, 0), *truth("t/x", X, 1), *scores("a", "t/x", [4, 3, 2, 1], 0)]
    line = line_of(pool_of(both), "a")
    assert (len(line.rankings["t/x"].by_seed), line.rankings["t/x"].wanted, line.whole) == (1, 2, False)


def test_what_has_no_order_is_none_and_not_zero() -> None:
    line = line_of(pool_of([*TRUTH, *scores("a", "t/x", [1, 1, 1, 1]), *scores("a", "t/y", [1, 2, 4, 3])]), "a")
    assert line.rankings["t/x"].tau_w is None
    assert line.mean == Mean(pytest.approx(1), 1, 2)
    assert not line.whole


def test_datasets_whose_truth_has_no_order_are_not_ranked_at_all() -> None:
    records = [*truth("t/x", X), *truth("t/y", [0.5] * 4), *scores("a", "t/x", [4, 3, 2, 1]), *scores("a", "t/y", Y)]
    pool = pool_of(records)
    assert list(pool.truth) == ["t/x"]
    assert line_of(pool, "a").whole
    empty = pool_of(scores("a", "t/x", X))
    assert (empty.truth, empty.null, empty.ceiling, empty.oracle) == ({}, None, Mean(None, 0, 0), Mean(None, 0, 0))
    assert line_of(empty, "a").mean == Mean(None, 0, 0)


def test_chance_is_that_of_the_candidates_that_are_ranked() -> None:
    partial = [*scores("b", "t/x", [None, 3, 2, 1]), *scores("b", "t/y", [1, 2, 4, None])]
    pool = pool_of([*TRUTH, *scores("a", "t/x", X), *scores("a", "t/y", [-value for value in Y]), *partial])
    assert pool.null == line_of(pool, "a").null == null_quantile([X, Y], DRAWS, DRAWS_SEED)
    assert line_of(pool, "b").null == null_quantile([X[1:], Y[:3]], DRAWS, DRAWS_SEED)
    assert not line_of(pool, "a").beats_chance


def test_beating_chance() -> None:
    records = [*TRUTH, *scores("a", "t/x", X), *scores("a", "t/y", Y), *scores("b", "t/x", [1, 1, 1, 1])]
    pool = pool_of(records)
    assert line_of(pool, "a").beats_chance
    assert not line_of(pool, "b").beats_chance


def test_noise_ceiling_and_oracle() -> None:
    others = ([0.3, 0.8, 0.4, 0.6], [0.5, 0.4, 0.9, 0.1])
    records = [*TRUTH, *truth("t/x", others[0], 1), *truth("t/y", [*others[1][:3], None], 1)]
    pool = pool_of(records)
    assert pool.ceiling == Mean.of(between_seeds(pair).tau_w for pair in ([X, others[0]], [Y[:3], others[1][:3]]))
    x = [fmean(pair) for pair in zip(X, others[0], strict=True)]
    y = [*(fmean(pair) for pair in zip(Y[:3], others[1][:3], strict=True)), Y[3]]
    assert pool.oracle == Mean.of([agreement(y, x).tau_w, agreement(x, y).tau_w])
    assert pool_of(TRUTH).ceiling == Mean(None, 0, 2)
    assert pool_of(truth("t/x", X)).oracle == Mean(None, 0, 1)


def test_the_oracle_ranks_candidates_that_each_miss_another_dataset() -> None:
    """b is a tenth better than a wherever both are, c as much better than b, d than c; each dataset lacks another."""
    rest = {"t/x": [0.1, 0.2, 0.3, None], "t/y": [0.5, 0.6, None, 0.8], "t/z": [None, 0.4, 0.5, 0.6]}
    truths = find_truths(record for name, values in rest.items() for record in truth(name, values))
    pool = make_pool("all", CANDIDATES, (*rest,), (), {}, truths, mean_truths(truths))
    assert pool.oracle == Mean(pytest.approx(1), 3, 3)


def test_a_smaller_pool_is_ranked_on_its_own() -> None:
    records = [*TRUTH, *scores("a", "t/x", [1, 4, 3, 2]), *scores("a", "t/y", Y)]
    line = line_of(pool_of(records, CANDIDATES[1:]), "a")
    assert line.rankings["t/x"].tau_w == pytest.approx(1)
    assert line.rankings["t/x"].total == 3


def test_best_first_gaps_after_wholes_and_compositions_below_what_they_wrap() -> None:
    def both(label: str, x: Sequence[float | None], y: Sequence[float | None]) -> list[Record]:
        return [*scores(label, "t/x", x), *scores(label, "t/y", y)]

    good = ([4, 3, 2, 1], [1, 2, 4, 3])
    poor = ([3, 4, 2, 1], [2, 1, 4, 3])
    bad = ([1, 2, 3, 4], [4, 3, 1, 2])
    records = [
        *both("gap", [None, 3, 2, 1], good[1]),
        *both("bad", *bad),
        *both("bad+ped", *good),
        *both("bad+abc", *poor),
        *both("poor", *poor),
        *both("good", *good),
        *both("good+ped", *bad),
        *both("flat", [1, 1, 1, 1], [1, 1, 1, 1]),
        *both("alone+ped", *poor),
    ]
    labels = [line.metric.label for line in pool_of([*TRUTH, *records]).lines]
    assert labels == ["good", "good+ped", "alone+ped", "poor", "bad", "bad+ped", "bad+abc", "gap", "flat"]


def test_labels_and_what_they_wrap() -> None:
    records = [
        score("a", "t/x", "m/a", 1.0, spec="a:eps=1e-4"),
        score("a:eps=1e-4", "t/x", "m/b", None, spec="a:eps=1e-4", status="failed"),
        score("a+ped", "t/x", "m/a", 1.0, spec="a:eps=1e-4+ped:n=1"),
        score("b", "t/x", "m/a", 1.0, spec="b:x=1"),
        score("b", "t/x", "m/a", 1.0, spec="b:x=2"),
        score("random:n=2", "t/x", "m/a", 1.0, spec="random:n=2"),
        score("c:e=1e+2", "t/x", "m/a", 1.0, spec="c:e=1e+2,f=1"),
    ]
    found = {metric.label: metric for metric in find_metrics(records, ("random",))}
    assert list(found) == ["a", "a+ped", "b:x=1", "b:x=2", "c:e=1e+2", "random:n=2"]
    assert found["a"].spec == "a:eps=1e-4"
    assert {label: metric.wraps for label, metric in found.items() if metric.wraps} == {"a+ped": "a"}
    assert [label for label, metric in found.items() if metric.kind == "floor"] == ["random:n=2"]


def test_published_variants_and_what_they_vary() -> None:
    specs = {
        "a": "a:x=1",
        "a:as=new": "a:x=2",
        "a:as=old,z=3": "a:x=3",
        "a:as=old+ped:dt=1": "a:x=3+ped:dt=1",
        "a+ped:as=wide": "a:x=1+ped:dt=2",
        "a:y=as": "a:x=4",
        "knn:as=new": "knn:k=1",
    }
    records = [score(label, "t/x", "m/a", 1.0, spec=spec) for label, spec in specs.items()]
    found = {metric.label: metric for metric in find_metrics(records, ("knn",))}
    assert {label: (metric.follows, metric.default) for label, metric in found.items()} == {
        "a": ((), None),
        "a:as=new": (("new",), "a"),
        "a:as=old,z=3": (("old",), "a"),
        "a:as=old+ped:dt=1": (("old",), "a+ped:dt=1"),
        "a+ped:as=wide": (("wide",), "a+ped"),
        "a:y=as": ((), None),
        "knn:as=new": (("new",), "knn"),
    }
    assert [label for label, metric in found.items() if metric.kind == "floor"] == ["knn:as=new"]


def test_two_presets_that_came_under_one_name_are_variants_still() -> None:
    records = [score("a:as=old", "t/x", "m/a", 1.0, spec=f"a:x={x}") for x in (2, 3)]
    assert [(metric.label, metric.default) for metric in find_metrics(records, ())] == [("a:x=2", "a"), ("a:x=3", "a")]


def test_variants_stand_apart() -> None:
    records = [*TRUTH, *scores("a", "t/x", X), *scores("a:as=old", "t/x", X, spec="a:x=2"), *scores("b:as=c", "t/x", Y)]
    pool = pool_of(records)
    assert [line.metric.label for line in pool.lines] == ["a"]
    assert [line.metric.label for line in pool.variants] == ["a:as=old", "b:as=c"]
    assert pool.block("metric") == pool.lines


def test_a_ranking_is_saturated_where_a_score_behind_it_is() -> None:
    why = ["too few"]
    records = [
        *truth("t/x", [*X[:3], None]),
        *truth("t/y", Y),
        *scores("a", "t/x", [3, 2, 1, None]),
        score("a", "t/x", "m/d", 4, saturated=why),
        *scores("a", "t/y", [4, 3, 2, None], saturated=[]),
        score("a", "t/y", "m/d", 1, saturated=why),
    ]
    line = line_of(pool_of(records), "a")
    assert [ranking.saturated for ranking in line.rankings.values()] == [False, True]
    assert line.saturated
    assert not line_of(pool_of(records, CANDIDATES[:3]), "a").saturated


def test_means_over_the_same_scores_have_the_same_basis() -> None:
    gap = [*scores("b", "t/x", [None, 3, 2, 1]), *scores("b", "t/y", Y)]
    flat = [*scores("c", "t/x", [1, 1, 1, 1]), *scores("c", "t/y", Y)]
    same = [*scores("d", "t/x", Y), *scores("d", "t/y", X)]
    pool = pool_of([*TRUTH, *scores("a", "t/x", X), *scores("a", "t/y", Y), *gap, *flat, *same])
    ours = line_of(pool, "a").basis
    assert {line.metric.label for line in pool.lines if line.basis == ours} == {"a", "d"}
    assert ours["t/x"] == {(0, name) for name in CANDIDATES}


def test_a_candidate_that_was_fine_tuned_with_fewer_seeds_is_ranked_by_what_there_is() -> None:
    records = [run("t/x", "m/a", 0.9, 0), run("t/x", "m/a", 0.7, 1), run("t/x", "m/b", 0.6, 0)]
    assert pool_of(records).truth == {"t/x": {"m/a": pytest.approx(0.8), "m/b": 0.6}}
