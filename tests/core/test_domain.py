"""Domain gap and variance within classes follow from their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg

from tbench.domain import Array, domain_gap, variance_within
from tbench.errors import TbenchError

SEEDS = st.integers(0, 2**32 - 1)
QUIET = settings(max_examples=30)


def clouds(seed: int) -> tuple[Array, Array]:
    """Of other sizes, sometimes smaller than they are wide."""
    rng = np.random.default_rng(seed)
    width = int(rng.integers(1, 9))
    one, other = (
        rng.normal(size=(int(rng.integers(2, 30)), width)) * rng.uniform(0.2, 3, size=width) for _ in range(2)
    )
    return one, other + rng.normal(size=width)


@QUIET
@given(seed=SEEDS)
def test_the_gap_is_the_frechet_distance(seed: int) -> None:
    source, target = clouds(seed)
    width = source.shape[1]
    one, other = (np.cov(rows, rowvar=False).reshape(width, width) for rows in (source, target))
    values, vectors = linalg.eigh(one)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    shared = np.sqrt(np.maximum(linalg.eigvalsh(root @ other @ root), 0)).sum()
    shift = source.mean(axis=0) - target.mean(axis=0)
    expected = shift @ shift + np.trace(one) + np.trace(other) - 2 * shared
    assert domain_gap(source, target) == pytest.approx(expected, rel=1e-5, abs=1e-5)  # the roots halve the digits


@QUIET
@given(seed=SEEDS)
def test_the_gap_is_symmetric_zero_to_itself_and_free_of_rotation(seed: int) -> None:
    source, target = clouds(seed)
    gap = domain_gap(source, target)
    turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(source.shape[1],) * 2))[0]
    assert domain_gap(target, source) == pytest.approx(gap)
    assert domain_gap(source @ turn, target @ turn) == pytest.approx(gap)
    assert domain_gap(3 * source, 3 * target) == pytest.approx(9 * gap)
    assert domain_gap(source, source[::-1]) == pytest.approx(0, abs=1e-9)
    assert domain_gap(source, source + 2) == pytest.approx(4 * source.shape[1])


@QUIET
@given(seed=SEEDS)
def test_variance_within_is_free_of_scale_origin_and_names(seed: int) -> None:
    rng = np.random.default_rng(seed)
    features, labels = rng.normal(size=(40, 3)), rng.permutation(np.arange(40) % 4)
    found = variance_within(features, labels)
    shares = [np.trace(np.cov(features[labels == each].T)) for each in range(4)]
    assert found == pytest.approx(np.mean(shares) / np.trace(np.cov(features.T)))
    assert variance_within(7 * features + 3, 9 - 2 * labels) == pytest.approx(found)
    assert variance_within(np.vstack([features, features[:1]]), np.append(labels, 4)) == pytest.approx(
        found * np.trace(np.cov(features.T)) / np.trace(np.cov(np.vstack([features, features[:1]]).T))
    )


def test_tight_classes_have_none_and_one_class_has_all() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(30) % 3
    assert variance_within(rng.normal(size=(3, 5))[labels], labels) == pytest.approx(0, abs=1e-12)
    assert variance_within(rng.normal(size=(30, 5)), np.zeros(30, dtype=np.int64)) == pytest.approx(1)


def test_what_cannot_be_measured_is_told() -> None:
    with pytest.raises(TbenchError, match="not of one network"):
        domain_gap(np.ones((3, 2)), np.ones((3, 4)))
    with pytest.raises(TbenchError, match="1 samples have no covariance"):
        domain_gap(np.ones((1, 2)), np.ones((3, 2)))
    for features, labels in ((np.eye(3), np.arange(3)), (np.ones((4, 2)), np.zeros(4, dtype=np.int64))):
        with pytest.raises(TbenchError, match="no class has two different samples"):
            variance_within(features, labels)
