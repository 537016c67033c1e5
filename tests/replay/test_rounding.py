"""What printed digits leave open, against unrounded numbers drawn within half a unit."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from tbench.published.rounding import numbers, pearson_range, tie_break_count, tie_breaks, unit
from tbench.statistics import agreement, tau_by_truth

integers = st.integers(-500, 500)
pairs = st.lists(st.tuples(integers, integers), min_size=3, max_size=9)
shares = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize(
    ("texts", "expected"), [(["0.69", "0.8158"], 1e-4), (["3", "14"], 1.0), (["2.3e4"], 1e3), (["-0.50"], 1e-2)]
)
def test_the_unit_is_that_of_the_longest_number(texts: list[str], expected: float) -> None:
    assert unit(texts) == expected


def test_a_number_that_is_not_finite_has_no_unit() -> None:
    with pytest.raises(ValueError, match="'nan' is not a finite number"):
        unit(["nan"])


@settings(max_examples=50)
@given(pairs, shares)
def test_unrounded_numbers_keep_pearson_within_its_range(pairs: list[tuple[int, int]], seed: int) -> None:
    x, y = np.array(pairs, dtype=np.float64).T
    assume(np.ptp(x) > 50 and np.ptp(y) > 50)
    low, high = pearson_range([str(int(value)) for value in x], [str(int(value)) for value in y])
    assert -1 - 1e-12 <= low <= stats.pearsonr(x, y).statistic + 1e-12
    assert stats.pearsonr(x, y).statistic - 1e-12 <= high <= 1 + 1e-12
    random = np.random.default_rng(seed)
    for _ in range(20):
        moved = [column + random.uniform(-0.5, 0.5, column.size) for column in (x, y)]
        assert low - 1e-9 <= stats.pearsonr(*moved).statistic <= high + 1e-9


def test_a_column_that_may_be_constant_is_no_trouble() -> None:
    low, high = pearson_range(["1", "1", "2"], ["5", "7", "9"])
    assert -1 <= low <= high <= 1


@settings(max_examples=50)
@given(st.lists(st.integers(0, 2), min_size=1, max_size=4))
def test_tie_breaks_are_all_orders_of_what_is_tied_and_no_other(values: list[int]) -> None:
    found = [tuple(stats.rankdata(ranks, method="dense")) for ranks in tie_breaks([str(value) for value in values])]
    orders = {tuple(stats.rankdata(ranks, method="dense")) for ranks in product(range(len(values)), repeat=len(values))}
    places = [(i, j) for i, low in enumerate(values) for j, high in enumerate(values) if low < high]
    assert sorted(found) == sorted(ranks for ranks in orders if all(ranks[i] < ranks[j] for i, j in places))
    assert len(found) == tie_break_count([str(value) for value in values])


@given(pairs)
def test_tau_by_truth_is_scipys_with_ranks_of_the_first_argument(pairs: list[tuple[int, int]]) -> None:
    x, y = np.array(pairs, dtype=np.float64).T
    assume(np.ptp(x) > 0 and np.ptp(y) > 0)
    by_truth, by_scores = tau_by_truth(x, y), tau_by_truth(y, x)
    assert by_truth == pytest.approx(stats.weightedtau(y, x, rank=None).statistic, abs=1e-12)
    assert by_truth is not None
    assert by_scores is not None
    assert (by_truth + by_scores) / 2 == pytest.approx(agreement(x, y).tau_w, abs=1e-12)


def test_tau_by_truth_of_what_orders_nothing_is_not_defined() -> None:
    assert tau_by_truth([1, 1, 1], [1, 2, 3]) is None
    assert tau_by_truth([1, 2, 3], numbers(["0.5", "0.5", "0.5"])) is None
