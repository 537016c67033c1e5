"""Where the worse half of a grid is stopped, and what the rest costs."""

from __future__ import annotations

from dataclasses import replace
from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbench.halving import Rung, rungs, work

from .test_protocol import PLAIN


def test_by_hand() -> None:
    assert rungs(1, 80) == ()
    assert rungs(5, 80) == (Rung(10, 3), Rung(20, 2), Rung(40, 1))
    assert rungs(4, 2) == (Rung(1, 2), Rung(1, 1))


@given(st.integers(1, 40), st.integers(1, 5000))
def test_the_better_half_goes_on_until_one_is_left(points: int, steps: int) -> None:
    left, before = points, 0
    for rung in rungs(points, steps):
        assert rung.kept == (left + 1) // 2
        assert max(before, 1) <= rung.step <= max(steps // 2, 1)
        left, before = rung.kept, rung.step
    assert left == 1


@pytest.mark.parametrize("rounds", range(5))
def test_what_a_grid_comes_to(rounds: int) -> None:
    rates = tuple(10.0**-place for place in range(2**rounds))
    whole = replace(PLAIN, learning_rates=rates, steps=320)
    assert (work(whole).steps, work(whole).validations, work(whole).tests) == (320 * len(rates), len(rates), len(rates))
    halved = work(replace(whole, halving=True))
    assert halved.steps == 320 * (log2(len(rates)) + 2) / 2
    assert halved.tests == 1
    assert halved.validations == 2 * len(rates) - 1 if rounds else 1
