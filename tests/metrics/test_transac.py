"""TranSAC: the numbers of its authors' code, and the log-determinant that its series stands for."""

from __future__ import annotations

import numpy as np
import pytest
from beyond import arrays, cases
from hypothesis import given, settings
from hypothesis import strategies as st

import tbench
from tbench.api import Inapplicable, SaturationWarning, UsageError
from tbench.evidence.algebra import algebra
from tbench_metrics.transac import transac

SEEDS = st.integers(0, 2**32 - 1)


def problem(seed, wide=False):
    rng = np.random.default_rng(seed)
    samples, dims = (rng.integers(5, 12), rng.integers(15, 25)) if wide else (rng.integers(20, 40), rng.integers(2, 9))
    return rng.normal(size=(samples, dims)) + 5, rng.dirichlet(np.full(6, 0.3), samples)


def score(features, said, **wish):
    return transac(features, said, algebra("cpu"), **wish)


def scaled_gram(features, eps):
    rows = features - features.mean(axis=0)
    samples, dims = rows.shape
    return dims / (samples * eps**2) * rows @ rows.T


@pytest.mark.filterwarnings("ignore::tbench.api.SaturationWarning")
@pytest.mark.parametrize("case", cases("transac"), ids=lambda case: case["id"])
def test_agrees_term_by_term_with_the_authors_code(case):
    given_, expected = arrays(case), case["expected"]
    found = score(given_["features"], given_["source_probs"], **case["params"])
    tolerance = {"rel": case["tolerance"]["rtol"], "abs": case["tolerance"]["atol"]}
    sources = given_["source_probs"].shape[1]
    assert found.terms["coding"] == pytest.approx(expected["continuous_entropy_of_centred_features"], **tolerance)
    assert found.terms["undecided"] * sources == pytest.approx(expected["sum_prediction_entropy"], **tolerance)
    assert found.value == pytest.approx(expected["transac_documented_formula"], **tolerance)


@settings(max_examples=30)
@given(seed=SEEDS, wide=st.booleans(), order=st.sampled_from([1, 3, 5]))
def test_equals_the_definition(seed, wide, order):
    features, said = problem(seed, wide)
    gram = scaled_gram(features, 30.0)
    series = sum((-1) ** (k + 1) * np.trace(np.linalg.matrix_power(gram, k)) / k for k in range(1, order + 1))
    half = sum(features.shape) / 2
    assert score(features, said, eps=30.0, order=order).terms["coding"] == pytest.approx(half * series)
    exact = np.linalg.slogdet(np.eye(len(gram)) + gram)[1]
    assert score(features, said, eps=30.0, order=None).terms["coding"] == pytest.approx(half * exact)
    assert score(features, said, eps=30.0, order=60).terms["coding"] == pytest.approx(half * exact, rel=1e-6)


@settings(max_examples=30)
@given(seed=SEEDS, wide=st.booleans())
def test_minds_neither_order_nor_origin_nor_rotation(seed, wide):
    features, said = problem(seed, wide)
    rng = np.random.default_rng(seed)
    value = score(features, said, eps=30.0).value
    rows, columns = rng.permutation(len(features)), rng.permutation(said.shape[1])
    rotation = np.linalg.qr(rng.normal(size=(features.shape[1],) * 2))[0]
    assert score(features[rows], said[rows], eps=30.0).value == pytest.approx(value)
    assert score(features + 1000, said[:, columns], eps=30.0).value == pytest.approx(value)
    assert score(features @ rotation, said, eps=30.0).value == pytest.approx(value)


def test_decided_heads_score_higher():
    features, said = problem(1)
    certain = np.eye(6)[said.argmax(axis=1)]
    found = [score(features, table, eps=30.0) for table in (np.full_like(said, 1 / 6), said, certain)]
    assert [one.value for one in found] == sorted(one.value for one in found)
    assert found[0].terms["undecided"] == pytest.approx(len(said) * np.log(6) / 6)
    assert found[2].terms["undecided"] == 0


def test_a_series_that_diverges_is_told():
    features, said = problem(2)
    with pytest.warns(SaturationWarning, match="the series diverges"):
        score(100 * features, said)
    assert np.isfinite(score(100 * features, said, order=None).value)
    with pytest.warns(SaturationWarning), pytest.raises(Inapplicable, match="overflows"):
        score(1e40 * features, said)


def test_edges():
    features, said = problem(3)
    value = tbench.score("transac:eps=30.0", features=features, source_probabilities=said)
    assert value == pytest.approx(score(features, said, eps=30.0).value)
    flat = score(np.full_like(features, 0.1), said)
    assert flat.terms["coding"] == pytest.approx(0, abs=1e-12)
    with pytest.raises(UsageError, match="must be above 0"):
        score(features, said, eps=0.0)
    with pytest.raises(UsageError, match="at least 1 or none"):
        score(features, said, order=0)
