"""Which cells are measured anew, and when a score is the same as another."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbench.results import Record
from tbench.submission import Cell, Submission
from tbench.verification import Recomputed, sample

CANDIDATES, DATASETS, SEEDS = ("m/a", "m/b", "m/c"), ("d/x", "d/y"), (0, 1)
CELLS = tuple(Cell(dataset, name, seed, "ok", 1.0) for dataset in DATASETS for name in CANDIDATES for seed in SEEDS)
MADE = Submission(
    *("s", "quick", "one", "one", "p 1.0", "float32", ""),
    machines=(),
    days=(),
    versions={},
    weights=dict.fromkeys(CANDIDATES, "w"),
    data={dataset: {"0": "d", "1": "d"} for dataset in DATASETS},
    cells=CELLS,
)


@given(st.integers(0, 20), st.integers(0, 2**32), st.sets(st.sampled_from([*CANDIDATES, *DATASETS])))
def test_a_sample_is_of_what_is_at_hand_and_the_same_for_a_seed(count: int, seed: int, absent: set[str]) -> None:
    drawn = sample(MADE, absent, count, seed)
    at_hand = {cell for cell in CELLS if cell.candidate not in absent and cell.dataset not in absent}
    assert len(drawn) == len({*drawn}) == min(count, len(at_hand))
    assert {*drawn} <= at_hand
    assert drawn == sample(MADE, absent, count, seed)


def test_every_cell_is_drawn_as_often() -> None:
    drawn = Counter(cell for seed in range(1200) for cell in sample(MADE, (), 3, seed))
    assert {*drawn} == {*CELLS}
    assert all(abs(times - 300) < 75 for times in drawn.values())  # five standard deviations


@pytest.mark.parametrize(
    ("submitted", "here", "same"),
    [
        (1.0, 1.0 + 0.9e-4, True),
        (1.0, 1.0 + 1.1e-4, False),
        (-2e6, -2e6 * (1 - 0.9e-4), True),
        (0.0, 5e-9, True),
        (0.0, 1e-6, False),
        (1.0, -1.0, False),
    ],
)
def test_scores_are_the_same_within_the_tolerance_of_themselves(submitted: float, here: float, same: bool) -> None:
    cell = Cell("d/x", "m/a", 0, "ok", submitted)
    record = Record(MADE.key(cell), "ok", here, provenance={"weights": "w", "data": "d"})
    told = Recomputed(cell, record).objection(MADE, 1e-4)
    assert (told == "") is same
    assert same or told == f"m/a on d/x, seed 0: submitted {submitted!r}, and here it is {here!r}"


def test_a_cell_that_says_another_thing_here_is_not_the_same() -> None:
    cell = CELLS[0]
    record = Record(MADE.key(cell), "inapplicable", reason="one class")
    told = Recomputed(cell, record).objection(MADE, 1e-4)
    assert told == "m/a on d/x, seed 0: submitted as ok, and here it is inapplicable (one class)"
    without = Cell("d/x", "m/a", 0, "inapplicable", reason="one class only")
    assert Recomputed(without, record).objection(MADE, 1e-4) == ""
