"""Printed correlations of scores that nobody else can see: one table of a paper, or what is left of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tbench.published.replay import MEAN
from tbench.published.verdict import Verdict
from tbench.statistics import Mean


@dataclass(frozen=True)
class Sheet:
    """cells: of one pool, table and statistic."""

    pool: str
    table: str
    statistic: str
    cells: tuple[Verdict, ...]

    @property
    def title(self) -> str:
        return f"{self.pool} ({self.table}, {self.statistic})"

    @property
    def metrics(self) -> list[str]:
        return list(dict.fromkeys(verdict.metric for verdict in self.cells))

    @property
    def columns(self) -> list[str]:
        """As printed, with the mean where that is printed, too."""
        return list(dict.fromkeys(verdict.dataset for verdict in self.cells))

    @property
    def datasets(self) -> list[str]:
        return [name for name in self.columns if name != MEAN]

    @property
    def values(self) -> dict[tuple[str, str], str]:
        """By metric and column, digit by digit."""
        return {(verdict.metric, verdict.dataset): verdict.published for verdict in self.cells}

    def mean(self, metric: str) -> Mean:
        """Over the datasets, of what is printed."""
        values = self.values
        found = (values.get((metric, name)) for name in self.datasets)
        return Mean.of(None if text is None else float(text) for text in found)


def sheets(verdicts: Sequence[Verdict]) -> list[Sheet]:
    """In the order in which they are printed."""
    alone = [verdict for verdict in verdicts if verdict.why == f"no scores of {verdict.metric} are public"]
    keys = dict.fromkeys((verdict.pool, verdict.table, verdict.statistic) for verdict in alone)
    return [
        Sheet(*key, tuple(cell for cell in alone if (cell.pool, cell.table, cell.statistic) == key)) for key in keys
    ]
