"""The shrunk H-score is the H-score with scikit-learn's Ledoit-Wolf covariance, and stays finite where that is not."""

from __future__ import annotations

import numpy as np
import pytest
from evidenced import called
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.covariance import ledoit_wolf

from tbench.api import Inapplicable
from tbench_metrics.hscore_shrunk import hscore_shrunk

SEEDS = st.integers(0, 2**32 - 1)
QUIET = settings(max_examples=40)


def score(features, labels, **settings):
    return called(hscore_shrunk, settings, features=features, labels=labels)


def problem(seed, spread=1.0):
    """Features (N, D) around class means, N below or above D, and labels (N,) in which every class occurs."""
    rng = np.random.default_rng(seed)
    classes, dims = rng.integers(2, 6), rng.integers(1, 30)
    labels = rng.permutation(np.concatenate([np.arange(classes), rng.integers(classes, size=rng.integers(3, 40))]))
    means = spread * rng.normal(size=(classes, dims))
    return means[labels] + rng.uniform(0.5, 2, size=dims) * rng.normal(size=(len(labels), dims)), labels


def plain(features, labels):
    """The definition, with library code throughout."""
    covariance, shrinkage = ledoit_wolf(features)
    expected = np.stack([features[labels == label].mean(axis=0) for label in labels])
    between = np.cov(expected, rowvar=False).reshape(covariance.shape)
    return (1 - shrinkage) * np.trace(np.linalg.solve(covariance, between))


@QUIET
@given(seed=SEEDS)
def test_equals_the_definition(seed):
    features, labels = problem(seed)
    assert score(features, labels) == pytest.approx(plain(features, labels), rel=1e-9, abs=1e-12)


@QUIET
@given(seed=SEEDS)
def test_order_names_origin_scale_and_rotation_do_not_matter(seed):
    features, labels = problem(seed)
    rng = np.random.default_rng(seed)
    rows, names = rng.permutation(len(labels)), rng.permutation(labels.max() + 1)
    value = pytest.approx(score(features, labels), rel=1e-8, abs=1e-10)
    assert score(features[rows], names[labels[rows]]) == value
    dims = features.shape[1]
    rotation = np.linalg.qr(rng.normal(size=(dims, dims)))[0]
    assert score(7 * features @ rotation + rng.normal(size=dims), labels) == value


def test_separated_classes_score_higher():
    for seed in range(5):
        scores = [score(*problem(seed, spread)) for spread in (0.0, 1.0, 4.0)]
        assert scores == sorted(scores)
        assert len(set(scores)) == 3


def test_few_samples_do_not_saturate():
    rng = np.random.default_rng(0)
    labels = np.arange(30) % 4
    noise = rng.normal(size=(30, 60))
    signal = noise + 3 * rng.normal(size=(4, 60))[labels]
    assert score(noise, labels) < 0.5 < 2 < score(signal, labels) < 3.2


def test_shrunk_to_a_sphere_nothing_is_left():
    rng = np.random.default_rng(2)
    directions = np.eye(4)[rng.integers(4, size=400)] * rng.choice([-1, 1], size=(400, 1))
    rows = np.concatenate([directions, -directions])
    rows = np.concatenate([np.roll(rows, shift, axis=1) for shift in range(4)])  # the scatter is a sphere
    assert score(rows, rng.integers(3, size=len(rows))) == pytest.approx(0, abs=1e-9)


def test_singular_and_not_shrunk_falls_back_to_the_pseudo_inverse():
    features, labels = np.array([[0.0, 1.0], [2.0, 4.0]]), np.array([0, 1])
    assert ledoit_wolf(features)[1] == 0
    assert score(features, labels) == pytest.approx(2)  # K-1 times N/(N-1)
    doubled = score(np.repeat(features, 2, axis=0), np.repeat(labels, 2))
    assert doubled == pytest.approx(4 / 3)


def test_edges():
    features, labels = problem(1)
    value = score(features, labels)
    assert score(features.astype(np.float32), labels) == pytest.approx(value, rel=1e-4)
    assert np.isfinite(score(features, np.arange(len(labels))))  # each sample a class of its own
    assert np.isfinite(score(np.pad(features, ((0, 0), (0, 2)), constant_values=3.0), labels))  # constant columns
    with pytest.raises(Inapplicable, match="one class"):
        score(features, np.zeros_like(labels))
    with pytest.raises(Inapplicable, match="same for all"):
        score(np.full_like(features, 0.1), labels)


def test_inputs_are_left_alone():
    features, labels = problem(3)
    features.flags.writeable = labels.flags.writeable = False
    assert isinstance(score(features, labels), float)
