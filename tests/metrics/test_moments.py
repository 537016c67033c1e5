"""Moments are the class statistics that NumPy gives, also where rows are few, far away, or constant in a column."""

from __future__ import annotations

import numpy as np
import pytest
from evidenced import evidence_of
from hypothesis import given, settings
from hypothesis import strategies as st

from tbench.api import Inapplicable

SEEDS = st.integers(0, 2**32 - 1)
QUIET = settings(max_examples=40)


def moments(features, labels):
    return evidence_of(features=features, labels=labels)["moments"]


def matrix(gram, dims):
    """X^T X, column by column."""
    return gram.times(np.eye(dims))


def problem(seed):
    """Features (N, D), N below or above D, and labels (N,) in which every class occurs, some once only."""
    rng = np.random.default_rng(seed)
    classes, dims = rng.integers(1, 6), rng.integers(1, 20)
    labels = rng.permutation(np.concatenate([np.arange(classes), rng.integers(classes, size=rng.integers(0, 40))]))
    return rng.normal(size=(len(labels), dims)) + rng.normal(size=dims), labels


@QUIET
@given(seed=SEEDS)
def test_equal_the_definitions(seed):
    features, labels = problem(seed)
    dims = features.shape[1]
    found = moments(features, labels)
    groups = [features[labels == c] for c in range(labels.max() + 1)]
    assert found.samples == len(features)
    assert found.counts.tolist() == [len(group) for group in groups]
    np.testing.assert_allclose(found.mean, features.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(found.class_means, [group.mean(axis=0) for group in groups], atol=1e-12)
    np.testing.assert_allclose(found.offsets, found.class_means - found.mean)
    centred = features - features.mean(axis=0)
    within = sum((group - group.mean(axis=0)).T @ (group - group.mean(axis=0)) for group in groups)
    np.testing.assert_allclose(matrix(found.total, dims), centred.T @ centred, atol=1e-10)
    np.testing.assert_allclose(matrix(found.within, dims), within, atol=1e-10)
    assert found.total.side.shape == (min(features.shape),) * 2


@QUIET
@given(seed=SEEDS)
def test_classes_that_moved_as_bodies_need_no_new_gram(seed):
    features, labels = problem(seed)
    dims = features.shape[1]
    shift = np.random.default_rng(seed).normal(size=(labels.max() + 1, dims))
    found = moments(features, labels)
    moved, expected = found.moved(found.class_means + shift), moments(features + shift[labels], labels)
    assert moved.within is found.within
    np.testing.assert_allclose(moved.mean, expected.mean, atol=1e-12)
    np.testing.assert_allclose(matrix(moved.total, dims), matrix(expected.total, dims), atol=1e-9)
    np.testing.assert_allclose(moved.total.side.trace(), moved.total.trace)


@pytest.mark.parametrize("samples", [60, 4])
def test_a_mean_far_from_zero_costs_no_digits(samples):
    rng = np.random.default_rng(0)
    features = rng.integers(-8, 9, size=(samples, 5)).astype(np.float64)
    labels = np.arange(samples) % 3
    near, far = moments(features, labels), moments(features + 2.0**40, labels)
    np.testing.assert_allclose(far.total.side, near.total.side, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(far.within.side, near.within.side, rtol=1e-12, atol=1e-12)


def test_tight_classes_keep_their_scatter():
    rng = np.random.default_rng(1)
    labels = np.arange(60) % 3
    noise = rng.integers(-8, 9, size=(60, 4)) * 2.0**-20
    apart = 2.0**16 * rng.integers(-8, 9, size=(3, 4))
    expected = moments(noise, labels).within.side
    np.testing.assert_allclose(moments(apart[labels] + noise, labels).within.side, expected, rtol=1e-6, atol=1e-14)


def test_constant_columns_have_no_scatter_at_all():
    rng = np.random.default_rng(2)
    features, labels = np.pad(rng.normal(size=(30, 2)), ((0, 0), (0, 2)), constant_values=0.1), np.arange(30) % 4
    found = moments(features, labels)
    assert not found.total.side[2:].any()
    assert not found.within.side[2:].any()
    assert (found.class_means[:, 2:] == found.mean[2:]).all()


def test_float32_is_computed_in_float64():
    features, labels = problem(3)
    coarse = features.astype(np.float32)
    found, expected = moments(coarse, labels), moments(coarse.astype(np.float64), labels)
    assert found.total.side.dtype == np.float64
    np.testing.assert_array_equal(found.total.side, expected.total.side)


def test_a_class_alone_is_counted():
    found = moments(np.arange(6.0).reshape(3, 2), np.zeros(3, dtype=np.int64))
    assert found.counts.tolist() == [3]
    np.testing.assert_allclose(found.within.side, found.total.side)


@pytest.mark.parametrize("labels", [np.eye(3, dtype=np.int8), np.linspace(0, 1, 3)])
def test_need_one_class_per_sample_where_groups_do_not(labels):
    features = np.arange(12.0).reshape(3, 4)
    with pytest.raises(Inapplicable, match="one class per sample"):
        moments(features, labels)
    groups = evidence_of(features=features, labels=labels)["groups"]
    assert groups.counts.tolist() == [3]
    np.testing.assert_allclose(groups.class_means, features.mean(axis=0)[None])


def test_are_read_only_and_leave_inputs_alone():
    features, labels = problem(4)
    features.flags.writeable = labels.flags.writeable = False
    found = moments(features, labels)
    with pytest.raises(ValueError, match="read-only"):
        found.within.side[0, 0] = 1
    with pytest.raises(ValueError, match="read-only"):
        found.mean[0] = 1
