"""GBC is the sum of Bhattacharyya coefficients over pairs of classes, and ignores what the Gaussians ignore."""

from __future__ import annotations

import numpy as np
import pytest
from evidenced import called
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from tbench.api import Inapplicable, UsageError
from tbench_metrics.gbc import gbc

SEEDS = st.integers(0, 2**32 - 1)
COVARIANCES = st.sampled_from(["spherical", "diagonal"])
LOGDETS = st.sampled_from(["paper", "reference"])
QUIET = settings(deadline=None, max_examples=40)


def score(features, labels, **settings):
    return called(gbc, settings, features=features, labels=labels)


def problem(seed, spread=1.0):
    """Features (N, D) whose variances are far above the floor, and labels (N,); every class occurs three times."""
    rng = np.random.default_rng(seed)
    classes, dims = rng.integers(2, 6), rng.integers(2, 12)
    labels = np.concatenate([np.tile(np.arange(classes), 3), rng.integers(classes, size=rng.integers(0, 40))])
    labels = rng.permutation(labels)
    means = spread * rng.normal(size=(classes, dims))
    return 100 * (means[labels] + rng.uniform(0.5, 2, size=dims) * rng.normal(size=(len(labels), dims))), labels


def plain(features, labels, *, diagonal, whole):
    """The definition, pair by ordered pair. whole: the log-determinant of a spherical class counts every column."""
    total = 0.0
    groups = [features[labels == c] for c in range(labels.max() + 1)]
    variances = [np.maximum(group.var(axis=0), 1e-4) for group in groups]
    if not diagonal:
        variances = [np.full(features.shape[1], variance.mean()) for variance in variances]
    for i, first in enumerate(groups):
        for j, second in enumerate(groups):
            if i != j:
                middle = (variances[i] + variances[j]) / 2
                distance = ((first.mean(axis=0) - second.mean(axis=0)) ** 2 / middle).sum() / 8
                logs = np.log(middle / np.sqrt(variances[i] * variances[j]))
                total -= np.exp(-distance - (logs.sum() if whole else logs[0]) / 2)
    return total


@QUIET
@given(seed=SEEDS)
def test_equals_the_definition(seed):
    features, labels = problem(seed)
    bare = {"dims": None}
    assert score(features, labels, **bare) == pytest.approx(plain(features, labels, diagonal=False, whole=True))
    reference = score(features, labels, logdet="reference", **bare)
    assert reference == pytest.approx(plain(features, labels, diagonal=False, whole=False))
    diagonal = score(features, labels, covariance="diagonal", **bare)
    assert diagonal == pytest.approx(plain(features, labels, diagonal=True, whole=True))
    assert score(features, labels, covariance="diagonal", logdet="reference", **bare) == diagonal


@QUIET
@given(seed=SEEDS, covariance=COVARIANCES, logdet=LOGDETS, dims=st.sampled_from([None, 2, 64]))
def test_between_minus_all_pairs_and_zero_whatever_order_names_and_origin(seed, covariance, logdet, dims):
    features, labels = problem(seed)
    rng = np.random.default_rng(seed)
    wish = {"covariance": covariance, "logdet": logdet, "dims": dims}
    classes = labels.max() + 1
    value = score(features, labels, **wish)
    assert -classes * (classes - 1) - 1e-12 <= value <= 0
    rows, names = rng.permutation(len(labels)), rng.permutation(classes)
    assert score(features[rows], names[labels[rows]], **wish) == pytest.approx(value, rel=1e-7)
    assert score(features + 100, labels, **wish) == pytest.approx(value, rel=1e-7)
    assert score(7 * features, labels, **wish) == pytest.approx(value, rel=1e-7)
    if dims is None or len(features) > features.shape[1]:  # otherwise there are more components to keep
        assert score(np.tile(features, (2, 1)), np.tile(labels, 2), **wish) == pytest.approx(value, rel=1e-7)


@QUIET
@given(seed=SEEDS, logdet=LOGDETS)
def test_spheres_ignore_rotation_and_diagonals_ignore_the_columns_units(seed, logdet):
    features, labels = problem(seed)
    rng = np.random.default_rng(seed)
    rotated = features @ np.linalg.qr(rng.normal(size=(features.shape[1],) * 2))[0]
    value = score(features, labels, logdet=logdet, dims=None)
    assert score(rotated, labels, logdet=logdet, dims=None) == pytest.approx(value, rel=1e-9)
    if len(features) > 2 * features.shape[1]:  # then all components are kept, which is a rotation
        assert score(features, labels, logdet=logdet, dims=64) == pytest.approx(value, rel=1e-9)
    diagonal = score(features, labels, covariance="diagonal", dims=None)
    scaled = features * rng.uniform(1, 9, size=features.shape[1])
    assert score(scaled, labels, covariance="diagonal", dims=None) == pytest.approx(diagonal, rel=1e-9)


@pytest.mark.parametrize("covariance", ["spherical", "diagonal"])
def test_principal_components_are_those_of_a_full_decomposition(covariance):
    rng = np.random.default_rng(0)
    for shape in ((80, 20), (15, 20)):
        features, labels = rng.normal(size=shape), np.arange(shape[0]) % 3
        reduced = PCA(5, svd_solver="full").fit_transform(features)
        expected = score(reduced, labels, covariance=covariance, dims=None)
        assert score(features, labels, covariance=covariance, dims=5) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("wish", [{}, {"logdet": "reference"}, {"covariance": "diagonal"}])
def test_separated_classes_score_higher(wish):
    for seed in range(5):
        scores = [score(*problem(seed, spread), **wish) for spread in (0.0, 2.0, 6.0)]
        assert scores == sorted(scores)
        assert len(set(scores)) == 3


def test_the_variance_floor_keeps_degenerate_classes_finite():
    features, labels = problem(1)
    labels = np.append(labels, labels.max() + 1)  # a class of one sample
    features = np.pad(np.vstack([features, features[:1]]), ((0, 0), (0, 2)), constant_values=4.0)  # constant columns
    for wish in ({}, {"covariance": "diagonal"}, {"dims": None}):
        assert np.isfinite(score(features, labels, **wish))
    same = np.zeros((6, 3))
    assert score(same, np.array([0, 0, 0, 1, 1, 1]), dims=None) == pytest.approx(-2)  # indistinguishable


def test_edges():
    features, labels = problem(2)
    assert score(features.astype(np.float32), labels) == pytest.approx(score(features, labels), rel=1e-4)
    with pytest.raises(Inapplicable, match="one class"):
        score(features, np.zeros_like(labels))
    with pytest.raises(Inapplicable, match="one class per sample"):
        score(features, np.stack([labels == 0, labels == 1], axis=1).astype(np.int8))
    with pytest.raises(UsageError, match="spherical or diagonal"):
        score(features, labels, covariance="full")
    with pytest.raises(UsageError, match="paper or reference"):
        score(features, labels, logdet="none")
    with pytest.raises(UsageError, match="at least 1 or none"):
        score(features, labels, dims=0)


def test_inputs_are_left_alone():
    features, labels = problem(3)
    features.flags.writeable = labels.flags.writeable = False
    assert isinstance(score(features, labels), float)
    assert isinstance(score(features, labels, dims=None), float)
