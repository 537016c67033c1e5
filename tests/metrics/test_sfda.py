"""SFDA is two discriminant analyses, the second of features that were moved towards the other classes."""

from __future__ import annotations

import numpy as np
import pytest
from evidenced import called
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import eigh
from scipy.special import softmax
from scipy.stats import multivariate_normal

from tbench.api import Inapplicable, SaturationWarning
from tbench_metrics.sfda import sfda

pytestmark = pytest.mark.filterwarnings("ignore::tbench.api.SaturationWarning")  # of made-up classes far apart
SEEDS = st.integers(0, 2**32 - 1)
SCALES = st.sampled_from([0.3, 1.0, 3.0])
QUIET = settings(max_examples=40)


def score(features, labels):
    return called(sfda, {}, features=features, labels=labels)


def problem(seed, spread=1.0, scale=1.0):
    """Features (N, D) around class means, more samples than columns, and labels (N,); every class occurs."""
    rng = np.random.default_rng(seed)
    classes, dims = rng.integers(2, 6), rng.integers(1, 12)
    labels = np.concatenate([np.arange(classes), rng.integers(classes, size=rng.integers(dims + 1, 60))])
    labels = rng.permutation(labels)
    means = spread * rng.normal(size=(classes, dims))
    return scale * (means[labels] + rng.normal(size=(len(labels), dims))), labels


def scatter(features, labels):
    means = np.stack([features[labels == c].mean(axis=0) for c in range(labels.max() + 1)])
    return means, np.cov(features - means[labels], rowvar=False, ddof=0).reshape(features.shape[1], -1)


def posterior(features, labels, shrinkage):
    """Of Gaussian classes with one covariance, by their densities."""
    means, within = scatter(features, labels)
    dims = features.shape[1]
    within = (1 - shrinkage) * within + shrinkage * np.trace(within) / dims * np.eye(dims)
    logs = [multivariate_normal.logpdf(features, mean, within) for mean in means]
    return softmax(np.stack(logs, axis=1) + np.log(np.bincount(labels)), axis=1)


def plain(features, labels):
    """The definition, with library code throughout; the power method finds the largest eigenvalue only roughly."""
    means, within = scatter(features, labels)
    start = within.sum(axis=1)
    right = np.linalg.matrix_power(within, 5) @ start
    left = within @ right
    largest = left @ within @ right / (np.linalg.norm(left) * np.linalg.norm(right))
    shrinkage = max(np.exp(-5 * largest), 1e-10)
    own = np.arange(len(labels)), labels
    trust = softmax(posterior(features, labels, shrinkage), axis=1)[own][:, None]
    others = np.stack([np.delete(means, c, axis=0).mean(axis=0) for c in range(len(means))])
    return posterior(trust * features + (1 - trust) * others[labels], labels, shrinkage)[own].mean()


@QUIET
@given(seed=SEEDS, scale=SCALES)
def test_equals_the_definition(seed, scale):
    features, labels = problem(seed, scale=scale)
    value = score(features, labels)
    assert value == pytest.approx(plain(features, labels), rel=1e-6)
    assert 0 < value <= 1


@QUIET
@given(seed=SEEDS, scale=SCALES)
def test_order_names_origin_columns_and_repetition_do_not_matter(seed, scale):
    features, labels = problem(seed, scale=scale)
    rng = np.random.default_rng(seed)
    rows, names = rng.permutation(len(labels)), rng.permutation(labels.max() + 1)
    value = pytest.approx(score(features, labels), rel=1e-7)
    assert score(features[rows], names[labels[rows]]) == value
    assert score(np.tile(features, (2, 1)), np.tile(labels, 2)) == value
    columns = rng.permutation(features.shape[1])
    assert score(features[:, columns] + rng.normal(size=len(columns)), labels) == value


@QUIET
@given(seed=SEEDS)
def test_rotation_and_scale_do_not_matter_once_the_regularisation_is_at_its_least(seed):
    features, labels = problem(seed, scale=30.0)
    rotation = np.linalg.qr(np.random.default_rng(seed).normal(size=(features.shape[1],) * 2))[0]
    value = pytest.approx(score(features, labels), rel=1e-6)
    assert score(features @ rotation, labels) == value
    assert score(7 * features, labels) == value


def test_separated_classes_score_higher():
    for seed in range(5):
        scores = [score(*problem(seed, spread)) for spread in (0.0, 1.0, 4.0)]
        assert scores == sorted(scores)
        assert len(set(scores)) == 3


def test_generalised_eigenvectors_are_not_needed():
    features, labels = problem(8)
    _, within = scatter(features, labels)
    vectors = eigh(np.cov(features, rowvar=False, ddof=0) - within, within)[1]
    np.testing.assert_allclose(vectors @ vectors.T, np.linalg.inv(within), rtol=1e-8, atol=1e-10)


def test_too_few_samples_saturate():
    rng = np.random.default_rng(1)
    with pytest.warns(SaturationWarning, match="30 samples are too few for 60 columns"):
        assert score(10 * rng.normal(size=(30, 60)), np.arange(30) % 4) == pytest.approx(1, abs=1e-3)


def test_a_scatter_without_row_sums_has_a_largest_eigenvalue_too():
    rng = np.random.default_rng(2)
    labels = np.arange(40) % 2
    line = 0.3 * rng.normal(size=40) + labels
    balanced = score(line[:, None] * np.array([1.0, -1.0]), labels)
    assert balanced == pytest.approx(score(line[:, None] * np.array([1.0, 1.0]), labels), rel=1e-9)


def test_edges():
    features, labels = problem(3)
    value = score(features, labels)
    assert score(features.astype(np.float32), labels) == pytest.approx(value, rel=1e-4)
    alone = labels.copy()
    alone[0] = labels.max() + 1  # a class of one sample
    assert np.isfinite(score(features, np.unique(alone, return_inverse=True)[1]))
    assert np.isfinite(score(np.pad(features, ((0, 0), (0, 2)), constant_values=3.0), labels))  # constant columns
    with pytest.raises(Inapplicable, match="one class"):
        score(features, np.zeros_like(labels))
    with pytest.raises(Inapplicable, match="no class has two different samples"):
        score(features, np.arange(len(labels)))
    with pytest.raises(Inapplicable, match="no class has two different samples"):
        score(np.full_like(features, 0.1), labels)


def test_inputs_are_left_alone():
    features, labels = problem(4)
    features.flags.writeable = labels.flags.writeable = False
    assert isinstance(score(features, labels), float)
