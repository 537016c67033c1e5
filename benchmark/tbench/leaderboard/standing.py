"""How sure the mean of each row is: against chance, in other pools, with another truth, on other images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tbench.leaderboard.lineup import Entry, Lineup
from tbench.statistics import (
    Array,
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
    split_half,
    together,
)

SEED = 0
DRAWS = 10_000
LEAST_DRAWS = 500
LEAST_CANDIDATES = 4  # of which halves have an order
LEVEL = 0.05

WORK = 14_000_000_000  # comparisons of two candidates, for all kinds of draws: some five seconds
ROWS = 36  # the orders that all rows share take as long as so many rows
CANDIDATES = 30  # what is done once for each candidate takes as long as comparing it with so many


@dataclass(frozen=True)
class Standing:
    """One row. None is what cannot be had.

    low, high: 95 %, all parts of the scatter together. models, seeds, repeats: the standard deviation of each part.
    least, most: the mean without any one candidate. p: one-sided. share: of the ceiling. group: the rank class, of
    metrics that miss nothing.
    """

    entry: Entry
    mean: float | None
    low: float | None
    high: float | None
    models: float | None
    seeds: float | None
    repeats: float | None
    least: float | None
    most: float | None
    p: float | None
    share: float | None
    group: int | None


@dataclass(frozen=True)
class Standings:
    """rows: as in the lineup. draws: of each kind. shuffles: behind p; exact: they are all there are.

    beyond_chance: metrics with p < .05, Holm over all metrics. taus (datasets, metrics): of those with a class.
    """

    rows: tuple[Standing, ...]
    draws: int
    shuffles: int
    exact: bool
    beyond_chance: frozenset[str]
    taus: Array

    @property
    def metrics(self) -> list[Standing]:
        """Those that order anything."""
        return [row for row in self.rows if row.entry.kind == "metric" and row.mean is not None]


def too_large(lineup: Lineup) -> bool:
    """For so many draws as tell anything."""
    return draws_of(lineup.study) < LEAST_DRAWS


def draws_of(study: Study) -> int:
    """As many as make an interval, unless that takes too long."""
    datasets, repeats, rows, candidates = map(int, study.scores.shape)
    kinds = 2 + (study.truths.shape[1] > 1)
    each = kinds * datasets * candidates * (candidates + CANDIDATES) * (ROWS + rows * repeats)
    return min(DRAWS, int(WORK // max(1, each)))


def find_standings(lineup: Lineup) -> Standings | None:
    """None where no row orders anything."""
    study, entries = lineup.study, lineup.entries
    if not study.scores.size:
        return None
    cells = study.cells()[0]
    means = mean_known(cells, axis=0)
    if not np.isfinite(means).any():
        return None
    draws = draws_of(study)
    chance = permutation_test(study, SEED, draws)
    nothing = np.full(len(entries), np.nan)
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
    whole = [place for place, entry in enumerate(entries) if entry.kind == "metric" and entry.whole]
    if enough:
        scatter = together([part for part in parts if part is not None], SEED, draws)
        several = interval(_scattering(means, scatter), scatter)
        low, high = several.low, several.high
        alone = np.stack([*left_out(study, lineup.candidates).values()])
        least, most = alone.min(axis=0), alone.max(axis=0)
        classes = _classes(means, scatter, whole)
    share = split_half(study).share()
    metrics = [place for place, entry in enumerate(entries) if entry.kind == "metric"]
    corrected = holm(chance.means[metrics])
    return Standings(
        tuple(
            Standing(
                entry=entry,
                mean=_told(means[at]),
                low=_told(low[at]),
                high=_told(high[at]),
                models=_told(models[at]),
                seeds=_told(seeds[at]),
                repeats=_told(repeats[at]),
                least=_told(least[at]),
                most=_told(most[at]),
                p=_told(chance.means[at]),
                share=_told(share[at]),
                group=classes.get(at),
            )
            for at, entry in enumerate(entries)
        ),
        draws,
        chance.draws,
        chance.exact,
        frozenset(entries[place].label for place, p in zip(metrics, corrected, strict=True) if p < LEVEL),
        cells[:, whole],
    )


def _classes(means: Array, scatter: Array, whole: Sequence[int]) -> dict[int, int]:
    """Of metrics that miss nothing."""
    if not whole:
        return {}
    numbers = rank_classes(means[whole].tolist(), differing(means[whole], scatter[:, whole]), LEVEL)
    return dict(zip(whole, numbers, strict=True))


def _scattering(means: Array, scatter: Array) -> Array:
    """Those means of which at least two draws say anything."""
    found: Array = np.where(np.isfinite(scatter).sum(axis=0) > 1, means, np.nan)
    return found


def _told(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
