"""ETran: the energies, classifiers and mixes of the authors' code; pools that change; candidates without a head."""

from __future__ import annotations

import numpy as np
import pytest
from beyond import arrays, cases
from evidenced import evidence_of
from hypothesis import given, settings
from hypothesis import strategies as st
from pooled import asking, stored

import tbench
from tbench.api import EvidenceError, Inapplicable, SaturationWarning, UsageError
from tbench.metric import Catalogue
from tbench.properties import Properties
from tbench_metrics.etran import etran

CASES = cases("etran")
SEEDS = st.integers(0, 2**32 - 1)
QUIET = settings(max_examples=30)


def near(case):
    return {"rel": case["tolerance"]["rtol"], "abs": case["tolerance"]["atol"]}


def ids(found):
    return [pytest.param(case, id=case["id"]) for case in found]


def pool(seed):
    """Energies (C, N) and probabilities (C,)."""
    rng = np.random.default_rng(seed)
    return rng.normal(3, 2, size=(rng.integers(3, 9), rng.integers(10, 60))), rng.uniform(size=20)


def score(energies, posteriors, place, spec="etran", **more):
    return tbench.score(spec, pool_energies=energies, pool_lda=posteriors, pool_place=place, **more)


def scored(energies, posteriors):
    return [etran(energies, None, posteriors, None, place).value for place in range(len(energies))]


@pytest.mark.parametrize("case", ids(case for case in CASES if "energy_score" in case["expected"]))
def test_energies_are_those_of_the_authors_code(case):
    (logits,) = arrays(case).values()
    found = evidence_of(source_logits=logits)["energies"]
    percent, tail = case["params"]["percent"], {"bot": "bottom", "top": "top"}[case["params"]["tail"]]
    expected = case["expected"]["energy_score"]
    two, posteriors = np.stack([found, found + 1]), np.array([0.2, 0.4])

    def energy():
        spec = f"etran:percent={percent},tail={tail}"
        return tbench.score(spec, terms=True, pool_energies=two, pool_lda=posteriors, pool_place=0)["energy"]

    if expected == "nan":
        with pytest.raises(Inapplicable, match="images is none; give a larger percent"):
            energy()
    else:
        assert energy() == pytest.approx(expected, **near(case))


@pytest.mark.parametrize("case", ids(case for case in CASES if "lda_score" in case["expected"]))
def test_what_the_authors_code_calls_lda_is_the_nearest_mean(case):
    found = evidence_of(**arrays(case))["nearest_mean_posterior"]
    assert found == pytest.approx(case["expected"]["lda_score"], **near(case))


def released_pool():
    (case,) = [case for case in CASES if case["id"] == "pool_combination"]
    labels, models = stored(case)
    energies = np.stack([evidence_of(source_logits=model["source_logits"])["energies"] for model in models])
    posteriors = [evidence_of(features=m["features"], labels=labels)["nearest_mean_posterior"] for m in models]
    return case, labels, models, energies, np.array(posteriors)


def test_the_mix_of_a_pool_is_that_of_the_authors_code():
    case, _, _, energies, posteriors = released_pool()
    percent = case["params"]["energy_percent"]
    for place in range(len(energies)):
        given = {"pool_energies": energies, "pool_nearest_mean": posteriors, "pool_place": place}
        spec = f"etran:classifier=nearest-mean,percent={percent}"
        terms = tbench.score(spec, terms=True, **given)
        assert terms["energy"] == pytest.approx(case["expected"]["energy"][place], **near(case))
        assert terms["classification"] == pytest.approx(case["expected"]["lda"][place], **near(case))
        assert terms["candidates"] == 6
        assert tbench.score(spec, **given) == pytest.approx(case["expected"]["etran"][place], **near(case))


def test_released_takes_energies_of_features_and_the_lowest_half_per_cent():
    rng = np.random.default_rng(0)
    labels = np.arange(400) % 4
    pool = [{"features": rng.normal(size=(400, width)) + rng.normal(size=(4, width))[labels]} for width in (5, 6, 7)]
    found = [
        Catalogue.installed().metric("etran:as=released").judge(asking([m | {"labels": labels} for m in pool], place))
        for place in range(3)
    ]
    lowest = [np.sort(np.log(np.exp(m["features"]).sum(axis=1)))[:2].mean() for m in pool]
    nearest = [tbench.score("nearest-mean", labels=labels, **m) for m in pool]
    energy, classes = ((np.array(part) - min(part)) / np.ptp(part) for part in (lowest, nearest))
    assert [verdict.value for verdict in found] == pytest.approx(0.15 * energy + 0.85 * classes)


def test_a_run_mixes_what_every_candidate_says_and_its_own_lda():
    _, labels, models, energies, _ = released_pool()
    candidates = [{"features": m["features"], "labels": labels, "source_logits": m["source_logits"]} for m in models]
    metric = Catalogue.installed().metric("etran")
    verdicts = [metric.judge(asking(candidates, place)) for place in range(6)]
    lda = [verdict.terms["classification"] for verdict in verdicts]
    with pytest.warns(SaturationWarning):
        assert lda == pytest.approx([tbench.score("lda", features=m["features"], labels=labels) for m in models])
    assert [verdict.value for verdict in verdicts] == pytest.approx(
        [score(energies, np.array(lda), k) for k in range(6)]
    )
    assert {"pool_of_energies", "pool_of_lda_posterior"} <= set(verdicts[0].evidence)


