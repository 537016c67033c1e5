"""Many draws at once are what one agreement after the other is."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tbench.statistics import Study, agreement, drawn_taus, mean_known

from .oracles import CASES, RANKED, numbers, vectors

SIZES = st.tuples(*[st.integers(1, 4)] * 2, st.integers(2, 7))
LEVELS = st.sampled_from([0.0, 0.1 + 0.2, 0.3, 1.0, -2.5, math.nan])


@settings(max_examples=150)
@given(st.data())
def test_each_draw_is_one_agreement(data: st.DataObject) -> None:
    metrics, draws, n = data.draw(SIZES)
    scores = data.draw(hnp.arrays(np.float64, (metrics, n), elements=LEVELS))
    truths = data.draw(hnp.arrays(np.float64, (draws, n), elements=LEVELS))
    members = data.draw(hnp.arrays(np.bool_, (draws, n)))
    found = drawn_taus(scores, truths, members)
    assert found.shape == (draws, metrics)
    for draw, metric in np.ndindex(found.shape):
        there = members[draw] & np.isfinite(scores[metric]) & np.isfinite(truths[draw])
        expected = agreement(scores[metric, there], truths[draw, there]).tau_w
        assert found[draw, metric] == pytest.approx(math.nan if expected is None else expected, abs=1e-12, nan_ok=True)


def test_blocks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    scores, truths = random.integers(0, 9, (3, 8)), random.integers(0, 9, (11, 8))
    at_once = drawn_taus(scores, truths)
    monkeypatch.setattr("tbench.statistics.draws.BLOCK", 1)
    np.testing.assert_array_equal(drawn_taus(scores, truths), at_once)


@pytest.mark.parametrize("name", RANKED)
def test_leaving_one_candidate_out(name: str) -> None:
    scores, truth = vectors(name)
    n = len(scores)
    found = drawn_taus(scores, truth, ~np.eye(n, dtype=bool))[:, 0]
    expected = numbers(CASES[name]["expected"]["leave_one_model_out"])
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "weighted_tau" in case["expected"]])
def test_symmetric_weighted_tau_and_its_fellows(name: str) -> None:
    expected = CASES[name]["expected"]
    found = agreement(*vectors(name))
    told = [found.tau_w, found.tau, found.spearman]
    wanted = numbers([expected["weighted_tau"]["symmetric"], expected["weighted_tau"]["unweighted_tau_b"]])
    wanted.append(float(expected["spearman"]))
    np.testing.assert_allclose([math.nan if one is None else one for one in told], wanted, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(drawn_taus(*vectors(name)), [wanted[:1]], rtol=1e-9, atol=1e-12)


def test_too_many_candidates_are_refused() -> None:
    with pytest.raises(ValueError, match="too many"):
        drawn_taus(np.zeros((1, 1 << 20)), np.zeros(1 << 20))


def study() -> Study:
    random = np.random.default_rng(1)
    scores = random.standard_normal((3, 2, 4, 6))
    scores[1, :, 2, 3:] = math.nan
    scores[2, 1, 0] = 1.0
    truths = random.random((3, 2, 6))
    truths[0, 0, 5] = math.nan
    return Study(scores, truths)


def test_a_cell_is_the_mean_over_repeats_against_the_mean_truth() -> None:
    it = study()
    cells = it.cells()
    assert cells.shape == (1, 3, 4)
    np.testing.assert_allclose(it.truth[0, 5], it.truths[0, 1, 5])
    for dataset, metric in np.ndindex(cells.shape[1:]):
        taus = []
        for scores in it.scores[dataset, :, metric]:
            known = np.isfinite(scores)
            taus.append(agreement(scores[known], it.truth[dataset, known]).tau_w)
        defined = [tau for tau in taus if tau is not None]
        assert cells[0, dataset, metric] == pytest.approx(sum(defined) / len(defined), abs=1e-12)
    assert len([tau for tau in it.by_repeat()[:, 2, 0] if math.isnan(tau)]) == 1
    np.testing.assert_allclose(mean_known(it.by_repeat(), axis=0), cells[0])


def test_other_truths_take_the_place_of_the_mean() -> None:
    it = study()
    np.testing.assert_array_equal(it.cells(it.truth[:, None]), it.cells())


def test_draws_are_of_truths_or_of_members() -> None:
    it = study()
    with pytest.raises(ValueError, match="not of both"):
        it.cells(it.truth[:, None], np.ones((1, it.candidates), dtype=bool))


@pytest.mark.parametrize("shapes", [((2, 1, 1, 3), (2, 1, 4)), ((2, 1, 1, 3), (1, 1, 3)), ((1, 1, 3), (1, 1, 3))])
def test_shapes_must_fit(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    with pytest.raises(ValueError, match="scores"):
        Study(np.zeros(shapes[0]), np.zeros(shapes[1]))


def test_the_mean_of_nothing_is_unknown() -> None:
    np.testing.assert_array_equal(mean_known(np.array([[math.nan, 1.0], [math.nan, 3.0]]), axis=0), [math.nan, 2.0])
