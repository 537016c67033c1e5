"""Scores that say what they are made of are made anew wherever a page looks at fewer candidates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tbench.leaderboard.board import Board, make_board
from tbench.leaderboard.measured import study_of
from tbench.results import Record
from tbench.statistics import agreement

from .made import CANDIDATES, frame, scores, truth

PARTS = {  # dataset -> candidate -> two parts
    "t/x": {"m/a": (0.0, 100.0), "m/b": (10.0, 0.0), "m/c": (4.0, 1.0), "m/d": (5.0, 2.0)},
    "t/y": {"m/a": (0.0, 1.0), "m/b": (1.0, 0.0), "m/c": (2.0, 5.0), "m/d": (8.0, 1.0)},
}
WEIGHTS = {"first": 1.0, "second": -2.0}
TRUTHS = {"t/x": [0.1, 0.4, 0.3, 0.2], "t/y": [0.5, 0.2, 0.3, 0.9]}


def in_pool(dataset: str, names: tuple[str, ...]) -> list[float]:
    table = np.array([PARTS[dataset][name] for name in names])
    shares = (table - table.min(axis=0)) / np.ptp(table, axis=0)
    return list(map(float, shares @ [*WEIGHTS.values()]))


def records() -> list[Record]:
    """Two metrics with the same scores; only one says what they are made of."""
    found: list[Record] = []
    for dataset, values in TRUTHS.items():
        found += truth(dataset, values)
        for record in scores("told", dataset, in_pool(dataset, CANDIDATES)):
            terms = dict(zip(WEIGHTS, PARTS[dataset][record.key.candidate], strict=True))
            said = {"terms": terms, "scaled": WEIGHTS, "touches": ["candidate", "pool"]}
            found.append(replace(record, details={**record.details, **said}))
        found += scores("silent", dataset, in_pool(dataset, CANDIDATES), touches=["candidate", "pool"])
    return found


@pytest.fixture
def board() -> Board:
    return make_board(records(), frame(boards={"few": CANDIDATES[1:]}))


def test_a_smaller_pool_is_ranked_by_scores_of_its_own(board: Board) -> None:
    whole, few = ({line.metric.label: line for line in pool.lines} for pool in board.pools)
    for dataset, values in TRUTHS.items():
        for label in ("told", "silent"):
            expected = agreement(in_pool(dataset, CANDIDATES), values).tau_w
            assert whole[label].rankings[dataset].tau_w == pytest.approx(expected)
        fixed = agreement(in_pool(dataset, CANDIDATES)[1:], values[1:]).tau_w
        assert few["silent"].rankings[dataset].tau_w == pytest.approx(fixed)
        anew = agreement(in_pool(dataset, CANDIDATES[1:]), values[1:]).tau_w
        assert few["told"].rankings[dataset].tau_w == pytest.approx(anew)
    assert few["told"].mean.value != few["silent"].mean.value


def test_so_are_the_subsets_behind_intervals(board: Board) -> None:
    lines = [line for line in board.whole.lines if line.metric.label in ("told", "silent")]
    study = study_of(board, lines)
    place = [line.metric.label for line in lines].index("told")
    assert [*study.scaled] == [place]
    members = np.array([[False, True, True, True]])
    found = study.cells(members=members)[0]
    for row, (dataset, values) in enumerate(TRUTHS.items()):
        anew = agreement(in_pool(dataset, CANDIDATES[1:]), values[1:]).tau_w
        assert found[row, place] == pytest.approx(anew)


def test_only_what_does_not_say_so_is_marked_as_the_whole_pools(board: Board) -> None:
    assert {line.metric.label: line.metric.pooled for line in board.whole.lines} == {"told": False, "silent": True}


def test_records_that_say_different_things_are_taken_as_they_are() -> None:
    mixed = [
        replace(record, details={**record.details, "scaled": {"first": 1.0}})
        if record.key.candidate == "m/a" and "scaled" in record.details
        else record
        for record in records()
    ]
    board = make_board(mixed, frame(boards={"few": CANDIDATES[1:]}))
    few = {line.metric.label: line for line in board.pools[1].lines}
    assert few["told"].mean.value == few["silent"].mean.value
    assert study_of(board, board.whole.lines).scaled == {}
