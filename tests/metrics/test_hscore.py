"""The H-score is a trace of two covariances, and ignores every invertible affine map."""

from __future__ import annotations

import numpy as np
import pytest
from evidenced import called
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from tbench.api import Inapplicable, SaturationWarning, UsageError
from tbench_metrics.hscore import hscore

SEEDS = st.integers(0, 2**32 - 1)
QUIET = settings(max_examples=40)


def score(features, labels, **settings):
    return called(hscore, settings, features=features, labels=labels)


def problem(seed, spread=1.0):
    """Features (N, D) around class means, more samples than columns, and labels (N,); every class occurs."""
    rng = np.random.default_rng(seed)
    classes, dims = rng.integers(2, 6), rng.integers(1, 12)
    labels = np.concatenate([np.arange(classes), rng.integers(classes, size=rng.integers(dims, 60))])
    labels = rng.permutation(labels)
    means = spread * rng.normal(size=(classes, dims))
    return means[labels] + rng.normal(size=(len(labels), dims)), labels


def plain(features, labels):
    """The definition: the covariance of the features, inverted, times that of their class means."""
    expected = np.stack([features[labels == label].mean(axis=0) for label in labels])
    covariance, between = (np.cov(table, rowvar=False).reshape(table.shape[1], -1) for table in (features, expected))
    return np.trace(np.linalg.pinv(covariance, rcond=1e-10) @ between)


@QUIET
@given(seed=SEEDS)
def test_equals_the_definition_within_its_bounds(seed):
    features, labels = problem(seed)
    value = score(features, labels)
    assert value == pytest.approx(plain(features, labels), abs=1e-9)
    assert -1e-12 <= value <= min(labels.max(), features.shape[1]) + 1e-9


@QUIET
@given(seed=SEEDS)
def test_order_names_repetition_and_affine_maps_do_not_matter(seed):
    features, labels = problem(seed)
    rng = np.random.default_rng(seed)
    rows, names = rng.permutation(len(labels)), rng.permutation(labels.max() + 1)
    value = pytest.approx(score(features, labels), abs=1e-8)
    assert score(features[rows], names[labels[rows]]) == value
    assert score(np.tile(features, (2, 1)), np.tile(labels, 2)) == value
    dims = features.shape[1]
    rotation, other = (np.linalg.qr(rng.normal(size=(dims, dims)))[0] for _ in range(2))
    assert score(features @ (rotation * rng.uniform(1, 9, size=dims)) @ other + rng.normal(size=dims), labels) == value


@QUIET
@given(seed=SEEDS)
def test_dead_constant_and_repeated_columns_do_not_matter(seed):
    features, labels = problem(seed)
    columns = [features, features[:, :1], np.zeros((len(features), 1)), np.full((len(features), 1), 1e9)]
    padded = np.concatenate(columns, axis=1)
    if len(padded) - 1 > padded.shape[1]:
        assert score(padded, labels) == pytest.approx(score(features, labels), abs=1e-8)


def test_separated_classes_score_higher():
    for seed in range(5):
        scores = [score(*problem(seed, spread)) for spread in (0.0, 1.0, 4.0)]
        assert scores == sorted(scores)
        assert len(set(scores)) == 3


def test_labels_by_chance_give_what_chance_gives():
    rng = np.random.default_rng(0)
    values = [score(rng.normal(size=(200, 20)), rng.permutation(np.arange(200) % 5)) for _ in range(40)]
    assert np.mean(values) == pytest.approx(4 * 20 / 199, rel=0.1)  # (K - 1) D / (N - 1)


def test_too_few_samples_saturate_and_components_help():
    rng = np.random.default_rng(1)
    features, labels = rng.normal(size=(30, 60)), np.arange(30) % 4
    with pytest.warns(SaturationWarning, match="30 samples are too few for 60 columns"):
        assert score(features, labels) == pytest.approx(3)
    expected = plain(PCA(8, svd_solver="full").fit_transform(features), labels)
    assert score(features, labels, dims=8) == pytest.approx(expected, rel=1e-9)
    assert expected < 2


def test_edges():
    features, labels = problem(2)
    value = score(features, labels)
    assert score(features, labels, dims=100) == value
    assert score(features.astype(np.float32), labels) == pytest.approx(value, rel=1e-4)
    assert np.isfinite(score(features, np.arange(len(labels))))  # each sample a class of its own
    with pytest.raises(Inapplicable, match="one class"):
        score(features, np.zeros_like(labels))
    with pytest.raises(Inapplicable, match="same for all"):
        score(np.full_like(features, 0.1), labels)
    with pytest.raises(UsageError, match="dims=0"):
        score(features, labels, dims=0)


def test_inputs_are_left_alone():
    features, labels = problem(3)
    features.flags.writeable = labels.flags.writeable = False
    assert isinstance(score(features, labels), float)
