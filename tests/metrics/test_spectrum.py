"""Spectra rebuild the matrix that they decompose, whichever side is smaller."""

from __future__ import annotations

import numpy as np
import pytest
from evidenced import evidence_of
from hypothesis import given, settings
from hypothesis import strategies as st

SEEDS = st.integers(0, 2**32 - 1)
QUIET = settings(max_examples=40)


def spectrum(features):
    return evidence_of(features=features, labels=np.zeros(len(features), dtype=np.int64))["spectrum"]


def gram_spectrum(features):
    return evidence_of(features=features, labels=np.zeros(len(features), dtype=np.int64))["gram_spectrum"]


def problem(seed):
    """Features (N, D), N below or above D."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=rng.integers(1, 30, size=2)) + rng.normal()


@QUIET
@given(seed=SEEDS)
def test_rebuild_the_scatter_and_the_gram(seed):
    features = problem(seed)
    centred = features - features.mean(axis=0)
    for found, matrix in (
        (spectrum(features), centred.T @ centred),
        (gram_spectrum(features), features.T @ features),
    ):
        smaller = min(features.shape)
        assert found.values.shape == (smaller,)
        assert found.vectors.shape == (features.shape[1], smaller)
        assert (found.values >= 0).all()
        assert (np.diff(found.values) <= 0).all()
        np.testing.assert_allclose(found.vectors * found.values @ found.vectors.T, matrix, atol=1e-8)


@QUIET
@given(seed=SEEDS)
def test_vectors_are_orthonormal_or_zero_where_rows_are_too_few(seed):
    features = problem(seed)
    samples, dims = features.shape
    products = spectrum(features).vectors.T @ spectrum(features).vectors
    rank = min(samples - 1, dims)  # the mean takes one away
    expected = np.eye(len(products))
    if samples < dims:
        expected[rank:] = 0
    np.testing.assert_allclose(products, expected, atol=1e-7)


def test_values_are_squared_singular_values():
    for shape in ((40, 7), (7, 40)):
        features = np.random.default_rng(0).normal(size=shape)
        np.testing.assert_allclose(gram_spectrum(features).values, np.linalg.svd(features)[1] ** 2)


def test_coinciding_rows_leave_null_values_without_vectors():
    features = np.tile(np.random.default_rng(1).normal(size=(5, 30)), (3, 1))
    found = spectrum(features)
    assert (found.values[4:] < 1e-12 * found.values[0]).all()
    assert not found.vectors[:, 4:].any()
    assert found.vectors[:, :4].any(axis=0).all()


@pytest.mark.parametrize("shape", [(9, 3), (3, 9)])
def test_constant_features_have_no_scatter(shape):
    found = spectrum(np.full(shape, 0.1))
    assert not found.values.any()
    assert np.isfinite(found.vectors).all()


def test_a_mean_far_from_zero_costs_no_digits():
    features = np.random.default_rng(2).integers(-8, 9, size=(40, 5)).astype(np.float64)
    np.testing.assert_allclose(spectrum(features + 2.0**40).values, spectrum(features).values, rtol=1e-12)


def test_float32_is_computed_in_float64_and_inputs_are_left_alone():
    features = problem(3).astype(np.float32)
    features.flags.writeable = False
    for decompose in (spectrum, gram_spectrum):
        found, expected = decompose(features), decompose(features.astype(np.float64))
        assert found.values.dtype == np.float64
        np.testing.assert_array_equal(found.values, expected.values)
