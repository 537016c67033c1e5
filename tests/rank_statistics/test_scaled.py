"""Scores that depend on the pool are made anew in every smaller one, as their metrics would make them."""

from __future__ import annotations

import math
from warnings import catch_warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tbench.api import Inapplicable, SaturationWarning, Score
from tbench.statistics import Scaled, Study, agreement, left_out, mean_known, other_candidates, scaled_scores
from tbench_metrics.etran import etran
from tbench_metrics.ncti import ncti

WEIGHTS = (1.0, 1.0, -1.0)


def test_by_hand() -> None:
    parts = [[0.0, 10.0], [1.0, 20.0], [4.0, 15.0]]
    members = [[True, True, True], [True, True, False], [False, False, True], [False, False, False]]
    found = scaled_scores(parts, [1.0, 2.0], members)
    nobody = [math.nan] * 3
    np.testing.assert_allclose(found, [[0.0, 2.25, 2.0], [0.0, 3.0, math.nan], nobody, nobody])


def test_who_lacks_a_part_is_left_out_and_moves_nobody() -> None:
    parts = [[0.0, 1.0], [math.nan, 99.0], [5.0, 3.0]]
    np.testing.assert_array_equal(scaled_scores(parts, [1.0, 1.0], np.ones((1, 3))), [[0.0, math.nan, 2.0]])


def test_a_part_in_which_all_members_agree_does_not_count() -> None:
    parts = [[1.0, 7.0], [3.0, 7.0], [2.0, 8.0]]
    found = scaled_scores(parts, [1.0, 1.0], [[True, True, False], [True, True, True]])
    np.testing.assert_allclose(found, [[0.0, 1.0, math.nan], [0.0, 1.0, 1.5]])


VALUES = st.one_of(st.integers(-3, 3).map(float), st.floats(-100, 100), st.just(math.nan))


@given(hnp.arrays(np.float64, st.tuples(st.integers(1, 6), st.just(3)), elements=VALUES), st.data())
def test_the_metric_itself_says_the_same_of_the_smaller_pool(parts: np.ndarray, data: st.DataObject) -> None:
    inside = data.draw(hnp.arrays(np.bool_, len(parts)))
    found = scaled_scores(parts, WEIGHTS, inside[None])[0]
    assert np.isnan(found[~inside]).all()
    for place, candidate in enumerate(np.flatnonzero(inside)):
        try:
            with catch_warnings(action="ignore", category=SaturationWarning):
                said = ncti(parts[inside], None, place)
        except Inapplicable:
            assert math.isnan(found[candidate])
        else:
            assert found[candidate] == pytest.approx(said.value, abs=1e-12)


def _said(scores: list[Score]) -> np.ndarray:
    parts = np.array([[score.terms[name] for name in score.scaled] for score in scores])
    return scaled_scores(parts, list(scores[0].scaled.values()), np.ones((1, len(scores))))[0]


def test_what_metrics_hand_out_makes_their_scores() -> None:
    draws = np.random.default_rng(0)
    parts = draws.normal(size=(5, 3))
    scores = [ncti(parts, None, place) for place in range(5)]
    np.testing.assert_allclose(_said(scores), [score.value for score in scores], atol=1e-12)
    energies, posteriors = draws.normal(size=(5, 40)), draws.uniform(size=5)
    scores = [etran(energies, None, posteriors, None, place) for place in range(5)]
    np.testing.assert_allclose(_said(scores), [score.value for score in scores], atol=1e-12)


def study() -> tuple[Study, np.ndarray]:
    """Two datasets, two repeats, seven candidates; the second of two metrics is made of three parts."""
    draws = np.random.default_rng(3)
    parts, truths = draws.normal(size=(2, 2, 7, 3)), draws.normal(size=(2, 3, 7))
    whole = np.array([[scaled_scores(one, WEIGHTS, np.ones((1, 7)))[0] for one in dataset] for dataset in parts])
    scores = np.stack([draws.normal(size=(2, 2, 7)), whole], axis=2)
    return Study(scores, truths, {1: Scaled(parts, np.array(WEIGHTS))}), parts


def test_a_smaller_pool_ranks_by_scores_of_its_own() -> None:
    it, parts = study()
    members = np.random.default_rng(4).random((20, 7)) < 0.6
    found = it.cells(members=members)
    fixed = Study(it.scores, it.truths).cells(members=members)
    np.testing.assert_array_equal(found[:, :, 0], fixed[:, :, 0])
    assert (found[:, :, 1] != fixed[:, :, 1]).any()
    for draw, dataset in np.ndindex(20, 2):
        inside = members[draw]
        anew = [scaled_scores(one, WEIGHTS, inside[None])[0][inside] for one in parts[dataset]]
        taus = [agreement(scores, it.truth[dataset][inside]).tau_w for scores in anew]
        expected = mean_known(np.array([math.nan if tau is None else tau for tau in taus]), axis=0)
        np.testing.assert_allclose(found[draw, dataset, 1], expected, atol=1e-12)


def test_whole_pools_and_other_truths_take_the_scores_as_they_are() -> None:
    it, _ = study()
    everybody = np.ones((1, 7), dtype=bool)
    np.testing.assert_allclose(it.cells(members=everybody), it.cells(), atol=1e-12)
    others = it.truth[:, None, ::-1]
    np.testing.assert_array_equal(it.cells(others), Study(it.scores, it.truths).cells(others))


def test_intervals_and_ranges_rest_on_scores_made_anew() -> None:
    it, _ = study()
    fixed = Study(it.scores, it.truths)
    names = [f"candidate {place}" for place in range(7)]
    assert left_out(it, names).keys() == set(names)
    for made, held in zip(left_out(it, names).values(), left_out(fixed, names).values(), strict=True):
        assert made[0] == held[0]
    assert np.stack([*left_out(it, names).values()])[:, 1] != pytest.approx(
        np.stack([*left_out(fixed, names).values()])[:, 1]
    )
    drawn, as_they_are = other_candidates(it, 0, 30), other_candidates(fixed, 0, 30)
    np.testing.assert_array_equal(drawn[:, :, 0], as_they_are[:, :, 0])
    assert (drawn[:, :, 1] != as_they_are[:, :, 1]).any()
