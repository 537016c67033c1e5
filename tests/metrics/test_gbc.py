"""GBC is the sum of Bhattacharyya coefficients over pairs of classes, and ignores what the Gaussians ignore."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA

import tbench
from tbench.api import Inapplicable, Spectrum, UsageError
from tbench_metrics.gbc import gbc

SEEDS = st.integers(0, 2**32 - 1)
COVARIANCES = st.sampled_from(["spherical", "diagonal", "full"])
LOGDETS = st.sampled_from(["paper", "reference"])
QUIET = settings(max_examples=40)


def spectrum(features):
    """By a full decomposition of the rows themselves."""
    _, singular, axes = np.linalg.svd(features - features.mean(axis=0, dtype=np.float64), full_matrices=False)
    return Spectrum(singular**2, axes.T)


def score(features, labels, **settings):
    return gbc(features, labels, spectrum(features), **settings)


def problem(seed, spread=1.0):
    """Features (N, D) whose variances are far above the floor, and labels (N,); every class occurs three times."""
    rng = np.random.default_rng(seed)
    classes, dims = rng.integers(2, 6), rng.integers(2, 12)
    labels = np.concatenate([np.tile(np.arange(classes), 3), rng.integers(classes, size=rng.integers(0, 40))])
    labels = rng.permutation(labels)
    means = spread * rng.normal(size=(classes, dims))
    return 100 * (means[labels] + rng.uniform(0.5, 2, size=dims) * rng.normal(size=(len(labels), dims))), labels


def plain(features, labels, *, diagonal, whole, ddof=0):
    """The definition, pair by ordered pair. whole: the log-determinant of a spherical class counts every column."""
    total = 0.0
    groups = [features[labels == c] for c in range(labels.max() + 1)]
    variances = [np.maximum(group.var(axis=0, ddof=ddof), 1e-4) for group in groups]
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


def plain_full(features, labels, *, ddof=0):
    """The definition with covariances, by determinants and inverses."""
    total = 0.0
    groups = [features[labels == c] for c in range(labels.max() + 1)]
    ridge = 1e-4 * np.eye(features.shape[1])
    covariances = [np.cov(group, rowvar=False, ddof=ddof) + ridge for group in groups]
    for i, first in enumerate(groups):
        for j, second in enumerate(groups):
            if i != j:
                middle, offset = (covariances[i] + covariances[j]) / 2, first.mean(axis=0) - second.mean(axis=0)
                spread = np.sqrt(np.linalg.det(covariances[i]) * np.linalg.det(covariances[j]))
                total -= np.exp(-offset @ np.linalg.inv(middle) @ offset / 8) / np.sqrt(np.linalg.det(middle) / spread)
    return total


@QUIET
@given(seed=SEEDS, ddof=st.sampled_from([0, 1]))
def test_full_and_unbiased_covariances_equal_the_definition(seed, ddof):
    features, labels = problem(seed)
    bare = {"dims": None, "ddof": ddof}
    small = score(features / 100, labels, covariance="full", **bare)
    assert small == pytest.approx(plain_full(features / 100, labels, ddof=ddof), rel=1e-6)
    for covariance in ("spherical", "diagonal"):
        expected = plain(features, labels, diagonal=covariance == "diagonal", whole=True, ddof=ddof)
        assert score(features, labels, covariance=covariance, **bare) == pytest.approx(expected)


@QUIET
@given(seed=SEEDS)
def test_full_covariances_ignore_any_affine_map(seed):
    rng = np.random.default_rng(seed)
    labels = np.arange(90) % 3  # classes large enough to feel little of the ridge
    features = 100 * (rng.normal(size=(3, 4))[labels] + rng.normal(size=(90, 4)))
    turned = [np.linalg.qr(rng.normal(size=(4, 4)))[0] for _ in range(2)]
    mapped = features @ (turned[0] * rng.uniform(1, 9, size=4)) @ turned[1] + rng.normal(size=4)
    value = score(features, labels, covariance="full", dims=None)
    assert score(mapped, labels, covariance="full", dims=None) == pytest.approx(value, rel=1e-5)


def test_scores_of_full_covariances_are_defined_for_classes_smaller_than_their_dimension():
    features, labels = np.random.default_rng(0).normal(size=(30, 50)), np.arange(30) % 5
    labels[labels == 4] = np.where(np.arange(6) < 1, 4, 0)  # and one class of one sample
    for wish in ({}, {"dims": None}, {"ddof": 1}):
        assert -20 <= score(features, labels, covariance="full", **wish) <= 0


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
    if covariance != "full":  # there the ridge is felt by classes smaller than their dimension
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


@pytest.mark.parametrize("covariance", ["spherical", "diagonal", "full"])
def test_principal_components_are_those_of_a_full_decomposition(covariance):
    rng = np.random.default_rng(0)
    for shape in ((80, 20), (15, 20)):
        features, labels = rng.normal(size=shape), np.arange(shape[0]) % 3
        reduced = PCA(5, svd_solver="full").fit_transform(features)
        expected = score(reduced, labels, covariance=covariance, dims=None)
        assert score(features, labels, covariance=covariance, dims=5) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("wish", [{}, {"logdet": "reference"}, {"covariance": "diagonal"}, {"covariance": "full"}])
def test_separated_classes_score_higher(wish):
    for seed in range(5):
        scores = [score(*problem(seed, spread), **wish) for spread in (0.0, 2.0, 6.0)]
        assert scores == sorted(scores)
        assert len(set(scores)) == 3


def test_the_variance_floor_keeps_degenerate_classes_finite():
    features, labels = problem(1)
    labels = np.append(labels, labels.max() + 1)  # a class of one sample
    features = np.pad(np.vstack([features, features[:1]]), ((0, 0), (0, 2)), constant_values=4.0)  # constant columns
    for wish in ({}, {"covariance": "diagonal"}, {"covariance": "full"}, {"dims": None}, {"ddof": 1}):
        assert np.isfinite(score(features, labels, **wish))
    same = np.zeros((6, 3))
    assert score(same, np.array([0, 0, 0, 1, 1, 1]), dims=None) == pytest.approx(-2)  # indistinguishable


def test_what_the_gaussians_do_see():
    features, labels = problem(11)
    rng = np.random.default_rng(0)
    rotated = features @ np.linalg.qr(rng.normal(size=(features.shape[1],) * 2))[0]
    columns, rows = rng.uniform(1, 9, size=features.shape[1]), rng.uniform(0.5, 2, size=(len(features), 1))
    for covariance in ("spherical", "diagonal", "full"):
        wish = {"covariance": covariance, "dims": None}
        value = score(features, labels, **wish)
        assert score(rows * features, labels, **wish) != pytest.approx(value, rel=1e-3)
        if covariance == "spherical":
            assert score(columns * features, labels, **wish) != pytest.approx(value, rel=1e-3)
        if covariance == "diagonal":
            assert score(rotated, labels, **wish) != pytest.approx(value, rel=1e-3)
        shuffled = features[:, rng.permutation(features.shape[1])]
        assert score(shuffled, labels, **wish) == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize("covariance", ["spherical", "diagonal", "full"])
@pytest.mark.parametrize("dims", [None, 64])
def test_a_mean_far_from_zero_costs_no_digits(covariance, dims):
    features, labels = problem(12)
    value = score(features, labels, covariance=covariance, dims=dims)
    assert score(features + 1000, labels, covariance=covariance, dims=dims) == pytest.approx(value, rel=1e-9)


def test_published_settings_have_names_and_gaps_between_label_values_say_nothing():
    features, labels = problem(13)
    told = {"features": features, "labels": 7 * labels - 3}
    assert tbench.score("gbc:as=authors", **told) == pytest.approx(score(features, labels, logdet="reference"))
    expected = score(features, labels, logdet="reference", ddof=1)
    assert tbench.score("gbc:as=awesome", **told) == pytest.approx(expected)


def test_without_pca_the_spectrum_is_spared():
    features, labels = problem(14)
    assert gbc.spares({"dims": None}) == ["spectrum"]
    assert gbc.spares({"dims": 64}) == []
    assert gbc(features, labels, None, dims=None) == score(features, labels, dims=None)


def test_edges():
    features, labels = problem(2)
    for covariance in ("spherical", "diagonal", "full"):
        value = score(features, labels, covariance=covariance)
        assert score(features.astype(np.float32), labels, covariance=covariance) == pytest.approx(value, rel=1e-5)
    with pytest.raises(Inapplicable, match="one class"):
        score(features, np.zeros_like(labels))
    with pytest.raises(Inapplicable, match="one class per sample"):
        score(features, np.stack([labels, labels], axis=1).astype(np.int8))
    with pytest.raises(Inapplicable, match="regression targets"):
        score(features, features[:, :1])
    with pytest.raises(UsageError, match="spherical, diagonal or full"):
        score(features, labels, covariance="tied")
    with pytest.raises(UsageError, match="0 or 1"):
        score(features, labels, ddof=2)
    with pytest.raises(UsageError, match="paper or reference"):
        score(features, labels, logdet="none")
    with pytest.raises(UsageError, match="at least 1 or none"):
        score(features, labels, dims=0)


def test_inputs_are_left_alone():
    features, labels = problem(3)
    features.flags.writeable = labels.flags.writeable = False
    assert isinstance(score(features, labels), float)
    assert isinstance(score(features, labels, dims=None), float)
