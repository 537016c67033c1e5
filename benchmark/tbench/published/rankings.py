"""How published scores, and floors beside them, rank the candidates of a published truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from tbench.published.facts import Published
from tbench.published.floors import floors
from tbench.published.replay import scores_of
from tbench.published.rounding import numbers
from tbench.statistics import Agreement, Mean, Null, agreement, null_quantile

DRAWS = 2000
SEED = 0

Truth = tuple[str, str]  # a pool and a dataset
Value = TypeVar("Value")


@dataclass(frozen=True)
class Ranking:
    """of: how many candidates are ranked; total: how many have a truth."""

    agreement: Agreement
    of: int
    total: int


@dataclass(frozen=True)
class Line:
    """One metric, or one floor, on every truth of a board."""

    metric: str
    floor: bool
    scores: Mapping[Truth, Mapping[str, float]]
    rankings: Mapping[Truth, Ranking]

    @property
    def mean(self) -> Mean:
        return Mean.of(ranking.agreement.tau_w for ranking in self.rankings.values())

    @property
    def whole(self) -> bool:
        """Is every candidate ranked on every dataset?"""
        return self.mean.count == self.mean.total and all(r.of == r.total for r in self.rankings.values())


@dataclass(frozen=True)
class Board:
    """One table: lines are the metrics by their mean weighted tau, those that miss something last, then the floors."""

    title: str
    truths: tuple[Truth, ...]
    lines: tuple[Line, ...]
    chance: Null | None

    def on(self, datasets: Sequence[str]) -> Board:
        """The part of it on these, what random orders reach there aside."""
        truths = tuple(truth for truth in self.truths if truth[1] in datasets)
        lines = (
            replace(line, scores=_of(truths, line.scores), rankings=_of(truths, line.rankings)) for line in self.lines
        )
        return Board(self.title, truths, tuple(line for line in lines if line.mean.value is not None), None)


def _of(truths: Sequence[Truth], known: Mapping[Truth, Value]) -> dict[Truth, Value]:
    return {truth: known[truth] for truth in truths}


def boards(published: Published) -> list[Board]:
    """One for each pool; one for all pools where each has a single dataset.

    Of a pool with scores, the datasets that have any.
    """
    if all(len(published.datasets(pool)) == 1 for pool in published.pools):
        return [_board(published, "", list(published.truth))]
    return [_board(published, pool, _truths(published, pool)) for pool in published.pools]


def by_pool(published: Published) -> list[Board]:
    """One for each pool, however many datasets it has."""
    return [_board(published, pool, _truths(published, pool)) for pool in published.pools]


def _truths(published: Published, pool: str) -> list[Truth]:
    scored = {dataset for of, dataset, _ in published.scores if of == pool}
    return [(pool, dataset) for dataset in published.datasets(pool) if dataset in scored or not scored]


def _board(published: Published, title: str, truths: Sequence[Truth]) -> Board:
    metrics = dict.fromkeys(metric for pool, _ in truths for metric in published.metrics(pool))
    lines = [_line(published, metric, False, _of_metric(published, metric, truths)) for metric in metrics]
    below = {
        pool: floors(published, pool, [dataset for of, dataset in truths if of == pool])
        for pool in dict.fromkeys(pool for pool, _ in truths)
    }
    for floor in dict.fromkeys(name for known in below.values() for name in known):
        scores = {(pool, dataset): below[pool].get(floor, {}).get(dataset, {}) for pool, dataset in truths}
        lines.append(_line(published, floor, True, scores))
    lines = [line for line in lines if line.mean.value is not None]
    lines.sort(key=lambda line: (line.floor, not line.whole, -(line.mean.value or 0.0), line.metric))
    chance = null_quantile([numbers(published.truth[truth].values()) for truth in truths], DRAWS, SEED)
    return Board(title, tuple(truths), tuple(lines), chance)


def _of_metric(published: Published, metric: str, truths: Sequence[Truth]) -> dict[Truth, dict[str, float]]:
    columns = {(pool, dataset): scores_of(published, pool, dataset, metric) for pool, dataset in truths}
    return {truth: {name: float(text) for name, text in column.items()} for truth, column in columns.items()}


def _line(published: Published, metric: str, floor: bool, scores: Mapping[Truth, Mapping[str, float]]) -> Line:
    rankings = {truth: _ranking(published, truth, column) for truth, column in scores.items()}
    return Line(metric, floor, scores, rankings)


def _ranking(published: Published, truth: Truth, scores: Mapping[str, float]) -> Ranking:
    column = published.truth[truth]
    names = [name for name in column if name in scores]
    found = agreement([scores[name] for name in names], numbers(column[name] for name in names))
    return Ranking(found, len(names), len(column))
