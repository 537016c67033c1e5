"""What a page of measured records compares."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tbench.leaderboard.lineup import Entry, Lineup, in_order
from tbench.leaderboard.pool import Line
from tbench.leaderboard.rankings import candidates
from tbench.statistics import Array, Scaled, Study

if TYPE_CHECKING:
    from tbench.leaderboard.board import Board

UNSEEN = (
    "Not shown: the part of the target's images alone, since scores of single images are not stored (they are seen "
    "through repeats)."
)


def lineup_of(board: Board) -> Lineup:
    """Of all candidates; metrics and floors, but no analyses."""
    lines = [line for line in board.whole.blocks if line.metric.kind != "analysis"]
    names = tuple(board.names[name] for name in board.whole.candidates)
    return Lineup(tuple(map(_entry, lines)), study_of(board, lines), names, True, UNSEEN)


def study_of(board: Board, lines: Sequence[Line]) -> Study:
    """The scores of each seed as repeats, beside the truths."""
    scores = [
        [
            [in_order(board.scored(line.metric.spec, dataset, seed), board.whole.candidates) for line in lines]
            for seed in board.seeds
        ]
        for dataset in board.whole.truth
    ]
    shape = len(board.whole.truth), len(board.seeds), len(lines), len(board.whole.candidates)
    scaled = {place: found for place, line in enumerate(lines) if (found := _scaled(board, line.metric.spec))}
    return Study(np.array(scores, dtype=np.float64).reshape(shape), truths_of(board), scaled)


def _scaled(board: Board, spec: str) -> Scaled | None:
    """What its scores are made of, if they are all scaled over the pool."""
    cells = [[board.scores.get((spec, dataset, seed)) for seed in board.seeds] for dataset in board.whole.truth]
    there = [column for several in cells for column in several if column]
    if not there or not all(column.weights for column in there):
        return None
    weights = there[0].weights
    nothing = [math.nan] * len(weights)
    known = [[column.parts if column else {} for column in several] for several in cells]
    parts = [[[of.get(name, nothing) for name in board.whole.candidates] for of in several] for several in known]
    return Scaled(np.array(parts, dtype=np.float64), np.array([*weights.values()]))


def truths_of(board: Board) -> Array:
    """Of each seed, or the one that was published: (datasets, seeds, candidates)."""
    pool = board.whole
    if board.frame.published:
        truths = [[in_order(truth, pool.candidates)] for truth in pool.truth.values()]
    else:
        truths = [
            [in_order(_tests(board, dataset, seed), pool.candidates) for seed in board.seeds] for dataset in pool.truth
        ]
    seeds = 1 if board.frame.published else len(board.seeds)
    return np.array(truths, dtype=np.float64).reshape(len(pool.truth), seeds, len(pool.candidates))


def _tests(board: Board, dataset: str, seed: int) -> dict[str, float]:
    cells = ((name, (dataset, name, seed)) for name in board.whole.candidates)
    return {name: board.truths[cell].test for name, cell in cells if cell in board.truths}


def _entry(line: Line) -> Entry:
    return Entry(line.metric.label, line.metric.kind, line.whole, line.saturated, candidates(line))
