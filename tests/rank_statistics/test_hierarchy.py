"""Pools in which one list fits all: the published pool, number by number, and cases by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbench.published.facts import load
from tbench.statistics import agreement, concordance, drawn_taus, friedman, kendalls_w, ranks_elsewhere

from .oracles import CASES, PUBLISHED, TRUTH

EXPECTED = PUBLISHED["expected"]


def test_the_published_pool_is_a_trivial_one() -> None:
    found = concordance(TRUTH)
    assert found.w == pytest.approx(EXPECTED["kendalls_w"], rel=1e-9)
    assert found.trivial
    assert (found.candidates, found.datasets) == (11, 11)
    assert found.won == pytest.approx(8 / 11)
    assert PUBLISHED["models"][found.winner] == "resnet152"
    assert found.head_room == pytest.approx(np.mean(1 - TRUTH.max(axis=1)))


def test_what_the_other_datasets_tell() -> None:
    floors = ranks_elsewhere(TRUTH)
    taus = [agreement(*pair).tau_w for pair in zip(floors, TRUTH, strict=True)]
    name = "leave_one_dataset_out_mean_rank"
    assert taus == pytest.approx(EXPECTED["weighted_tau_of_static_rankers"][name], rel=1e-9)
    mean = np.mean([tau for tau in taus if tau is not None])
    assert mean == pytest.approx(EXPECTED["means"][name], rel=1e-9)
    assert mean == pytest.approx(0.837, abs=5e-4)


@pytest.mark.parametrize(
    ("name", "mean"), [("imagenet_top1", 0.654), ("parameters_millions", 0.578), ("gflops", 0.644)]
)
def test_static_lists(name: str, mean: float) -> None:
    taus = drawn_taus(PUBLISHED["static_rankers"][name], TRUTH)[:, 0]
    np.testing.assert_allclose(taus, EXPECTED["weighted_tau_of_static_rankers"][name], rtol=1e-9)
    assert taus.mean() == pytest.approx(mean, abs=5e-4)


@pytest.mark.parametrize("metric", EXPECTED["means_of_published_metric_values"])
def test_published_scores(metric: str) -> None:
    sign = -1 if metric == "OTCE" else 1
    expected = EXPECTED["weighted_tau_of_published_metric_values"][metric]
    taus = {}
    for dataset in expected:
        scores = PUBLISHED["published_metric_values"][dataset][metric]
        truth = TRUTH[PUBLISHED["datasets"].index(dataset)]
        of = dict(zip(PUBLISHED["models"], truth, strict=True))
        pairs = [(score, of[name]) for name, score in scores.items()]
        taus[dataset] = agreement([sign * score for score, _ in pairs], [value for _, value in pairs]).tau_w
    assert taus == pytest.approx(expected, rel=1e-9)


def test_logme_as_its_rivals_print_it() -> None:
    """Mean over the 11 datasets of the SFDA table."""
    printed = [row for row in load("sfda").printed if row.metric == "LogME" and row.statistic == "tau_w"]
    assert len(printed) == 11
    assert np.mean([float(row.value) for row in printed]) == pytest.approx(0.509, abs=5e-4)


def test_kendalls_w_by_hand() -> None:
    assert kendalls_w([[1, 2, 3], [1, 2, 3]]) == pytest.approx(1)
    assert kendalls_w([[1, 2, 3], [3, 2, 1]]) == pytest.approx(0)
    # ranks 1.5 1.5 3 and 1 2 3: sums 2.5 3.5 6, spread 6.5, so 12 * 6.5 / (4 * 24 - 2 * 6)
    assert kendalls_w([[1, 1, 2], [1, 2, 3]]) == pytest.approx(78 / 84)
    assert kendalls_w([[1, 2, 3]]) is None
    assert kendalls_w([[1], [2]]) is None
    assert kendalls_w([[1, 1], [2, 2]]) is None
    table = CASES["friedman_nemenyi"]["inputs"]["tau_table"]
    assert kendalls_w(table) == pytest.approx(CASES["friedman_nemenyi"]["expected"]["kendalls_w"], rel=1e-6)


@given(st.lists(st.lists(st.integers(0, 5), min_size=4, max_size=4), min_size=2, max_size=5))
def test_w_is_the_share_of_friedmans_statistic(table: list[list[int]]) -> None:
    w, found = kendalls_w(table), friedman(table)
    assert (w is None) == (found is None)
    if w is not None and found is not None:
        assert 0 <= w <= 1 + 1e-12
        assert found.statistic == pytest.approx(len(table) * 3 * w, abs=1e-9)


def test_ties_gaps_and_datasets_without_an_order() -> None:
    truth = [[0.5, 0.9, 0.9, 0.1], [0.2, 0.3, 0.1, math.nan], [0.4, 0.4, 0.4, 0.4]]
    found = concordance(truth)
    assert (found.candidates, found.datasets, found.winner, found.won) == (3, 2, 1, 1.0)
    assert found.head_room == pytest.approx((0.1 + 0.7) / 2)
    assert not found.trivial
    with pytest.raises(ValueError, match="no dataset"):
        concordance([[1.0, 1.0]])


def test_ranks_elsewhere_by_hand() -> None:
    truth = [[0.1, 0.2, 0.3], [0.3, 0.2, 0.1], [0.5, 0.4, math.nan]]
    thirds = np.array([[1, 2, 3], [3, 2, 1]]) / 3
    expected = [
        [(thirds[1, 0] + 1) / 2, (thirds[1, 1] + 0.5) / 2, thirds[1, 2]],
        [(thirds[0, 0] + 1) / 2, (thirds[0, 1] + 0.5) / 2, thirds[0, 2]],
        thirds.mean(axis=0),
    ]
    np.testing.assert_allclose(ranks_elsewhere(truth), expected)
    assert np.isnan(ranks_elsewhere([[0.1, 0.2]])).all()
