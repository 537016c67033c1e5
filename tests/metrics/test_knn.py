"""kNN is leave-one-out accuracy by plain majority vote, block by block or all at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from tbench.api import Inapplicable, UsageError
from tbench_metrics.knn import knn

SEEDS = st.integers(0, 2**32 - 1)
DISTANCES = st.sampled_from(["cosine", "euclidean"])
QUIET = settings(max_examples=40)


def problem(seed, samples=40, spread=1.0):
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(samples) % 4)
    return spread * rng.normal(size=(4, 6))[labels] + rng.normal(size=(samples, 6)), labels


def plain(features, labels, neighbours, distance):
    search = NearestNeighbors(n_neighbors=neighbours, metric=distance, algorithm="brute").fit(features)
    right = 0
    for own, nearest in zip(labels, search.kneighbors(return_distance=False), strict=True):  # without themselves
        votes = np.bincount(labels[nearest])
        right += own == next(label for label in labels[nearest] if votes[label] == votes.max())
    return right / len(labels)


@QUIET
@given(seed=SEEDS, neighbours=st.integers(1, 39), distance=DISTANCES)
def test_equals_the_definition(seed, neighbours, distance):
    features, labels = problem(seed)
    assert knn(features, labels, neighbours=neighbours, distance=distance) == plain(
        features, labels, neighbours, distance
    )


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_many_samples_are_taken_in_blocks(distance):
    features, labels = problem(0, samples=2500)  # 2500 x 2500 similarities are more than one block
    assert knn(features, labels, distance=distance) == plain(features, labels, 5, distance)


@QUIET
@given(seed=SEEDS, distance=DISTANCES)
def test_order_names_scale_and_rotation_do_not_matter(seed, distance):
    features, labels = problem(seed)
    rng = np.random.default_rng(seed)
    rows, rotation = rng.permutation(len(labels)), np.linalg.qr(rng.normal(size=(6, 6)))[0]
    value = knn(features, labels, distance=distance)
    assert knn(7 * features[rows] @ rotation, rng.permutation(4)[labels[rows]], distance=distance) == value
    if distance == "euclidean":
        assert knn(features + 1e6, labels, distance=distance) == value  # differences survive a far origin


def test_only_cosine_ignores_the_length_of_rows():
    features, labels = problem(1)
    stretched = features * np.random.default_rng(1).uniform(0.1, 10, size=(len(labels), 1))
    assert knn(stretched, labels) == knn(features, labels)
    assert knn(stretched, labels, distance="euclidean") != knn(features, labels, distance="euclidean")


def test_a_tied_vote_goes_to_the_class_of_the_nearest():
    features = np.array([[0.0], [1.0], [2.1]])
    # each sees the two others; where they differ, the nearer one elects its class
    assert knn(features, np.array([0, 0, 1]), neighbours=2, distance="euclidean") == pytest.approx(2 / 3)
    assert knn(features, np.array([1, 1, 0]), neighbours=2, distance="euclidean") == pytest.approx(2 / 3)
    assert knn(features, np.array([0, 1, 1]), neighbours=2, distance="euclidean") == pytest.approx(1 / 3)


def test_it_orders_separation_and_finds_chance():
    scores = [knn(*problem(2, samples=400, spread=spread)) for spread in (0.0, 1.0, 20.0)]
    assert scores == sorted(scores)
    assert scores[0] == pytest.approx(1 / 4, abs=0.1)
    assert scores[-1] == 1


def test_edges():
    features, labels = problem(3)
    assert knn(features, labels, neighbours=200) == knn(features, labels, neighbours=39)  # all the others
    zero = features.copy()
    zero[0] = 0
    assert 0 <= knn(zero, labels) <= 1
    assert knn(features.astype(np.float32), labels) == knn(features, labels)
    assert knn(features[:2], np.array([0, 1])) == 0
    with pytest.raises(Inapplicable, match="one class"):
        knn(features, np.zeros_like(labels))
    with pytest.raises(Inapplicable, match="one class per sample"):
        knn(features, features)
    with pytest.raises(UsageError, match="cosine or euclidean"):
        knn(features, labels, distance="manhattan")
    with pytest.raises(UsageError, match="at least 1"):
        knn(features, labels, neighbours=0)


def test_inputs_are_left_alone():
    features, labels = problem(4)
    features.flags.writeable = labels.flags.writeable = False
    assert isinstance(knn(features, labels), float)
    assert isinstance(knn(features, labels, distance="euclidean"), float)
