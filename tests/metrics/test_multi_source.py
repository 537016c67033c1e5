"""The multi-source score is the expected error of the best mixture, and its weights say which source it needs."""

from __future__ import annotations

import numpy as np
import pytest
from evidenced import called
from hypothesis import given, settings
from hypothesis import strategies as st
from source_aware import oracle

import tbench
from tbench.api import EvidenceError, Inapplicable, SaturationWarning, UsageError
from tbench_metrics.multi_source import best_weights, multi_source, quadratic_form

SEEDS = st.integers(0, 2**32 - 1)
QUIET = settings(max_examples=30)
LETTERS = 5


def corners(letters):
    """Features that are letters: far apart, one point each."""
    return 10 * np.eye(LETTERS)[letters]


def problem(seed, target=60, sources=(80, 50)):
    """Features of which each sample is one of five letters, of a target and of several sources, and classes."""
    rng = np.random.default_rng(seed)
    letters = np.concatenate([np.arange(LETTERS), rng.choice(LETTERS, size=target, p=rng.dirichlet(np.ones(LETTERS)))])
    drawn = [rng.choice(LETTERS, size=size, p=rng.dirichlet(np.ones(LETTERS))) for size in sources]
    theirs = np.concatenate(drawn)
    return {
        "features": corners(letters),
        "labels": np.arange(len(letters)) % 2,
        "source_features": corners(theirs),
        "source_labels": np.arange(len(theirs)) % 2,
        "source_members": np.repeat(np.arange(len(sources)), sources),
    }


def found(evidence, **settings):
    return called(multi_source, settings, **evidence)


def least(form):
    """The smallest a' form a with a >= 0, sum 1, by trying every set of weights that are not zero."""
    values = []
    for mask in range(1, 2 ** len(form)):
        kept = np.flatnonzero([mask >> place & 1 for place in range(len(form))])
        weights = np.linalg.solve(form[np.ix_(kept, kept)], np.ones(len(kept)))
        if (weights >= 0).all():
            values.append(1 / weights.sum())
    return min(values)


@pytest.mark.parametrize("case", ["multi_source_chi2_a", "multi_source_chi2_b"])
def test_agrees_with_the_derivation_term_by_term(case):
    arrays, document = oracle(case)
    expected, near = document["expected"], {"rel": 1e-8, "abs": 1e-10}
    target, sources = arrays["p_target"], arrays["p_sources"]
    counts = arrays["n_samples_target_then_sources"]
    gram, complexity = quadratic_form(target, sources)
    form = gram + np.diag(complexity / counts)
    assert gram == pytest.approx(np.array(expected["chi2_gram"]), **near)
    assert complexity == pytest.approx(np.array(expected["complexity"]), **near)
    assert form == pytest.approx(np.array(expected["quadratic_form"]), **near)
    weights = best_weights(form)
    assert weights == pytest.approx(np.array(expected["weights_on_simplex"]), **near)
    assert weights @ form @ weights == pytest.approx(expected["expected_error_on_simplex"], **near)
    uniform = np.full(len(form), 1 / len(form))
    assert uniform @ form @ uniform == pytest.approx(expected["uniform_expected_error"], **near)
    for source, single in enumerate(expected["single_source"], start=1):
        pair = form[np.ix_([0, source], [0, source])]
        both = best_weights(pair)
        assert gram[source, source] == pytest.approx(single["chi2_to_target"], **near)
        assert both[0] == pytest.approx(single["weight_of_target"], **near)
        assert both @ pair @ both == pytest.approx(single["expected_error"], **near)
        assert form[0, 0] == pytest.approx(single["error_without_source"], **near)


@QUIET
@given(seed=SEEDS)
def test_weights_are_the_best_on_the_simplex(seed):
    rng = np.random.default_rng(seed)
    size = rng.integers(1, 6)
    half = rng.normal(size=(size, size)) + rng.normal()  # correlated, so that some weights are zero
    form = half @ half.T + 0.05 * np.eye(size)
    weights = best_weights(form)
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(1)
    assert weights @ form @ weights == pytest.approx(least(form), rel=1e-9)


@QUIET
@given(seed=SEEDS)
def test_equals_the_definition_on_features_that_are_letters(seed):
    evidence = problem(seed)
    tables = [np.bincount(evidence["features"].argmax(axis=1), minlength=LETTERS)]
    theirs = evidence["source_features"].argmax(axis=1)
    tables += [np.bincount(theirs[evidence["source_members"] == source], minlength=LETTERS) for source in range(2)]
    shares = np.array([(counts + 0.5) / (counts.sum() + LETTERS / 2) for counts in tables])
    form = np.zeros((3, 3))
    for i in range(3):
        for j in range(3):
            form[i, j] = ((shares[i] - shares[0]) * (shares[j] - shares[0]) / shares[0]).sum()
        form[i, i] += (shares[i] * (1 - shares[i]) / shares[0]).sum() / tables[i].sum()
    score = found(evidence, members=True)
    assert score.value == pytest.approx(-least(form))
    assert score.terms["chi2 0"] == pytest.approx(((shares[1] - shares[0]) ** 2 / shares[0]).sum())
    assert score.terms["target weight"] + score.terms["weight 0"] + score.terms["weight 1"] == pytest.approx(1)
    assert score.terms["converged"] == 1


