"""NCTI: the parts and mixes of the authors' code with two releases of scikit-learn; scikit-learn itself; pools."""

from __future__ import annotations

import json

import numpy as np
import pytest
from beyond import HERE, arrays, cases
from evidenced import evidence_of
from hypothesis import given, settings
from hypothesis import strategies as st
from pooled import asking, stored
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

import tbench
from tbench.api import EvidenceError, Inapplicable, SaturationWarning, UsageError
from tbench.metric import Catalogue
from tbench_metrics.ncti import ncti

CASES = {case["id"]: case for case in json.loads((HERE / "ncti.json").read_text())["cases"]}
PARTS = [case for case in cases("ncti") if "branch" in case["params"]]
NEAR = {"rel": 1e-9, "abs": 1e-12}  # the oracle's own tolerance is 1e-5
DIVISORS = {"samples": "expected", "freedom": "expected_scikit_learn_1_5_2"}
SEEDS = st.integers(0, 2**32 - 1)


def parts(**given):
    return evidence_of(**given)["ncti_parts"]


def scored(table, divide):
    pools = (table, None) if divide == "freedom" else (None, table)
    return [ncti(*pools, place, divide=divide).value for place in range(len(table))]


def problem(seed, scale=1.0):
    """Features (N, D) and labels (N,): overlapping classes that are far from equal in size."""
    rng = np.random.default_rng(seed)
    classes, samples, dims = rng.integers(2, 6), rng.integers(90, 140), rng.integers(66, 80)
    labels = np.minimum(rng.geometric(0.4, size=samples) - 1, classes - 1)
    labels[: 2 * classes] = np.repeat(np.arange(classes), 2)
    return scale * (rng.normal(size=(samples, dims)) + rng.normal(size=(classes, dims))[labels] + 5), labels


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in PARTS])
def test_parts_are_those_of_the_authors_code(case):
    by_freedom, by_samples = parts(**arrays(case))
    assert by_samples == pytest.approx(list(case["expected"].values()), **NEAR)
    assert by_freedom == pytest.approx(list(case["expected_scikit_learn_1_5_2"].values()), **NEAR)


@pytest.mark.parametrize("divide", DIVISORS)
def test_the_mix_of_a_pool_and_of_a_part_of_it_is_that_of_the_authors_code(divide):
    whole = CASES["pool_combination"]
    labels, models = stored(whole)
    row = {"freedom": 0, "samples": 1}[divide]
    table = np.stack([parts(features=model["features"], labels=labels)[row] for model in models])
    expected = whole[DIVISORS[divide]]
    assert table == pytest.approx(np.array(expected["components"]), **NEAR)
    assert scored(table, divide) == pytest.approx(expected["ncti"], **NEAR)
    some = CASES["pool_combination_subset_of_three"]
    assert scored(table[some["params"]["models"]], divide) == pytest.approx(some[DIVISORS[divide]]["ncti"], **NEAR)


@pytest.mark.parametrize("scale", [1.0, 0.25])
@settings(max_examples=10)
@given(seed=SEEDS)
def test_the_discriminant_is_that_of_scikit_learn(scale, seed):
    features, labels = problem(seed, scale)
    reduced = PCA(64, svd_solver="full").fit(features)
    shrinkage = np.exp(-reduced.explained_variance_[:32].sum())
    regularised = shrinkage > 1e-10
    solver = {"solver": "eigen", "shrinkage": shrinkage} if regularised else {"solver": "svd"}
    rows = reduced.transform(features)
    fitted = LinearDiscriminantAnalysis(**solver).fit(rows, labels)
    said = fitted.predict_proba(rows)
    low = fitted.transform(rows)
    found = parts(features=features, labels=labels)
    own = said[np.arange(len(labels)), labels].mean()
    classes = sum(np.linalg.norm(said[labels == c], ord="nuc") for c in range(labels.max() + 1))
    expected = [np.linalg.norm(low - low.mean(axis=0), ord="nuc"), own, np.log(classes)]
    ours = [row == pytest.approx(expected, rel=1e-7) for row in found]
    assert any(ours)  # which of the two is a matter of its release
    assert all(ours) == regularised


