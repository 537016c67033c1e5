"""Intervals: as wide as they should be, and which part comes from what."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tbench.statistics import (
    Study,
    by_size,
    drawn_taus,
    interval,
    left_out,
    mean_known,
    other_candidates,
    other_repeats,
    other_seeds,
    subsets,
    together,
)


def correlated(random: np.random.Generator, rho: float, n: int, pools: int) -> tuple[NDArray[np.float64], ...]:
    truth = random.standard_normal((pools, n))
    return rho * truth + math.sqrt(1 - rho**2) * random.standard_normal((pools, n)), truth


def one(scores: NDArray[np.float64], truth: NDArray[np.float64]) -> Study:
    return Study(scores[None, None, None], truth[None, None])


@given(st.integers(0, 9), st.integers(0, 9))
def test_subsets_have_their_size_and_no_candidate_twice(n: int, size: int) -> None:
    if size > n:
        with pytest.raises(ValueError, match="can be drawn"):
            subsets(n, size, 0)
        return
    for draws in (1000, 3):
        found = subsets(n, size, 0, draws)
        assert (found.sum(axis=1) == size).all()
        assert len(found) == (math.comb(n, size) if math.comb(n, size) <= draws else draws)
        assert draws == 3 or len({row.tobytes() for row in found}) == len(found)


@pytest.mark.parametrize("rho", [0.0, 0.7])
def test_intervals_hold_what_other_pools_give(rho: float) -> None:
    """95 % intervals of pools of 14 hold the mean of all such pools in about 95 of 100; a little less, as they know."""
    random = np.random.default_rng(0)
    goal = np.mean([drawn_taus(x, y)[0, 0] for x, y in zip(*correlated(random, rho, 14, 4000), strict=True)])
    held = widths = 0.0
    pools = 200
    for x, y in zip(*correlated(random, rho, 14, pools), strict=True):
        it = one(x, y)
        found = interval(it.cells()[0], other_candidates(it, 0, 200))
        held += bool(found.low[0, 0] <= goal <= found.high[0, 0])
        widths += float(found.high[0, 0] - found.low[0, 0])
    assert 0.88 <= held / pools <= 0.99
    assert 0.3 < widths / pools < 1.2


def test_the_scatter_of_halves_is_that_of_whole_pools() -> None:
    random = np.random.default_rng(1)
    x, y = correlated(random, 0.6, 15, 400)
    truly = np.std([drawn_taus(*pair)[0, 0] for pair in zip(x, y, strict=True)])
    told = np.mean([other_candidates(one(*pair), 0, 200).std() for pair in zip(x, y, strict=True)])
    assert told == pytest.approx(truly, rel=0.15)


def test_a_perfect_order_is_perfect_in_every_half() -> None:
    it = one(np.arange(9.0), np.arange(9.0))
    found = interval(it.cells()[0], other_candidates(it, 0))
    assert found.low == pytest.approx(1)
    assert found.high == pytest.approx(1)
    assert found.sd == pytest.approx(0, abs=1e-12)


def test_seeds_of_the_truth_scatter_only_where_they_differ() -> None:
    scores = np.tile(np.arange(6.0), (2, 1, 1, 1))
    steady = np.tile(np.arange(6.0) / 10, (2, 3, 1))
    assert other_seeds(Study(scores, steady[:, :1]), 0) is None
    same = other_seeds(Study(scores, steady), 0, 50)
    assert same is not None
    assert np.abs(same).max() < 1e-12
    noisy = steady.copy()
    noisy[1] += np.array([[0.2], [0.0], [-0.2]]) * (np.arange(6) % 2)
    found = other_seeds(Study(scores, noisy), 0, 200)
    assert found is not None
    assert np.abs(found[:, 0]).max() < 1e-12
    assert found[:, 1].std() > 0.02


def test_the_scatter_of_seeds_is_that_of_fresh_truths() -> None:
    random = np.random.default_rng(2)
    scores, centre, sd, seeds = np.arange(12.0), np.arange(12.0) / 12, 0.15, 4
    fresh = centre + sd / math.sqrt(seeds) * random.standard_normal((4000, 12))
    truly = drawn_taus(scores, fresh).std()
    told = []
    for _ in range(60):
        truths = centre + sd * random.standard_normal((1, seeds, 12))
        scatter = other_seeds(Study(scores[None, None, None], truths), 0, 300)
        assert scatter is not None
        told.append(scatter.var())
    assert math.sqrt(np.mean(told)) == pytest.approx(truly, rel=0.25)


def test_a_candidate_without_some_seed_keeps_the_others() -> None:
    truths = np.array([[[0.1, 0.2, 0.3], [0.1, 0.25, math.nan], [math.nan, 0.15, math.nan]]])
    it = Study(np.array([1.0, 2, 3])[None, None, None], truths)
    found = other_seeds(it, 0, 100)
    assert found is not None
    assert np.isfinite(found).all()


def test_repeats_of_scores() -> None:
    truth = np.arange(4.0)
    repeats = np.array([[0.0, 1, 2, 3], [3.0, 2, 1, 0]])[None, :, None]
    it = Study(repeats, truth[None, None])
    assert other_repeats(Study(repeats[:, :1], truth[None, None]), 0) is None
    found = other_repeats(it, 0, 4000)
    assert found is not None
    assert found.shape == (4000, 1, 1)
    # +1 and -1: two drawn of two have a variance of 1/2, the mean of two fresh ones 2/2
    assert found.var() == pytest.approx(1, rel=0.1)


def test_independent_parts_add_their_variances() -> None:
    random = np.random.default_rng(3)
    wide, narrow = 0.4 * random.standard_normal((3000, 1, 2)), 0.3 * random.standard_normal((700, 1, 2))
    both = together([wide, narrow], 0, 20_000)
    assert both.shape == (20_000, 1, 2)
    np.testing.assert_allclose(both.std(axis=0), 0.5, rtol=0.06)
    assert {*together([narrow], 0, 50)[:, 0, 0].tolist()} <= {*narrow[:, 0, 0].tolist()}


def test_an_interval_stays_within_bounds_and_of_nothing_is_nothing() -> None:
    values = np.array([0.9, math.nan])
    scatter = np.array([[-0.5, 1.0], [0.5, math.nan], [0.0, 0.0]])
    found = interval(values, scatter, level=1.0)
    np.testing.assert_allclose(found.low, [0.4, math.nan])
    np.testing.assert_allclose(found.high, [1.0, math.nan])
    np.testing.assert_allclose(found.sd, [0.5, math.nan])


def test_leaving_families_out() -> None:
    random = np.random.default_rng(5)
    it = Study(random.random((2, 1, 3, 5)), random.random((2, 1, 5)))
    families = ["a", "b", "a", "c", "c"]
    found = left_out(it, families)
    assert [*found] == ["a", "b", "c"]
    for family, means in found.items():
        there = np.array([name != family for name in families])
        alone = Study(it.scores[..., there], it.truths[..., there])
        np.testing.assert_allclose(means, mean_known(alone.cells()[0], axis=0))


def test_small_pools_scatter_more() -> None:
    x, y = correlated(np.random.default_rng(6), 0.8, 12, 1)
    found = by_size(one(x[0], y[0]), [4, 8, 12], 0, 500)
    assert [len(taus) for taus in found.values()] == [495, 495, 1]
    assert found[4].std() > found[8].std() > found[12].std() == 0
    assert found[12][0, 0] == pytest.approx(drawn_taus(x[0], y[0])[0, 0])
