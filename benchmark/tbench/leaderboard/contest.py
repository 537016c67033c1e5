"""One metric on one or several pools, against chance and against the other metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tbench.leaderboard.metrics import Kind
from tbench.leaderboard.pool import DRAWS, DRAWS_SEED, ROUNDING, Line, Pool
from tbench.statistics import Mean, null_means


@dataclass(frozen=True)
class Contest:
    """value: the mean tau_w over `targets` of `total`, in all pools. whole: nothing is missing behind it.

    quantile: the 95 % quantile of random orders of the same candidates, each pool's drawn on its own; p: the share of
    them that do as well.
    rivals, floors: the means of the other metrics, and of the floors, that rank the same candidates, best first, by
    their labels; published variants are none. beaten: on how many targets the best rival does worse.
    """

    value: float
    targets: int
    total: int
    whole: bool
    quantile: float
    p: float
    rivals: tuple[tuple[str, float], ...]
    floors: tuple[tuple[str, float], ...]
    beaten: int

    @property
    def beats_chance(self) -> bool:
        return self.value > self.quantile + ROUNDING

    @property
    def better(self) -> int:
        """How many rivals are; equal in three digits is equal."""
        return sum(round(value, 3) > round(self.value, 3) for _, value in self.rivals)

    @property
    def level(self) -> tuple[str, ...]:
        """The floors that are at least as good."""
        return tuple(label for label, value in self.floors if round(value, 3) >= round(self.value, 3))


def find_contest(pools: Sequence[Pool], label: str) -> Contest | None:
    """Of the metric of this label; None where it orders nothing in any of the pools."""
    entered = [(pool, line) for pool in pools if (line := _line(pool, label)) and line.mean.value is not None]
    if not entered:
        return None
    taus = [tau for _, line in entered for tau in _taus(line)]
    value = _mean(taus)
    orders = [
        [pool.truth[dataset][name] for name in ranking.ranked]
        for pool, line in entered
        for dataset, ranking in line.rankings.items()
        if ranking.tau_w is not None
    ]
    chance = null_means(orders, DRAWS, DRAWS_SEED)
    reached = int(np.count_nonzero(chance >= value - ROUNDING))
    rivals = _others(entered, "metric")
    best = next(iter(rivals.values()), taus)
    return Contest(
        value,
        Mean.of(taus).count,
        len(taus),
        all(line.whole for _, line in entered),
        float(np.quantile(chance, 0.95)),
        (1 + reached) / (1 + DRAWS),
        _means(rivals),
        _means(_others(entered, "floor")),
        sum(ours is not None and theirs is not None and ours > theirs for ours, theirs in zip(taus, best, strict=True)),
    )


def _line(pool: Pool, label: str) -> Line | None:
    return next((line for line in (*pool.lines, *pool.variants) if line.metric.label == label), None)


def _taus(line: Line) -> list[float | None]:
    return [ranking.tau_w for ranking in line.rankings.values()]


def _others(entered: Sequence[tuple[Pool, Line]], kind: Kind) -> dict[str, list[float | None]]:
    """The weighted taus on the same targets of the same pools, best first, of those that rank the same candidates."""
    found: dict[str, list[float | None]] = {}
    for other in entered[0][0].block(kind):
        label = other.metric.label
        theirs = [(_line(pool, label), ours) for pool, ours in entered]
        if other.metric != entered[0][1].metric and all(line and line.basis == ours.basis for line, ours in theirs):
            found[label] = [tau for line, _ in theirs if line for tau in _taus(line)]
    return dict(sorted(found.items(), key=lambda item: (-_mean(item[1]), item[0])))


def _means(several: Mapping[str, Sequence[float | None]]) -> tuple[tuple[str, float], ...]:
    return tuple((label, _mean(taus)) for label, taus in several.items())


def _mean(taus: Iterable[float | None]) -> float:
    """Of those that are defined, of which there is one."""
    value = Mean.of(taus).value
    assert value is not None
    return value
