"""PACTran: the numbers of its authors' code, bounds that follow from closed forms, and an optimum that is one."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from beyond import arrays, cases
from evidenced import called
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import betaln, digamma, gammaln

import tbench
from tbench.api import Inapplicable, SaturationWarning, UsageError
from tbench_metrics.pactran import dirichlet, gamma, gauss

pytestmark = pytest.mark.filterwarnings("ignore::tbench.api.SaturationWarning")
SEEDS = st.integers(0, 2**32 - 1)
QUIET = settings(max_examples=30)
CASES = cases("pactran")
OF_SOURCE = {"dirichlet": ("pac_dir", dirichlet), "gamma": ("pac_gamma", gamma)}


def of_kind(*kinds):
    return [pytest.param(case, id=case["id"]) for case in CASES if case["id"].partition("_")[0] in kinds]


def agrees(case, name, value):
    return value == pytest.approx(case["expected"][name], rel=case["tolerance"]["rtol"], abs=case["tolerance"]["atol"])


def problem(seed):
    """Source probabilities (N, S) and labels (N,) in which every class occurs."""
    rng = np.random.default_rng(seed)
    classes, sources = rng.integers(2, 6), rng.integers(2, 9)
    labels = rng.permutation(np.concatenate([np.arange(classes), rng.integers(classes, size=rng.integers(1, 40))]))
    return rng.dirichlet(np.full(sources, 0.3), len(labels)), labels


def groups(seed, samples=40, columns=4, classes=3):
    rng = np.random.default_rng(seed)
    labels = np.arange(samples) % classes
    return rng.normal(size=(samples, columns)) + rng.normal(size=(classes, columns))[labels], labels


@pytest.mark.parametrize("case", of_kind("dirichlet", "gamma"))
def test_agrees_with_the_authors_code(case):
    name, function = OF_SOURCE[case["id"].partition("_")[0]]
    given_ = arrays(case)
    score = function(given_["source_probs"], given_["labels"], alpha=case["params"]["alpha"])
    assert agrees(case, name, -score.value)


@pytest.mark.parametrize("case", of_kind("gauss"))
def test_the_gaussian_agrees_term_by_term_with_the_authors_code(case):
    prior, weights = case["params"]["lda_factor"], case["params"]["s2_factors"]
    for name, weight in zip(("pac_gauss_first", "pac_gauss_second"), weights, strict=True):
        score = called(gauss, {"prior": prior, "weight": weight / prior}, **arrays(case))
        assert agrees(case, name, -score.value)
        assert agrees(case, "pac_opt", score.terms["optimum"])
        assert score.value == -score.terms["optimum"] - score.terms["flatness"]
        assert score.terms["converged"] == 1


@pytest.mark.parametrize("case", of_kind("leep", "nce"))
def test_its_leep_and_nce_are_those_of_tbench(case):
    given_ = arrays(case)
    evidence = {"source_probabilities": given_["source_probs"], "labels": given_["labels"]}
    if "leep" in case["expected"]:
        assert agrees(case, "leep", -tbench.score("leep", **evidence))
    else:
        assert agrees(case, "nce", tbench.score("nce:as=pactran", **evidence))


@QUIET
@given(seed=SEEDS, alpha=st.sampled_from([0.1, 1.0, 10.0]))
def test_a_certain_head_has_the_marginal_likelihood_in_closed_form(seed, alpha):
    """Then nothing is left to find: the bound is that of counts in a Dirichlet-multinomial."""
    rng = np.random.default_rng(seed)
    sources = np.concatenate([np.arange(4), rng.integers(4, size=30)])
    labels = np.concatenate([np.arange(2), rng.integers(2, size=32)])
    first, counts = alpha * np.bincount(labels) / 34, np.zeros((2, 4))
    np.add.at(counts, (labels, sources), 1)
    evidence = (betaln(*(first[:, None] + counts)) - betaln(*first)).sum()
    assert dirichlet(np.eye(4)[sources], labels, alpha=alpha).value == pytest.approx(evidence / (34 * 2), rel=1e-6)
    mass = first[:, None] + counts
    cost = 4 * gammaln(first).sum() - gammaln(mass).sum() + np.log(mass.sum(axis=0)[sources]).sum() - 34
    assert gamma(np.eye(4)[sources], labels, alpha=alpha).value == pytest.approx(-cost / (34 * 2) - 1, rel=1e-6)


@settings(max_examples=8)
@given(seed=SEEDS)
def test_where_the_dirichlet_comes_to_rest_is_the_bound_of_its_definition(seed):
    """Coordinate ascent, written down with both of its halves; none lowers the bound."""
    said, labels = problem(seed)
    classes = labels.max() + 1
    prior = np.bincount(labels)[:, None] / len(labels)
    own = np.eye(classes)[labels]

    def bound(q):
        mass = prior + own.T @ q
        evidence = gammaln(mass).sum(axis=0) - gammaln(mass.sum(axis=0)) - gammaln(prior).sum() + gammaln(1)
        return evidence.sum() - (q * np.log(q / said)).sum()

    q, bounds = said, []
    for _ in range(300):
        mass = prior + own.T @ q
        weights = said * np.exp(own @ digamma(mass) - digamma(mass.sum(axis=0)))
        q = weights / weights.sum(axis=1, keepdims=True)
        bounds.append(bound(np.maximum(q, 1e-300)))
    assert all(later >= earlier - 1e-6 for earlier, later in pairwise(bounds))
    score = dirichlet(said, labels, rounds=300)
    assert score.value == pytest.approx(bounds[-1] / (len(labels) * classes), rel=1e-3)
    assert score.value <= 0
    assert score.terms["converged"] == gamma(said, labels, rounds=300).terms["converged"] == 1


@QUIET
@given(seed=SEEDS, function=st.sampled_from([dirichlet, gamma]))
def test_order_and_names_and_source_classes_without_mass_do_not_matter(seed, function):
    said, labels = problem(seed)
    rng = np.random.default_rng(seed)
    value = pytest.approx(function(said, labels).value, rel=1e-6, abs=1e-8)
    rows, names, sources = (rng.permutation(n) for n in (len(labels), labels.max() + 1, said.shape[1]))
    assert function(said[rows], names[labels[rows]]).value == value
    assert function(said[:, sources], labels).value == value
    assert function(np.pad(said, ((0, 0), (0, 3))), labels).value == value


@pytest.mark.parametrize("function", [dirichlet, gamma])
def test_source_classes_that_tell_the_target_score_higher(function):
    labels = np.arange(60) % 3
    rng = np.random.default_rng(0)
    noise = rng.dirichlet(np.ones(5), 60)
    scores = [function((1 - share) * noise + share * np.eye(5)[labels], labels).value for share in (0, 0.4, 0.9)]
    assert scores[0] < scores[1] < scores[2]


def test_a_posterior_that_has_not_settled_is_told():
    labels = np.arange(120) % 5
    said = 0.5 * np.random.default_rng(0).dirichlet(np.ones(12), 120) + 0.5 * np.eye(12)[labels]
    for function in (dirichlet, gamma):
        with pytest.warns(SaturationWarning, match="had not settled in these rounds"):
            assert function(said, labels, rounds=3).terms["converged"] == 0


@settings(max_examples=8)
@given(seed=SEEDS, prior=st.sampled_from([0.1, 1.0, 10.0]), classes=st.sampled_from([2, 3]))
def test_the_gaussian_is_its_definition(seed, prior, classes):
    """Least loss by another solver, second derivatives by differentiation."""
    rows, labels = groups(seed, samples=24, columns=3, classes=classes)
    centred, own = torch.tensor(rows - rows.mean(axis=0)), torch.tensor(labels)
    samples, dims = rows.shape

    def loss(theta, *, whole=1.0):
        weights = theta.reshape(dims + 1, classes)
        losses = torch.nn.functional.cross_entropy(centred @ weights[:dims] + weights[dims], own, reduction="sum")
        return whole * losses / samples + (weights[:dims] ** 2).sum() / (2 * prior * samples)

    def with_slope(theta):
        point = torch.tensor(theta, requires_grad=True)
        value = loss(point)
        value.backward()
        return value.item(), point.grad.numpy()

    best = minimize(with_slope, np.zeros((dims + 1) * classes), jac=True, method="BFGS", options={"gtol": 1e-9})
    hessian = torch.autograd.functional.hessian(lambda theta: loss(theta, whole=samples), torch.tensor(best.x))
    entries = dims * classes
    sharp = np.log(float(hessian.diagonal().sum()) * prior * samples / entries)
    terms = called(gauss, {"prior": prior, "weight": 10.0}, features=rows, labels=labels).terms
    assert terms["optimum"] == pytest.approx(best.fun, rel=1e-6)
    assert terms["flatness"] == pytest.approx(10 * classes / (2 * samples) * sharp, rel=1e-4)


@settings(max_examples=8)
@given(seed=SEEDS, wide=st.booleans())
def test_the_gaussian_minds_neither_order_names_origin_nor_rotation(seed, wide):
    rows, labels = groups(seed, samples=21, columns=30 if wide else 4)
    rng = np.random.default_rng(seed)
    value = tbench.score("pactran-gauss", features=rows, labels=labels)
    order, names = rng.permutation(21), rng.permutation(3)
    rotation = np.linalg.qr(rng.normal(size=(rows.shape[1],) * 2))[0]
    for changed, own in ((rows[order], names[labels[order]]), (rows + 1000, labels), (rows @ rotation, labels)):
        assert tbench.score("pactran-gauss", features=changed, labels=own) == pytest.approx(value, rel=1e-4)


def test_separating_the_classes_lowers_what_the_head_loses():
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    noise, means = rng.normal(size=(60, 4)), rng.normal(size=(3, 4))
    found = [called(gauss, {}, features=noise + spread * means[labels], labels=labels) for spread in (0, 1, 3)]
    optima = [score.terms["optimum"] for score in found]
    assert optima[0] > optima[1] > optima[2] > 0


def test_edges():
    said, labels = problem(3)
    rows, own = groups(3)
    one = np.zeros_like(labels)
    assert dirichlet(said, one).value == pytest.approx(0, abs=1e-6)  # nothing to be told
    assert np.isfinite(gamma(said, one).value)
    with pytest.raises(Inapplicable, match="one class"):
        tbench.score("pactran-gauss", features=rows, labels=np.zeros(len(rows), dtype=int))
    for spec in ("pactran-dirichlet", "pactran-gamma"):
        evidence = {"source_probabilities": said, "labels": labels}
        assert tbench.score(spec, **evidence | {"labels": 7 * labels - 3}) == tbench.score(spec, **evidence)
        with pytest.raises(Inapplicable, match="one class per sample"):
            tbench.score(spec, **evidence | {"labels": said})
        for wrong in ("alpha=0.0", "rounds=1"):
            with pytest.raises(UsageError, match="must be above 0 and rounds"):
                tbench.score(f"{spec}:{wrong}", **evidence)
    for wrong in ("prior=0.0", "weight=-1.0"):
        with pytest.raises(UsageError, match="must be above 0 and weight"):
            tbench.score(f"pactran-gauss:{wrong}", features=rows, labels=own)


def test_a_head_that_did_not_converge_is_told(monkeypatch):
    monkeypatch.setattr("tbench_metrics.pactran.STEPS", 2)
    rows, labels = groups(4)
    with pytest.warns(SaturationWarning, match="did not converge in 2 steps"):
        assert called(gauss, {}, features=rows, labels=labels).terms["converged"] == 0
