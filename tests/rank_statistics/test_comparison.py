"""Telling metrics apart: Demšar's tests, the Bayesian one, classes, and boards that were made otherwise."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tbench.statistics import (
    Posterior,
    critical_difference,
    differing,
    friedman,
    holm,
    rank_classes,
    setup_stability,
    signed_rank,
    wilcoxon_pairs,
)

from .oracles import CASES

CASE = CASES["friedman_nemenyi"]
TABLE = np.array(CASE["inputs"]["tau_table"])
EXPECTED = CASE["expected"]


def test_friedman_and_nemenyi() -> None:
    found = friedman(TABLE)
    assert found is not None
    assert found.ranks == pytest.approx(EXPECTED["mean_ranks"], rel=1e-6)
    told = (found.statistic, found.p, found.f, found.w)
    names = ("friedman_chi2", "friedman_p", "iman_davenport_f", "kendalls_w")
    assert told == pytest.approx(tuple(EXPECTED[name] for name in names), rel=1e-6)
    assert found.f_p == pytest.approx(stats.f.sf(found.f, 4, 32))
    assert found.datasets == 9
    assert critical_difference(5, 9) == pytest.approx(EXPECTED["nemenyi_critical_difference_05"], rel=1e-6)


@pytest.mark.parametrize(("metrics", "q"), [(2, 1.960), (3, 2.343), (5, 2.728), (10, 3.164)])
def test_critical_values_of_demsar(metrics: int, q: float) -> None:
    """Table 5 of Demšar, JMLR 2006."""
    assert critical_difference(metrics, 1) / math.sqrt(metrics * (metrics + 1) / 6) == pytest.approx(q, abs=2e-3)


def test_what_cannot_be_compared() -> None:
    assert friedman(TABLE[:1]) is None
    assert friedman(TABLE[:, :2]) is None
    assert friedman(np.ones((3, 3))) is None
    with pytest.raises(ValueError, match="cannot be compared"):
        critical_difference(1, 9)
    gap = TABLE.copy()
    gap[0, 0] = math.nan
    assert friedman(gap) == friedman(TABLE[1:])


def test_datasets_of_one_mind() -> None:
    found = friedman(np.tile([3.0, 2.0, 1.0], (4, 1)))
    assert found is not None
    assert (found.f, found.f_p, found.w) == (math.inf, 0.0, pytest.approx(1))


def test_wilcoxon_is_scipys_with_holm_over_the_pairs() -> None:
    found = wilcoxon_pairs(TABLE)
    pairs = [(one, other) for one in range(5) for other in range(one + 1, 5)]
    alone = [stats.wilcoxon(TABLE[:, one], TABLE[:, other]).pvalue for one, other in pairs]
    for (one, other), p in zip(pairs, holm(alone), strict=True):
        assert found[one, other] == found[other, one] == pytest.approx(p)
    assert np.isnan(np.diag(found)).all()


def test_pairs_without_a_difference_and_pairs_without_a_dataset() -> None:
    found = wilcoxon_pairs([[0.1, 0.1, math.nan], [0.2, 0.2, math.nan]])
    assert found[0, 1] == 1
    assert np.isnan(found[:, 2]).all()


def test_datasets_without_a_difference_are_left_out_as_in_the_original() -> None:
    differences = np.array([0.0, 0.3, -0.1, 0.2, 0.0, 0.5, 0.4])
    found = wilcoxon_pairs(np.stack([differences, np.zeros(7)], axis=1))
    assert found[0, 1] == pytest.approx(stats.wilcoxon(differences[differences != 0], method="exact").pvalue)
    assert found[0, 1] == pytest.approx(stats.wilcoxon(differences).pvalue)


def test_signed_rank_tells_better_equal_and_worse() -> None:
    base = np.linspace(0, 0.5, 12)
    assert signed_rank(base + 0.1, base, 0).better > 0.99
    assert signed_rank(base, base + 0.1, 0).worse > 0.99
    assert signed_rank(base + 0.01, base, 0).equal > 0.99
    open_ = signed_rank(base + np.tile([0.1, -0.1], 6), base, 0)
    assert open_.better == pytest.approx(open_.worse, abs=0.1)
    assert max(open_.better, open_.worse) < 0.95


def test_signed_rank_of_one_dataset_in_closed_form() -> None:
    """Mass above is w * w + 2 * w * (1 - w) for a difference beyond twice the rope; w is Beta(1, 1/2)."""
    found = signed_rank([0.5], [0.0], 0, draws=40_000)
    threshold = 1 - math.sqrt(0.5)
    assert found.better == pytest.approx(stats.beta.sf(threshold, 1, 0.5), abs=0.01)
    assert found.worse == 0


def test_signed_rank_of_nothing_knows_nothing_but_its_prior() -> None:
    assert signed_rank([math.nan], [0.1], 0) == Posterior(0.0, 1.0, 0.0)


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), max_size=8))
def test_probabilities_add_up_and_turn(pairs: list[tuple[float, float]]) -> None:
    one, other = [x for x, _ in pairs], [y for _, y in pairs]
    found, turned = signed_rank(one, other, 0, draws=50), signed_rank(other, one, 0, draws=50)
    assert found.better + found.equal + found.worse == pytest.approx(1)
    assert (found.better, found.equal) == (pytest.approx(turned.worse), pytest.approx(turned.equal))


def test_differences_are_held_against_their_own_scatter() -> None:
    random = np.random.default_rng(0)
    common = random.standard_normal((4000, 1))
    scatter = 0.3 * common + 0.01 * random.standard_normal((4000, 3))
    found = differing([0.5, 0.4, 0.4], scatter)
    sd = (scatter[:, 0] - scatter[:, 1]).std(ddof=1)
    assert found[0, 1] <= 3 * 2 * stats.norm.sf(0.1 / sd) + 1e-12
    assert found[1, 2] == 1
    alone = differing([0.5, 0.46], scatter[:, :2])
    assert alone[0, 1] == alone[1, 0] == pytest.approx(2 * stats.norm.sf(0.04 / sd), rel=1e-6)
    unknown = differing([0.5, math.nan], scatter[:, :2])
    assert np.isnan(unknown).all()


def test_a_draw_in_which_one_is_undefined_is_left_out() -> None:
    random = np.random.default_rng(1)
    scatter = random.standard_normal((50, 2))
    scatter[::7, 1] = math.nan
    known = scatter[np.isfinite(scatter).all(axis=1)]
    sd = (known[:, 0] - known[:, 1]).std(ddof=1)
    assert differing([1.0, 0.0], scatter)[0, 1] == pytest.approx(2 * stats.norm.sf(1 / sd))


def test_classes_by_hand() -> None:
    values = [0.5, 0.9, 0.8, 0.45, 0.1]
    ps = np.ones((5, 5))
    for one, other in ((1, 0), (1, 3), (1, 4), (0, 4), (3, 4)):
        ps[one, other] = ps[other, one] = 0.01
    assert rank_classes(values, ps) == (2, 1, 1, 2, 3)
    assert rank_classes(values, np.ones((5, 5))) == (1, 1, 1, 1, 1)
    assert rank_classes([], np.ones((0, 0))) == ()


def test_classes_follow_the_order_even_where_tests_do_not() -> None:
    ps = np.ones((3, 3))
    ps[0, 1] = ps[1, 0] = 0.01
    assert rank_classes([0.9, 0.8, 0.7], ps) == (1, 2, 2)


@given(st.lists(st.floats(-1, 1), max_size=7), st.integers(0, 99))
def test_a_better_metric_is_never_in_a_worse_class(values: list[float], seed: int) -> None:
    ps = np.random.default_rng(seed).random((len(values), len(values))) / 10
    found = rank_classes(values, np.maximum(ps, ps.T))
    ranked = sorted(zip(values, found, strict=True), key=lambda pair: -pair[0])
    for (value, number), (next_value, next_number) in pairwise(ranked):
        assert number <= next_number or value == next_value
    assert {*found} == {*range(1, max(found, default=0) + 1)}


def test_boards_made_otherwise() -> None:
    same = setup_stability([[0.3, 0.2, 0.1], [0.9, 0.5, 0.4]])
    assert (same.value, same.count) == (pytest.approx(1), 1)
    found = setup_stability([[0.3, 0.2, 0.1], [0.1, 0.2, 0.3], [0.3, math.nan, 0.1], [1, 1, 1]])
    assert found.value == pytest.approx((-1 + 1 - 1) / 3)
    assert (found.count, found.total) == (3, 6)