@QUIET
@given(seed=SEEDS)
def test_units_of_the_parts_do_not_matter_and_the_range_is_that_of_the_weights(seed):
    energies, posteriors = pool(seed)
    posteriors = posteriors[: len(energies)]
    found = scored(energies, posteriors)
    assert min(found) >= 0
    assert max(found) <= 1 + 1e-12
    assert scored(3 * energies - 7, posteriors / 2 + 1) == pytest.approx(found)
    order = np.random.default_rng(seed).permutation(len(energies))
    assert scored(energies[order], posteriors[order]) == pytest.approx([found[k] for k in order])


@QUIET
@given(seed=SEEDS)
def test_one_candidate_more_changes_the_scores_of_all_only_where_it_is_an_extreme(seed):
    energies, posteriors = pool(seed)
    posteriors = posteriors[: len(energies)]
    found = scored(energies, posteriors)
    middle = np.vstack([energies, energies.mean(axis=0)]), np.append(posteriors, posteriors.mean())
    assert scored(*middle)[:-1] == pytest.approx(found)
    best = np.vstack([energies, energies.max(axis=0) + 9]), np.append(posteriors, 5.0)
    *others, last = scored(*best)
    assert max(others) < 1
    assert last == pytest.approx(1)


@QUIET
@given(seed=SEEDS)
def test_who_has_no_head_is_left_out_and_the_others_are_scored_as_if_it_were_not_there(seed):
    energies, posteriors = pool(seed)
    posteriors = posteriors[: len(energies)]
    found = scored(energies, posteriors)
    headless = np.vstack([np.full((1, energies.shape[1]), np.nan), energies])
    known = np.append(9.0, posteriors)
    assert [etran(headless, None, known, None, place + 1).value for place in range(len(energies))] == found
    with pytest.raises(Inapplicable, match="has no energy or no classifier"):
        score(headless, known, 0)


def test_in_a_run_too():
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    bare = [{"features": rng.normal(size=(60, 5)), "labels": labels} for _ in range(4)]
    metric = Catalogue.installed().metric("etran")
    mixed = [bare[0], *(candidate | {"source_logits": rng.normal(size=(60, 4))} for candidate in bare[1:])]
    with pytest.raises(Inapplicable, match="has no energy"):
        metric.judge(asking(mixed, 0))
    verdict = metric.judge(asking(mixed, 1))
    assert verdict.terms["candidates"] == 3
    assert verdict.value == pytest.approx(metric.judge(asking(mixed[1:], 0)).value)
    with pytest.raises(
        Inapplicable, match="no candidate of the suite has any, such as candidate 0: candidate 0 gives no network"
    ):
        metric.judge(asking(bare, 1))


def test_a_part_in_which_all_agree_says_nothing():
    energies = np.random.default_rng(0).normal(size=(3, 30))
    with pytest.warns(SaturationWarning, match="agree in one of the parts"):
        assert score(energies, np.ones(3), int(energies.mean(axis=1).argmax())) == pytest.approx(0.15)
    with pytest.raises(Inapplicable, match="agree in them"):
        score(energies[[0, 0]], np.ones(2), 0)
    with pytest.raises(Inapplicable, match="agree in them"):
        score(energies[:1], np.ones(1), 0)


def test_what_makes_no_sense_is_told():
    energies, posteriors = np.random.default_rng(0).normal(size=(3, 30)), np.array([0.1, 0.2, 0.3])
    for spec in (
        "etran:energy=heat",
        "etran:classifier=svm",
        "etran:percent=0",
        "etran:percent=101",
        "etran:tail=left",
    ):
        with pytest.raises(UsageError, match="etran:"):
            score(energies, posteriors, 0, spec)
    for place in (3, -1, 0.5):
        with pytest.raises(EvidenceError, match="is no candidate of the pool, which has 3"):
            score(energies, posteriors, place)
    with pytest.raises(EvidenceError, match=r"of one pool; these are \(3, 30\) and \(2,\)"):
        score(energies, posteriors[:2], 0)
    with pytest.raises(EvidenceError, match="infinite"):
        score(energies, posteriors * np.inf, 0)
    with pytest.raises(Inapplicable, match="gives no pool_of_energies: what each candidate of the suite says"):
        tbench.score("etran", features=energies, labels=[0, 1, 0])
    with pytest.raises(UsageError, match="does not rest on features"):
        Catalogue.installed().metric("etran+ped")


def test_what_lies_behind_the_pool_tells_what_it_is_free_of():
    catalogue = Catalogue.installed()
    paper = Properties.of(catalogue.metric("etran"), catalogue.nodes)
    released = Properties.of(catalogue.metric("etran:as=released"), catalogue.nodes)
    assert {"pool", "source head", "target training", "candidate"} <= set(paper.touches)
    assert not {"source head", "target training"} & set(released.touches)
    assert "pool" in released.touches
