"""Concept variance is the share of other classes nearby, with the sign turned."""

from __future__ import annotations

import numpy as np
import pytest
from beyond import arrays, cases
from hypothesis import given, settings
from hypothesis import strategies as st

import tbench
from tbench.api import Inapplicable, UsageError
from tbench_metrics.concept_variance import concept_variance

SEEDS = st.integers(0, 2**32 - 1)


def problem(seed):
    rng = np.random.default_rng(seed)
    classes = rng.integers(2, 5)
    labels = rng.permutation(np.concatenate([np.arange(classes), rng.integers(classes, size=20)]))
    return rng.normal(size=(len(labels), rng.integers(2, 6))), labels


def plain(features, labels, alpha):
    """Sample by sample."""
    rows = (features - features.min(axis=0)) / (features.max(axis=0) - features.min(axis=0))
    shares = []
    for i, row in enumerate(rows):
        distances = [np.sqrt(((row - other) ** 2).sum()) for other in rows]
        weights = [2 ** (-alpha * d / (np.sqrt(len(row)) - d)) for d in distances]
        weights[i] = 0
        shares.append(sum(w for w, label in zip(weights, labels, strict=True) if label != labels[i]) / sum(weights))
    return -np.mean(shares)


@pytest.mark.parametrize("case", cases("occam_int"), ids=lambda case: case["id"])
def test_agrees_with_the_authors_code(case):
    expected = -case["expected"]["concept_variation_mean"]
    assert tbench.score("concept-variance", **arrays(case)) == pytest.approx(expected, rel=1e-8)  # float32 there


@settings(max_examples=30)
@given(seed=SEEDS, alpha=st.sampled_from([0.5, 2.0]))
def test_equals_the_definition_block_by_block(seed, alpha):
    features, labels = problem(seed)
    value = concept_variance(features, labels, alpha=alpha)
    assert -1 <= value <= 0
    assert value == pytest.approx(plain(features, labels, alpha))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tbench_metrics.concept_variance.BLOCK", 50)
        assert concept_variance(features, labels, alpha=alpha) == pytest.approx(value, rel=1e-12)


def test_separating_the_classes_raises_it_and_labels_at_random_give_their_share():
    rng = np.random.default_rng(0)
    labels = np.arange(200) % 4
    noise = rng.normal(size=(200, 6))
    scores = [concept_variance(noise + s * np.eye(4, 6)[labels], labels) for s in (0, 2, 20)]
    assert scores[0] == pytest.approx(-150 / 199, abs=0.01)
    assert scores[0] < scores[1] < scores[2]


def test_samples_that_no_other_counts_for_are_left_out():
    column = np.array([[0.0], [0.0], [1.0], [1.0], [1.0]])
    assert concept_variance(column, np.array([0, 1, 0, 0, 1])) == pytest.approx(-(1 + 1 + 0.5 + 0.5 + 1) / 5)
    assert concept_variance(column[1:], np.array([1, 0, 0, 1])) == pytest.approx(-(0.5 + 0.5 + 1) / 3)
    with pytest.raises(Inapplicable, match="as far from all others"):
        concept_variance(column[1:3], np.array([0, 1]))


def test_edges():
    features, labels = problem(1)
    flat = concept_variance(np.zeros_like(features), labels)  # all others count alike
    counts = np.bincount(labels)
    assert flat == pytest.approx(-np.mean((len(labels) - counts[labels]) / (len(labels) - 1)))
    with pytest.raises(Inapplicable, match="one class"):
        concept_variance(features, np.zeros_like(labels))
    with pytest.raises(UsageError, match="above 0"):
        concept_variance(features, labels, alpha=0.0)
