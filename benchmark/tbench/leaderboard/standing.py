"""How sure the mean of each row is: against chance, in other pools, with another truth, on other images."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tbench.leaderboard.board import Board
from tbench.leaderboard.pool import Line, Pool
from tbench.statistics import (
    Mean,
    Study,
    differing,
    holm,
    interval,
    left_out,
    mean_known,
    other_candidates,
    other_repeats,
    other_seeds,
    permutation_test,
    rank_classes,
    selection,
    split_half,
    together,
)

Array = NDArray[np.float64]

SEED = 0
DRAWS = 10_000
LEAST_DRAWS = 1_000
WORK = 4_000_000_000  # comparisons of two scores that one kind of draws may take, some ten seconds
LEAST_CANDIDATES = 4  # of which halves have an order
LEVEL = 0.05
PICKS = (1, 3)


@dataclass(frozen=True)
class Standing:
    """One row. None is what cannot be had.

    low, high: 95 %, all parts of the scatter together. models, seeds, repeats: the standard deviation of each part.
    least, most: the mean without any one candidate. p: one-sided. share: of the ceiling. regrets: for each of PICKS, as
    a share of the measure. group: the rank class, of metrics that miss nothing.
    """

    line: Line
    mean: float
    low: float | None
    high: float | None
    models: float | None
    seeds: float | None
    repeats: float | None
    least: float | None
    most: float | None
    p: float | None
    share: float | None
    regrets: tuple[float | None, ...]
    group: int | None


@dataclass(frozen=True)
class Standings:
    """rows: metrics, then floors, in the order of the first table. shuffles: behind p; exact: they are all there are.

    beyond_chance: metrics with p < .05, Holm over all metrics. taus (datasets, metrics): of those with a class.
    """

    rows: tuple[Standing, ...]
    shuffles: int
    exact: bool
    beyond_chance: frozenset[str]
    taus: Array


def too_large(board: Board) -> bool:
    """For so many draws as tell anything."""
    return _draws(board, _rows(board)) < LEAST_DRAWS


def find_standings(board: Board) -> Standings | None:
    """None where no row orders anything."""
    lines = _rows(board)
    if not lines:
        return None
    study, draws = study_of(board, lines), _draws(board, lines)
    cells = study.cells()[0]
    means = mean_known(cells, axis=0)
    chance = permutation_test(study, SEED, draws)
    nothing = np.full(len(lines), np.nan)
    enough = study.candidates >= LEAST_CANDIDATES
    found = (
        other_candidates(study, SEED, draws) if enough else None,
        other_seeds(study, SEED, draws),
        other_repeats(study, SEED, draws),
    )
    parts = [None if part is None else mean_known(part, axis=1) for part in found]
    models, seeds, repeats = (
        nothing if part is None else interval(_scattering(means, part), part).sd for part in parts
    )
    low = high = least = most = nothing
    classes: dict[int, int] = {}
    whole = [place for place, line in enumerate(lines) if line.metric.kind == "metric" and line.whole]
    if enough:
        scatter = together([part for part in parts if part is not None], SEED, draws)
        several = interval(_scattering(means, scatter), scatter)
        low, high = several.low, several.high
        alone = np.stack([*left_out(study, board.whole.candidates).values()])
        least, most = alone.min(axis=0), alone.max(axis=0)
        if whole:
            numbers = rank_classes(means[whole].tolist(), differing(means[whole], scatter[:, whole]), LEVEL)
            classes = dict(zip(whole, numbers, strict=True))
    share = split_half(study).share()
    rows = (
        Standing(
            line=line,
            mean=float(means[place]),
            low=_told(low[place]),
            high=_told(high[place]),
            models=_told(models[place]),
            seeds=_told(seeds[place]),
            repeats=_told(repeats[place]),
            least=_told(least[place]),
            most=_told(most[place]),
            p=_told(chance.means[place]),
            share=_told(share[place]),
            regrets=_regrets(study, place),
            group=classes.get(place),
        )
        for place, line in enumerate(lines)
    )
    metrics = [place for place, line in enumerate(lines) if line.metric.kind == "metric"]
    corrected = holm(chance.means[metrics])
    return Standings(
        tuple(rows),
        chance.draws,
        chance.exact,
        frozenset(lines[place].metric.label for place, p in zip(metrics, corrected, strict=True) if p < LEVEL),
        cells[:, whole],
    )


def study_of(board: Board, lines: Sequence[Line]) -> Study:
    """The scores of each seed as repeats, beside the truths."""
    scores = [
        [[_row(board.whole, board.scored(line.metric.spec, dataset, seed)) for line in lines] for seed in board.seeds]
        for dataset in board.whole.truth
    ]
    return Study(np.array(scores), truths_of(board))


def truths_of(board: Board) -> Array:
    """Of each seed, or the one that was published: (datasets, seeds, candidates)."""
    pool = board.whole
    if board.frame.published:
        return np.array([[_row(pool, truth)] for truth in pool.truth.values()])
    cells = [[(dataset, seed) for seed in board.seeds] for dataset in pool.truth]
    return np.array([[_row(pool, _tests(board, *cell)) for cell in several] for several in cells])


def _tests(board: Board, dataset: str, seed: int) -> dict[str, float]:
    cells = ((name, (dataset, name, seed)) for name in board.whole.candidates)
    return {name: board.truths[cell].test for name, cell in cells if cell in board.truths}


def _rows(board: Board) -> list[Line]:
    return [line for line in board.whole.blocks if line.metric.kind != "analysis" and line.mean.value is not None]


def _draws(board: Board, lines: Sequence[Line]) -> int:
    pool = board.whole
    cells = max(1, len(lines) * len(board.seeds) * len(pool.truth))
    return min(DRAWS, WORK // (cells * len(pool.candidates) ** 2))


def _row(pool: Pool, values: Mapping[str, float]) -> list[float]:
    return [values.get(name, math.nan) for name in pool.candidates]


def _scattering(means: Array, scatter: Array) -> Array:
    """Those means of which at least two draws say anything."""
    found: Array = np.where(np.isfinite(scatter).sum(axis=0) > 1, means, np.nan)
    return found


def _regrets(study: Study, place: int) -> tuple[float | None, ...]:
    """Means over datasets and repeats, among the candidates that the row ranks there."""
    found: list[float | None] = []
    for k in PICKS:
        by_dataset = []
        for scores, truth in zip(study.scores[:, :, place], study.truth, strict=True):
            known = np.isfinite(scores) & np.isfinite(truth)
            pairs = zip(scores, known, strict=True)
            picked = [selection(row[both], truth[both], k) for row, both in pairs]
            by_dataset.append(Mean.of(one.regret if one else None for one in picked).value)
        found.append(Mean.of(by_dataset).value)
    return tuple(found)


def _told(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
