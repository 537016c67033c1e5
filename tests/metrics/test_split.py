"""A split score is the mean of those of two halves, each scored as if it were all there is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tbench
from tbench.api import Inapplicable
from tbench_metrics.split import split

pytestmark = pytest.mark.filterwarnings("ignore::tbench.api.ScoreWarning")


def halves(labels, seed):
    """The rows that split asks for."""
    asked = []

    def inner(rows):
        asked.append(rows)
        return tbench.api.Score(float(len(rows)))

    split(inner, labels, seed)
    return asked


@given(labels=st.lists(st.integers(0, 4), min_size=2, max_size=60), seed=st.integers(0, 2**32 - 1))
def test_halves_share_nothing_leave_nothing_out_and_hold_half_of_each_class(labels, seed):
    labels = np.array(labels)
    first, second = halves(labels, seed)
    assert sorted([*first, *second]) == [*range(len(labels))]
    for c in np.unique(labels):
        assert abs((labels[first] == c).sum() - (labels[second] == c).sum()) <= 1
    assert abs(len(first) - len(second)) <= 1


@given(samples=st.integers(2, 40), seed=st.integers(0, 2**32 - 1))
def test_tables_of_labels_are_halved_at_random(samples, seed):
    first, second = halves(np.zeros((samples, 2)), seed)
    assert sorted([*first, *second]) == [*range(samples)]
    assert abs(len(first) - len(second)) <= 1


@settings(max_examples=4)
@given(seed=st.integers(0, 2**32 - 1))
@pytest.mark.parametrize("spec", ["lfc", "logme", "transrate", "logme+pca:dims=3"])
def test_is_the_mean_of_the_scores_of_both_halves(spec, seed):
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(50) % 3)
    features = rng.normal(size=(50, 5)) + rng.normal(size=(3, 5))[labels]
    scores = [tbench.score(spec, features=features[rows], labels=labels[rows]) for rows in halves(labels, seed)]
    told = tbench.score(f"{spec}+split", terms=True, features=features, labels=labels, seed=seed)
    assert told == pytest.approx({"first": scores[0], "second": scores[1], "gap": abs(scores[0] - scores[1])})
    assert tbench.score(f"{spec}+split", features=features, labels=labels, seed=seed) == pytest.approx(np.mean(scores))


def test_all_evidence_of_the_samples_is_halved():
    rng = np.random.default_rng(0)
    labels = np.arange(40) % 2
    said = rng.dirichlet(np.ones(3), size=40)
    scores = [tbench.score("leep", source_probabilities=said[rows], labels=labels[rows]) for rows in halves(labels, 0)]
    assert tbench.score("leep+split", source_probabilities=said, labels=labels) == pytest.approx(np.mean(scores))


def test_one_sample_cannot_be_split():
    with pytest.raises(Inapplicable, match="one sample cannot be split"):
        tbench.score("knn+split", features=np.ones((1, 2)), labels=[0])