@settings(max_examples=10)
@given(seed=SEEDS)
def test_parts_mind_neither_order_nor_names_nor_origin_nor_axes(seed):
    features, labels = problem(seed)
    value = pytest.approx(parts(features=features, labels=labels), rel=1e-7)
    rng = np.random.default_rng(seed)
    rows, names = rng.permutation(len(labels)), rng.permutation(labels.max() + 1)
    turned = features @ np.linalg.qr(rng.normal(size=(features.shape[1],) * 2))[0]
    assert parts(features=features[rows], labels=labels[rows]) == value
    assert parts(features=features, labels=names[labels]) == value
    assert parts(features=turned + 3, labels=labels) == value
    assert parts(features=2 * features, labels=labels) == value  # without regularisation


def test_few_columns_few_samples_and_dead_columns_keep_all_directions():
    features, labels = problem(0)
    for few in (features[:, :5], features[:30], np.pad(features[:, :20], ((0, 0), (0, 60)))):
        found = parts(features=few, labels=labels[: len(few)])
        assert np.isfinite(found).all()
        assert (found[:, 1] <= 1).all()
    assert parts(features=np.pad(features[:, :20], ((0, 0), (0, 60))), labels=labels) == pytest.approx(
        parts(features=features[:, :20], labels=labels), rel=1e-9
    )


def test_where_there_is_no_discriminant():
    features, labels = problem(0)
    with pytest.raises(Inapplicable, match="one class"):
        parts(features=features, labels=np.zeros(len(labels), int))
    with pytest.raises(Inapplicable, match="no class has two different samples"):
        parts(features=np.ones_like(features), labels=labels)
    with pytest.raises(Inapplicable, match="one class per sample"):
        parts(features=features, labels=features[:, :2])


def test_a_run_scores_each_candidate_among_all_and_leaves_out_who_has_no_discriminant():
    features, labels = problem(0)
    columns = (features[:, :40], features[:, 20:], np.ones_like(features), features[:, :10])
    candidates = [{"features": each, "labels": labels} for each in columns]
    metric = Catalogue.installed().metric("ncti")
    with pytest.raises(Inapplicable, match="no linear discriminant"):
        metric.judge(asking(candidates, 2))
    table = np.stack([parts(**candidate)[0] for candidate in candidates if np.ptp(candidate["features"])])
    verdicts = [metric.judge(asking(candidates, place)) for place in (0, 1, 3)]
    assert [verdict.value for verdict in verdicts] == pytest.approx(scored(table, "freedom"))
    assert [verdict.terms["nuclear norm"] for verdict in verdicts] == pytest.approx(list(table[:, 0]))
    assert {verdict.terms["candidates"] for verdict in verdicts} == {3}
    assert "pool_of_ncti_parts" in verdicts[0].evidence


@settings(max_examples=30)
@given(seed=SEEDS)
def test_units_of_the_parts_do_not_matter_and_the_bounds_hold(seed):
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(rng.integers(2, 9), 3))
    found = scored(table, "freedom")
    assert min(found) >= -1 - 1e-12
    assert max(found) <= 2 + 1e-12
    assert scored(table * [2, 5, 0.1] + [1, -4, 9], "freedom") == pytest.approx(found)
    known = np.insert(table, 1, np.nan, axis=0)
    assert [ncti(known, None, place).value for place in range(len(known)) if place != 1] == found
    assert tbench.score("ncti", pool_ncti=known, pool_place=0) == found[0]


def test_what_makes_no_sense_is_told():
    table = np.random.default_rng(0).normal(size=(4, 3))
    with pytest.raises(UsageError, match="unknown divide 'both'"):
        tbench.score("ncti:divide=both", pool_ncti=table, pool_ncti_by_samples=table, pool_place=0)
    with pytest.raises(EvidenceError, match=r"these are \(4, 2\)"):
        tbench.score("ncti", pool_ncti=table[:, :2], pool_place=0)
    with pytest.raises(EvidenceError, match="is no candidate of the pool"):
        tbench.score("ncti", pool_ncti=table, pool_place=4)
    with pytest.raises(EvidenceError, match="infinite"):
        tbench.score("ncti", pool_ncti=table / 0.0 if False else np.where(table > 0, np.inf, table), pool_place=0)
    with pytest.raises(Inapplicable, match="agree in all three parts"):
        tbench.score("ncti", pool_ncti=np.ones((3, 3)), pool_place=0)
    table[:, 1] = 1
    with pytest.warns(SaturationWarning, match="agree in one of the parts"):
        assert np.isfinite(tbench.score("ncti", pool_ncti=table, pool_place=0))
