"""A Gram held by its smaller side answers as the whole matrix would, on every device."""

from __future__ import annotations

import numpy as np
import pytest
from evidenced import evidence_of
from hypothesis import given, settings
from hypothesis import strategies as st

import tbench
from tbench.api import UsageError
from tbench.evidence.algebra import Lapack, Torch, algebra
from tbench_metrics.logme import logme

SEEDS = st.integers(0, 2**32 - 1)
QUIET = settings(max_examples=40)
DEVICES = st.sampled_from([Lapack(), Torch("cpu")])


def rows_of(seed):
    """X (N, D), N below or above D."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=rng.integers(1, 25, size=2))


@QUIET
@given(seed=SEEDS, algebra=DEVICES)
def test_answers_as_the_matrix(seed, algebra):
    rows = rows_of(seed)
    dims, rng = rows.shape[1], np.random.default_rng(seed)
    gram, matrix = algebra.gram(rows), rows.T @ rows
    assert gram.side.shape == (min(rows.shape),) * 2
    assert gram.trace == pytest.approx(np.trace(matrix))
    assert gram.squares == pytest.approx((matrix**2).sum())
    right = rng.normal(size=(dims, 3))
    np.testing.assert_allclose(gram.times(right), matrix @ right, atol=1e-9)
    np.testing.assert_allclose(gram.times(right[:, 0]), matrix @ right[:, 0], atol=1e-9)
    np.testing.assert_allclose(gram.solve(right, 0.3), np.linalg.solve(matrix + 0.3 * np.eye(dims), right), atol=1e-9)
    expected = np.linalg.slogdet(np.eye(dims) + matrix / 0.3)[1]
    assert gram.log_determinant(0.3) == pytest.approx(expected, abs=1e-9)
    values = np.linalg.eigvalsh(matrix)[::-1][: min(rows.shape)]
    np.testing.assert_allclose(gram.eigenvalues(), values, atol=1e-9)
    spectrum = gram.spectrum()
    np.testing.assert_allclose(spectrum.values, values, atol=1e-9)
    np.testing.assert_allclose(spectrum.vectors * spectrum.values @ spectrum.vectors.T, matrix, atol=1e-8)


@QUIET
@given(seed=SEEDS)
def test_a_slight_shift_costs_few_digits_where_rows_are_few(seed):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(rng.integers(2, 6), 12))
    within = rows.T @ rng.normal(size=(len(rows), 2))  # in the span of the rows, where the shift hardly counts
    solved = Lapack().gram(rows).solve(within, 1e-9)
    np.testing.assert_allclose(rows.T @ (rows @ solved) + 1e-9 * solved, within, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("shape", [(3, 7), (7, 3)])
@pytest.mark.parametrize("algebra", [Lapack(), Torch("cpu")])
def test_what_is_not_definite_is_told(algebra, shape):
    gram = algebra.gram(np.zeros(shape))
    with pytest.raises(np.linalg.LinAlgError):
        gram.solve(np.eye(shape[1]), 0.0)


def test_read_only_rows_are_welcome_on_every_device():
    rows = rows_of(1)
    rows.flags.writeable = False
    for device in (Lapack(), Torch("cpu")):
        assert device.gram(rows).trace == pytest.approx((rows**2).sum())
        assert device.gram(rows.astype(np.float32)).side.dtype == np.float64


@pytest.mark.parametrize("device", ["abacus", "cuda:99"])
def test_a_device_that_is_not_there_is_told(device):
    with pytest.raises(UsageError, match=f"device '{device}' cannot be used"):
        algebra(device)


@pytest.mark.parametrize("shape", [(80, 12), (30, 50)])
def test_moments_and_spectra_of_torch_are_those_of_the_cpu(shape):
    rng = np.random.default_rng(0)
    labels = np.arange(shape[0]) % 4
    features = rng.normal(size=shape) + rng.normal(size=(4, shape[1]))[labels]
    here = evidence_of(features=features, labels=labels)
    there = evidence_of(features=features, labels=labels, algebra=Torch("cpu"))
    for name in ("spectrum", "gram_spectrum"):
        np.testing.assert_allclose(here[name].values, there[name].values, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(here["moments"].within.side, there["moments"].within.side, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(here["discriminant"].directions, there["discriminant"].directions, rtol=1e-8, atol=1e-6)
    scores = [logme(features, labels, graph["groups"], graph["gram_spectrum"]).value for graph in (here, there)]
    assert scores[0] == pytest.approx(scores[1], rel=1e-8)


@pytest.mark.filterwarnings("ignore::tbench.api.ScoreWarning")
@pytest.mark.parametrize(
    "spec",
    [
        *("hscore", "hscore-shrunk", "lda", "lfc", "lfc:kernel=cosine", "linear-probe", "logme", "logme:method=icml"),
        *("sfda", "transrate", "transrate:form=unit", "transrate:form=projected", "gbc", "parc", "sfda+ped"),
    ],
)
@pytest.mark.parametrize("shape", [(80, 12), (30, 50)])
def test_scores_by_torch_are_those_of_the_cpu(spec, shape):
    rng = np.random.default_rng(1)
    labels = np.arange(shape[0]) % 4
    features = rng.normal(size=shape) + rng.normal(size=(4, shape[1]))[labels]
    given = {"features": features, "labels": labels, "reference_features": rng.normal(size=(60, shape[1]))}
    here, there = tbench.score(spec, **given), tbench.score(spec, **given, algebra=Torch("cpu"))
    assert there == pytest.approx(here, rel=1e-8)
