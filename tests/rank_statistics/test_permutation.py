"""Chance: every order of few candidates, many of more; what datasets share is no evidence."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbench.statistics import Study, drawn_taus, holm, permutation_test, shuffles

from .oracles import CASES


def one(scores: list[float], truth: list[float]) -> Study:
    return Study(np.array(scores)[None, None, None], np.array(truth)[None, None])


@pytest.mark.parametrize("n", [5, 6, 7])
def test_the_exact_null(n: int) -> None:
    expected = CASES[f"exact_null_n{n}"]["expected"]
    truth = np.arange(n)
    null = drawn_taus(truth, truth[shuffles(n, 0)])[:, 0]
    assert len(null) == math.factorial(n)
    assert null.mean() == pytest.approx(0, abs=1e-9)
    assert null.std() == pytest.approx(expected["std"], rel=1e-9)
    for level, quantile in expected["quantiles"].items():
        assert np.quantile(null, float(level), method="lower") <= quantile + 1e-9
        assert np.quantile(null, float(level), method="higher") >= quantile - 1e-9
    assert (null >= 0.5 - 1e-9).mean() == pytest.approx(expected["p_value_at_0_5"])
    found = permutation_test(one([*range(n)], [*range(n)]), 0)
    assert found.exact
    assert found.draws == math.factorial(n)
    assert found.means == pytest.approx(expected["one_sided_p_of_perfect"], rel=1e-12)
    assert found.cells[0] == pytest.approx(found.means)


def test_beyond_eight_candidates_it_is_drawn() -> None:
    found = permutation_test(one([*range(9)], [*range(9)]), 0, draws=200)
    assert (found.exact, found.draws) == (False, 200)
    assert found.means == pytest.approx(1 / 201)
    again = permutation_test(one([*range(9)], [*range(9)]), 0, draws=200)
    np.testing.assert_array_equal(found.cells, again.cells)


def test_drawn_orders_come_close_to_all(monkeypatch: pytest.MonkeyPatch) -> None:
    study = one([3, 1, 2, 5, 4, 7, 7], [1, 2, 3, 4, 5, 6, 6])
    exact = permutation_test(study, 0).means[0]
    monkeypatch.setattr("tbench.statistics.permutation.EXACT", 3)
    drawn = permutation_test(study, 0, draws=4000).means[0]
    assert drawn == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 4000))


def test_a_constant_score_has_no_p() -> None:
    study = Study(np.array([[1.0, 1, 1], [1, 2, 3]])[None, None], np.array([[[0.1, 0.2, 0.3]]]))
    found = permutation_test(study, 0)
    np.testing.assert_allclose(found.means, [math.nan, 1 / 6])


def test_datasets_that_are_alike_are_evidence_once() -> None:
    """One list and one truth on four datasets are not more than on one; four lists and four truths are."""
    truth, score = np.array([5.0, 4, 3, 2, 1]), np.array([5.0, 3, 4, 2, 1])
    once = permutation_test(one([*score], [*truth]), 0).means[0]
    same = Study(np.tile(score, (4, 1, 1, 1)), np.tile(truth, (4, 1, 1)))
    assert permutation_test(same, 0).means[0] == once
    orders = shuffles(5, 0)[[0, 40, 77, 110]]
    differ = Study(score[orders][:, None, None], truth[orders][:, None])
    assert permutation_test(differ, 0).means[0] < once / 2


def test_p_of_noise_is_uniform() -> None:
    random = np.random.default_rng(3)
    ps = [permutation_test(one([*random.random(6)], [*random.random(6)]), 0).means[0] for _ in range(200)]
    for level in (0.05, 0.2, 0.5):
        assert np.mean(np.array(ps) <= level) == pytest.approx(level, abs=3 * math.sqrt(level * (1 - level) / 200))


def test_holm_by_hand() -> None:
    np.testing.assert_allclose(holm([0.01, 0.04, math.nan, 0.03]), [0.03, 0.06, math.nan, 0.06])
    np.testing.assert_allclose(holm([[0.9], [0.8]]), [[1.0], [1.0]])
    assert holm([]).size == 0


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_corrects_upwards_keeps_the_order_and_is_no_worse_than_bonferroni(ps: list[float]) -> None:
    found = holm(ps)
    assert (found >= np.array(ps)).all()
    assert (found <= np.minimum(1, len(ps) * np.array(ps)) + 1e-15).all()
    assert (np.diff(found[np.argsort(ps, kind="stable")]) >= 0).all()
    if ps:
        assert found.min() == pytest.approx(min(1, len(ps) * min(ps)))
