"""Agreement of rankings: SciPy's numbers where they are defined, None where they are not; what chance reaches."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from tbench.statistics import (
    Agreement,
    Mean,
    agreement,
    agreements,
    between_seeds,
    null_means,
    null_quantile,
    rounded,
    row_means,
    tau_by_truth,
    weighted_taus,
)

NOTHING = Agreement(None, None, None, None)

# Huang et al., Frustratingly Easy Transferability Estimation (TransRate), ICML 2022: fine-tuning accuracy on CIFAR-100
# of 13 networks (ResNet 18, 34, 50, MobileNet .25 to 1, DenseNet 121, 169, 201, Inception v3, MNASNet .5, 1), the
# scores of their published code, and R_p, tau_K and tau_w as they print them.
ACCURACY = [0.8158, 0.8391, 0.8405, 0.69, 0.7512, 0.7865, 0.8083, 0.8269, 0.8418, 0.8435, 0.8375, 0.67, 0.7811]
NCE = [
    -2.7121,
    -2.515,
    -2.5163,
    -3.0111,
    -2.791,
    -2.7456,
    -2.6407,
    -2.5036,
    -2.4182,
    -2.3052,
    -2.6147,
    -2.7423,
    -2.6433,
]


def test_published_numbers() -> None:
    found = agreement(NCE, ACCURACY)
    assert (found.pearson, found.tau, found.tau_w) == pytest.approx((0.7937, 0.7436, 0.8315), abs=6e-5)


def by_hand(x: list[float], y: list[float]) -> float:
    """Vigna's definition, pair by pair, for vectors without ties."""

    def one_way(rank_by: list[float]) -> float:
        ranks = {index: place for place, index in enumerate(sorted(range(len(x)), key=lambda i: -rank_by[i]))}
        agree = norm = 0.0
        for i in range(len(x)):
            for j in range(i):
                weight = 1 / (1 + ranks[i]) + 1 / (1 + ranks[j])
                agree += weight * math.copysign(1, (x[i] - x[j]) * (y[i] - y[j]))
                norm += weight
        return agree / norm

    return (one_way(x) + one_way(y)) / 2


def test_weighted_tau_is_the_mean_of_both_ways_of_ranking() -> None:
    y = [0.1, 0.2, 0.3, 0.4]
    for order in permutations([1.0, 2.0, 3.0, 4.0]):
        found = agreement(order, y).tau_w
        assert found == pytest.approx(by_hand(list(order), y), abs=1e-14)
        assert found == agreement(y, order).tau_w


def test_the_top_counts_more_than_the_bottom() -> None:
    truth = [1, 2, 3, 4, 5]
    wrong_below = agreement([2, 1, 3, 4, 5], truth)
    wrong_on_top = agreement([1, 2, 3, 5, 4], truth)
    assert wrong_below.tau == wrong_on_top.tau == pytest.approx(0.8)
    assert wrong_below.tau_w is not None
    assert wrong_on_top.tau_w is not None
    assert wrong_below.tau_w > 0.8 > wrong_on_top.tau_w


def test_perfect_and_reversed() -> None:
    truth = [0.3, 0.1, 0.2]
    assert agreement(truth, truth) == Agreement(*[pytest.approx(1)] * 4)
    assert agreement([-value for value in truth], truth) == Agreement(*[pytest.approx(-1)] * 4)


def test_ties_are_left_out_of_the_norm() -> None:
    scores, truth = [1, 1, 1, 1, 2], [1, 2, 3, 4, 5]
    found = agreement(scores, truth)
    assert found.tau == pytest.approx(4 / math.sqrt(4 * 10))
    assert found.tau_w == pytest.approx(stats.weightedtau(scores, truth).statistic, abs=1e-15)
    assert found.spearman == pytest.approx(stats.spearmanr(scores, truth).statistic)
    assert found.pearson == pytest.approx(stats.pearsonr(scores, truth).statistic)