@QUIET
@given(seed=SEEDS)
def test_a_set_is_worth_more_than_the_target_alone_and_than_each_of_its_sources(seed):
    evidence = problem(seed)
    both = found(evidence, members=True).value
    alone = (LETTERS - 1) / len(evidence["features"])  # the weight 1 on the target
    assert -alone - 1e-12 <= both <= 0
    for source in range(2):
        kept = evidence["source_members"] == source
        part = {name: evidence[name][kept] if name.startswith("source") else evidence[name] for name in evidence}
        assert found(part).value <= both + 1e-12


def test_a_source_like_the_target_is_weighed_by_its_size_and_a_distant_one_by_nothing():
    rng = np.random.default_rng(0)
    letters = rng.choice(LETTERS, size=100)
    near = {"features": corners(letters), "source_features": corners(np.tile(letters, 3))}
    score = tbench.score("multi-source", **near)
    expected = multi_source(near["features"], None, near["source_features"], None, None, 0)
    assert score == expected.value
    assert expected.terms["chi2 0"] < 1e-3
    assert expected.terms["weight 0"] == pytest.approx(0.75, abs=0.01)
    far = {"features": corners(np.append(letters % 4, 4)), "source_features": corners(np.full(300, 4))}
    assert tbench.score("multi-source", **far) < score


def test_the_joint_alphabet_sees_classes():
    rng = np.random.default_rng(1)
    letters = rng.choice(LETTERS, size=200)
    labels = rng.integers(2, size=200)
    same = {"features": corners(letters), "source_features": corners(letters), "labels": labels}
    agree, differ = same | {"source_labels": labels}, same | {"source_labels": letters % 2}
    assert tbench.score("multi-source", **agree) == tbench.score("multi-source", **differ)
    assert tbench.score("multi-source:alphabet=joint", **agree) > tbench.score("multi-source:alphabet=joint", **differ)
    with pytest.raises(Inapplicable, match="the target has 2 classes and the source 3"):
        tbench.score("multi-source:alphabet=joint", **same | {"source_labels": letters % 3})


def test_what_is_not_asked_for_is_spared():
    told = {"alphabet": "cells", "members": False}
    assert list(multi_source.spares(told)) == ["labels", "source_labels", "source_members"]
    assert list(multi_source.spares({"alphabet": "joint", "members": True})) == []


def test_the_seed_decides_and_the_number_of_cells_is_bounded_by_the_samples():
    rng = np.random.default_rng(2)
    given = {"features": rng.normal(size=(80, 4)), "source_features": rng.normal(size=(90, 4))}
    assert tbench.score("multi-source", seed=1, **given) == tbench.score("multi-source", seed=1, **given)
    assert tbench.score("multi-source", seed=1, **given) != tbench.score("multi-source", seed=2, **given)
    few = given | {"features": given["features"][:3]}
    assert tbench.score("multi-source", **few) == pytest.approx(tbench.score("multi-source:cells=3", **few), abs=1e-12)
    large = tbench.score("multi-source", seed=2**40 + 1, **given)
    assert large == tbench.score("multi-source", seed=1, **given)


def test_a_k_means_that_has_not_settled_is_told(monkeypatch):
    class Hurried:
        def __init__(self, *settings, **more):
            self.max_iter = self.n_iter_ = 1

        def fit(self, rows):
            self.cluster_centers_ = rows[:2]
            self.labels_ = self.predict(rows)
            return self

        def predict(self, rows):
            return (rows[:, 0] > rows[:, 0].mean()).astype(int)

    monkeypatch.setattr("tbench_metrics.multi_source.KMeans", Hurried)
    with pytest.warns(SaturationWarning, match="the k-means did not settle"):
        assert found(problem(3)).terms["converged"] == 0


def test_edges():
    evidence = problem(4)
    one_each = evidence | {"source_features": evidence["source_features"][:1], "source_labels": np.zeros(1, int)}
    assert np.isfinite(found(one_each | {"source_members": np.zeros(1, int)}, members=True).value)
    with pytest.raises(Inapplicable, match="same for all samples"):
        found(evidence | {"features": np.full_like(evidence["features"], 0.1)})
    with pytest.raises(UsageError, match="cells or joint"):
        found(evidence, alphabet="pixels")
    with pytest.raises(UsageError, match="cells must be at least 2"):
        found(evidence, cells=1)
    with pytest.raises(EvidenceError, match="columns: features 5, source_features 4"):
        found(evidence | {"source_features": evidence["source_features"][:, :4]})
    with pytest.raises(EvidenceError, match="different lengths: source_features"):
        found(evidence | {"source_members": evidence["source_members"][:-1]}, members=True)
    evidence["source_features"][0, 0] = np.nan
    with pytest.raises(EvidenceError, match="source_features: 1 values are NaN"):
        found(evidence)
