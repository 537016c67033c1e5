"""LFC from class statistics is the correlation of the N x N kernels, for every kernel."""

from __future__ import annotations

import numpy as np
import pytest
from evidenced import called
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from tbench.api import Inapplicable, UsageError
from tbench_metrics.lfc import lfc

SEEDS = st.integers(0, 2**32 - 1)
KERNELS = st.sampled_from(["linear", "cosine", "correlation", "l2"])
QUIET = settings(max_examples=40)


def score(features, labels, **settings):
    return called(lfc, settings, features=features, labels=labels)


def problem(seed, spread=1.0):
    """Features (N, D) around class means, and labels (N,) in which every class occurs; N may be below D."""
    rng = np.random.default_rng(seed)
    classes, dims = rng.integers(2, 6), rng.integers(3, 20)
    labels = rng.permutation(np.concatenate([np.arange(classes), rng.integers(classes, size=rng.integers(2, 40))]))
    means = spread * rng.normal(size=(classes, dims))
    return means[labels] + rng.normal(size=(len(labels), dims)) + rng.normal(size=dims), labels


def plain(features, labels, kernel):
    """The definition, with N x N matrices."""
    rows = features - features.mean(axis=1, keepdims=True) if kernel == "correlation" else features
    if kernel in ("cosine", "correlation"):
        rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    inner = -cdist(rows, rows) if kernel == "l2" else rows @ rows.T
    same = np.where(labels[:, None] == labels, 1.0, -1.0)
    inner, same = inner - inner.mean(), same - same.mean()
    return (inner * same).sum() / np.linalg.norm(inner) / np.linalg.norm(same)


@QUIET
@given(seed=SEEDS, kernel=KERNELS)
def test_equals_the_definition(seed, kernel):
    features, labels = problem(seed)
    value = score(features, labels, kernel=kernel)
    assert value == pytest.approx(plain(features, labels, kernel), abs=1e-10)
    assert -1 <= value <= 1


@QUIET
@given(seed=SEEDS, kernel=KERNELS)
def test_order_names_scale_rotation_and_repetition_do_not_matter(seed, kernel):
    features, labels = problem(seed)
    rng = np.random.default_rng(seed)
    rows, names = rng.permutation(len(labels)), rng.permutation(labels.max() + 1)
    value = pytest.approx(score(features, labels, kernel=kernel), abs=1e-10)
    assert score(features[rows], labels[rows], kernel=kernel) == value
    assert score(7 * features, names[labels], kernel=kernel) == value
    assert score(np.tile(features, (2, 1)), np.tile(labels, 2), kernel=kernel) == value
    if kernel != "correlation":  # which sees the columns
        rotation = np.linalg.qr(rng.normal(size=(features.shape[1],) * 2))[0]
        assert score(features @ rotation, labels, kernel=kernel) == value


def test_translation_matters_as_only_the_grand_mean_is_taken_off():
    features, labels = problem(2)
    assert abs(score(features + 10, labels) - score(features, labels)) > 0.01


def test_distances_do_not_mind_the_origin_and_come_by_blocks(monkeypatch):
    features, labels = problem(2)
    value = score(features, labels, kernel="l2")
    assert score(features + 1000, labels, kernel="l2") == pytest.approx(value, rel=1e-9)
    monkeypatch.setattr("tbench_metrics.lfc.BLOCK", 3 * len(labels))
    assert score(features, labels, kernel="l2") == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("kernel", ["linear", "cosine", "correlation", "l2"])
def test_separated_classes_score_higher(kernel):
    for seed in range(5):
        scores = [score(*problem(seed, spread), kernel=kernel) for spread in (0.0, 1.0, 3.0)]
        assert scores == sorted(scores)


def test_a_mean_far_from_zero_costs_no_digits():
    features, labels = problem(5)
    far = features + 1e5
    exact = plain(far.astype(np.longdouble), labels, "cosine")
    assert score(far, labels, kernel="cosine") == pytest.approx(float(exact), rel=1e-4)


def test_rows_without_direction_are_similar_to_nothing():
    features, labels = problem(3)
    features[0] = 0
    rows = np.divide(
        features, np.linalg.norm(features, axis=1)[:, None], out=np.zeros_like(features), where=features != 0
    )
    assert score(features, labels, kernel="cosine") == pytest.approx(plain(rows, labels, "linear"))
    features[0] = 0.1  # equal entries: no correlation with anything
    assert np.isfinite(score(features, labels, kernel="correlation"))
    zeroed = features - features.mean(axis=1, keepdims=True)
    zeroed[0] = 0
    assert score(features, labels, kernel="correlation") == pytest.approx(score(zeroed, labels, kernel="cosine"))


def test_edges():
    features, labels = problem(4)
    value = score(features, labels)
    assert score(features.astype(np.float32), labels) == pytest.approx(value, rel=1e-5)
    assert np.isfinite(score(features, np.arange(len(labels))))  # each sample a class of its own
    assert np.isfinite(score(np.pad(features, ((0, 0), (0, 2)), constant_values=3.0), labels))  # constant columns
    with pytest.raises(Inapplicable, match="one class"):
        score(features, np.zeros_like(labels))
    with pytest.raises(Inapplicable, match="same for all"):
        score(np.full_like(features, 0.1), labels)
    with pytest.raises(UsageError, match="linear, cosine, correlation or l2"):
        score(features, labels, kernel="rbf")


@pytest.mark.parametrize("kernel", ["linear", "cosine", "correlation", "l2"])
def test_inputs_are_left_alone(kernel):
    features, labels = problem(6)
    features.flags.writeable = labels.flags.writeable = False
    assert isinstance(score(features, labels, kernel=kernel), float)
