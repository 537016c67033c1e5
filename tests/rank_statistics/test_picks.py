"""What it is worth to follow a metric, ties included."""

from __future__ import annotations

import math
from itertools import combinations
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tbench.statistics import fidelity, selection

from .oracles import CASES, RANKED, vectors

UNTIED = [name for name in RANKED if len(set(vectors(name)[0])) == len(vectors(name)[0])]


@pytest.mark.parametrize("name", [*UNTIED, "two_models"])
def test_against_the_definition(name: str) -> None:
    told = CASES[name]["expected"]["selection"]
    assert told
    for key, expected in told.items():
        found = selection(*vectors(name), int(key[1:]))
        assert found is not None
        assert found.regret == pytest.approx(expected["regret_at_k"], rel=1e-9, abs=1e-9)
        assert found.rel == pytest.approx(expected["rel_at_k"], rel=1e-9)
        assert found.recall == pytest.approx(float(expected["best_in_top_k"]))


def test_what_ties_leave_open_is_expected() -> None:
    truth = CASES["constant_scores"]["inputs"]["ground_truth"]
    found = selection([0.0] * len(truth), truth, 1)
    assert found is not None
    assert found.regret == pytest.approx(max(truth) - fmean(truth))
    assert found.recall == pytest.approx(1 / len(truth))
    three = selection([0.0] * len(truth), truth, 3)
    assert three is not None
    assert three.recall == pytest.approx(3 / len(truth))


@settings(max_examples=150)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=1, max_size=7), st.data())
def test_every_way_to_break_ties_counts_the_same(pairs: list[tuple[int, int]], data: st.DataObject) -> None:
    scores, truth = [x for x, _ in pairs], [y for _, y in pairs]
    k = data.draw(st.integers(1, len(pairs)))
    total = max(sum(scores[i] for i in chosen) for chosen in combinations(range(len(pairs)), k))
    best = [
        max(truth[i] for i in chosen)
        for chosen in combinations(range(len(pairs)), k)
        if sum(scores[i] for i in chosen) == total
    ]
    found = selection(scores, truth, k)
    assert found is not None
    assert found.regret == pytest.approx(max(truth) - fmean(best), abs=1e-12)
    assert found.recall == pytest.approx(fmean(value == max(truth) for value in best))
    if max(truth) > 0:
        assert found.rel == pytest.approx(fmean(best) / max(truth))
    else:
        assert found.rel is None


def test_what_cannot_be_picked() -> None:
    assert selection([1.0, 2.0], [1.0, 2.0], 3) is None
    assert selection([1.0, math.nan], [1.0, 2.0], 1) is None
    with pytest.raises(ValueError, match="cannot be picked"):
        selection([1.0], [1.0], 0)
    with pytest.raises(ValueError, match="cannot be picked"):
        selection([1.0], [1.0, 2.0], 1)


def test_gaps_that_keep_their_promise() -> None:
    truth = [0.1, 0.2, 0.5, 0.9]
    assert fidelity([10 * value for value in truth], truth) == pytest.approx(1)
    assert fidelity([-value for value in truth], truth) == pytest.approx(-1)


def test_the_right_order_may_promise_wrong_gaps() -> None:
    """Scores 0, 3, 5, 6 for truths 0, 1, 3, 6: gaps 3, 5, 6, 2, 3, 1 promise 1, 3, 6, 2, 5, 3."""
    found = fidelity([0, 3, 5, 6], [0, 1, 3, 6])
    assert found == pytest.approx(np.corrcoef([3, 5, 6, 2, 3, 1], [1, 3, 6, 2, 5, 3])[0, 1])
    assert found is not None
    assert found < 0.6


def test_pairs_of_equal_scores_promise_nothing() -> None:
    found = fidelity([0, 0, 1, 3], [0.9, 0.1, 0.5, 0.7])
    promised, held = [1, 1, 3, 3, 2], [-0.4, 0.4, -0.2, 0.6, 0.2]
    assert found == pytest.approx(np.corrcoef(promised, held)[0, 1])
    assert fidelity([1, 1, 1], [1, 2, 3]) is None
    assert fidelity([0.1, 0.7, 0.7], [0.1, 0.2, 0.3]) is None  # two gaps, of one size
    assert fidelity([1, 2], [1, 2]) is None
    assert fidelity([1, math.nan, 3], [1, 2, 3]) is None
    assert fidelity([-1.7e308, 0, 1.7e308], [0, 1, 2]) == pytest.approx(1)
    with pytest.raises(ValueError, match="two vectors of one length"):
        fidelity([1, 2], [1, 2, 3])
