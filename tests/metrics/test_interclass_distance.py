"""INT is the mean distance between samples of two classes, over pairs of classes."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from beyond import arrays, cases
from hypothesis import given, settings
from hypothesis import strategies as st

import tbench
from tbench.api import Inapplicable
from tbench_metrics.interclass_distance import interclass_distance

SEEDS = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("case", cases("occam_int"), ids=lambda case: case["id"])
def test_agrees_with_the_authors_code(case):
    expected = pytest.approx(case["expected"]["int"], rel=1e-12)
    assert tbench.score("int", **arrays(case)) == expected


@settings(max_examples=40)
@given(seed=SEEDS)
def test_equals_the_definition(seed):
    rng = np.random.default_rng(seed)
    classes = rng.integers(2, 6)
    labels = rng.permutation(np.concatenate([np.arange(classes), rng.integers(classes, size=20)]))
    features = rng.normal(size=(len(labels), rng.integers(1, 6)))
    groups = [features[labels == c] for c in range(classes)]
    pairs = [np.mean([np.linalg.norm(a - b) for a in one for b in other]) for one, other in combinations(groups, 2)]
    assert interclass_distance(features, labels) == pytest.approx(np.mean(pairs))
    assert interclass_distance(7 * features - 3, labels) == pytest.approx(7 * np.mean(pairs))


def test_edges():
    features, labels = np.random.default_rng(0).normal(size=(12, 3)), np.arange(12) % 3
    assert interclass_distance(np.zeros((12, 3)), labels) == 0
    with pytest.raises(Inapplicable, match="one class"):
        interclass_distance(features, np.zeros(12, dtype=int))
    with pytest.raises(Inapplicable, match="one class per sample"):
        interclass_distance(features, features)