@pytest.mark.parametrize(
    ("scores", "truth"),
    [
        ([], []),
        ([1.0], [1.0]),
        ([1, 1, 1], [1, 2, 3]),
        ([1, 2, 3], [2, 2, 2]),
        ([1, 2, math.nan], [1, 2, 3]),
        ([1, 2, math.inf], [1, 2, 3]),
        ([1, 2, 3], [1, -math.inf, 3]),
        ([0.1 + 0.2, 0.3], [1, 2]),
    ],
)
def test_what_is_not_defined_is_none(scores: list[float], truth: list[float]) -> None:
    assert agreement(scores, truth) == NOTHING


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="one length"):
        agreement([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="vectors"):
        agreement([[1, 2]], [[1, 2]])


def test_the_last_bit_does_not_decide() -> None:
    truth = [1, 2, 3]
    assert agreement([0.5, 0.5, 0.7], truth) == agreement([0.5 + 2e-16, 0.5, 0.7], truth)
    assert agreement([1, 2, 3], [0.3, 0.3, 0.5]) == agreement([1, 2, 3], [0.1 + 0.2, 0.3, 0.5])
    assert agreement([0.5 + 1e-9, 0.5, 0.7], truth).tau_w != agreement([0.5, 0.5, 0.7], truth).tau_w


def test_rounding_keeps_ten_digits_at_any_size() -> None:
    values = [1.23456789012345e-200, 0.0, -9.87654321098765e200, 1.0]
    assert rounded(values).tolist() == [1.234567890e-200, 0.0, -9.876543211e200, 1.0]


@settings(max_examples=200)
@given(st.lists(st.tuples(st.floats(), st.floats()), max_size=8))
@example([(1.7e308, 0.0), (1.7e308, 1.0), (-1.7e308, 1.0)])
@example([(5e-324, 0.0), (0.0, 1.0), (0.0, -1.7e308)])
def test_never_nan_and_never_a_warning(pairs: list[tuple[float, float]]) -> None:
    scores, truth = [x for x, _ in pairs], [y for _, y in pairs]
    for found in (agreement(scores, truth), *(agreements([scores], truth) if pairs else ())):
        for value in (found.tau_w, found.tau, found.pearson, found.spearman):
            assert value is None or -1 - 1e-12 <= value <= 1 + 1e-12
    by_truth = tau_by_truth(scores, truth)
    assert by_truth is None or -1 - 1e-12 <= by_truth <= 1 + 1e-12


@pytest.mark.parametrize("n", [2, 3, 5, 14, 40])
@pytest.mark.parametrize("values", [2, 4, 1000])
def test_many_at_once_equals_scipy_with_and_without_ties(n: int, values: int) -> None:
    random = np.random.default_rng(n * values)
    scores = random.integers(0, values, (40, n)).astype(float)
    for truth in (random.integers(0, values, n).astype(float), random.standard_normal(n)):
        expected = np.array([stats.weightedtau(row, truth).statistic for row in scores])
        np.testing.assert_allclose(weighted_taus(scores, truth), expected, rtol=0, atol=1e-12)


def test_many_at_once_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    scores, truth = random.random((25, 6)), random.random(6)
    whole = weighted_taus(scores, truth)
    monkeypatch.setattr("tbench.statistics.correlation.BLOCK", 100)
    assert weighted_taus(scores, truth).tolist() == whole.tolist()
    assert weighted_taus(scores[0], truth).tolist() == whole[:1].tolist()


def test_agreement_between_seeds() -> None:
    one, other, third = [1, 2, 3, 4], [1, 2, 4, 3], [4, 3, 2, 1]
    assert between_seeds([one]) == NOTHING
    assert between_seeds([[1], [2]]) == NOTHING
    pairs = [agreement(*pair) for pair in ((one, other), (one, third), (other, third))]
    found = between_seeds([one, other, third])
    for measure in ("tau_w", "tau", "pearson", "spearman"):
        assert getattr(found, measure) == pytest.approx(np.mean([getattr(pair, measure) for pair in pairs]))
        assert getattr(between_seeds([one, one, [5, 5, 5, 5]]), measure) == pytest.approx(1)


def test_null_of_three_candidates_is_the_distribution_of_all_orders() -> None:
    truth = [1.0, 2.0, 3.0]
    exact = sorted(by_hand(list(order), truth) for order in permutations(truth))
    null = null_quantile([truth], draws=60_000, seed=1, level=0.7)
    assert null is not None
    assert null.quantile == pytest.approx(exact[4])
    assert null.sd == pytest.approx(np.std(exact), abs=0.01)


def test_null_of_the_mean_narrows_with_datasets_and_knows_its_seed() -> None:
    random = np.random.default_rng(0)
    truths = [random.random(14) for _ in range(8)]
    one, eight = null_quantile(truths[:1], 4000, 0), null_quantile(truths, 4000, 0)
    assert one is not None
    assert eight is not None
    assert eight.sd == pytest.approx(one.sd / math.sqrt(8), rel=0.1)
    assert eight.quantile == pytest.approx(1.645 * eight.sd, rel=0.1)
    assert eight == null_quantile(truths, 4000, 0) != null_quantile(truths, 4000, 1)


def test_null_passes_over_datasets_that_rank_nothing() -> None:
    truth = [1, 2, 3, 4]
    assert null_quantile([[1, 1], truth, [2]], 100, 0) == null_quantile([truth], 100, 0)
    assert null_quantile([[1, 1], [2], []], 100, 0) is None
    assert null_means([[1, 1], [2], []], 100, 0).shape == (0,)


def test_null_is_of_the_means_that_are_drawn() -> None:
    truths = [[1, 2, 3, 4], [4, 1, 3]]
    means = null_means(truths, 500, 7)
    null = null_quantile(truths, 500, 7)
    assert null is not None
    assert means.shape == (500,)
    assert np.abs(means).max() <= 1
    assert (null.quantile, null.sd) == (np.quantile(means, 0.95), np.std(means, ddof=1))


def test_a_mean_says_how_many_it_rests_on() -> None:
    assert Mean.of([0.5, None, 1.0]) == Mean(0.75, 2, 3)
    assert Mean.of([None, None]) == Mean(None, 0, 2)
    assert Mean.of([]) == Mean(None, 0, 0)


TABLES = st.tuples(st.integers(1, 6), st.integers(1, 5), st.integers(0, 2**31))


@given(TABLES)
def test_means_of_whole_rows_are_means(shape: tuple[int, int, int]) -> None:
    rows, columns, seed = shape
    table = np.random.default_rng(seed).random((rows, columns))
    np.testing.assert_allclose(row_means(table), table.mean(axis=1), rtol=0, atol=1e-12)


@given(TABLES)
def test_gaps_take_nothing_from_a_row_where_rows_and_columns_add_up(shape: tuple[int, int, int]) -> None:
    rows, columns, seed = shape
    random = np.random.default_rng(seed)
    table = random.random((rows, 1)) + random.random(columns)
    known = random.random(table.shape) < 0.5
    known[0] = known[:, 0] = True  # one column and one row that link all the others
    found = row_means(np.where(known, table, math.nan))
    np.testing.assert_allclose(found, table.mean(axis=1), rtol=0, atol=1e-12)
