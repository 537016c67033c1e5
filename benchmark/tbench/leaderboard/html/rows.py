"""What is known of each metric of a board, put side by side."""

from __future__ import annotations

from dataclasses import dataclass

from tbench.leaderboard.board import Board
from tbench.leaderboard.cost import Price
from tbench.leaderboard.following import Worth
from tbench.leaderboard.pool import Line
from tbench.leaderboard.standing import Standing


@dataclass(frozen=True)
class Row:
    """None is what is not known of it."""

    line: Line
    standing: Standing | None
    worth: Worth | None
    price: Price | None

    @property
    def label(self) -> str:
        return self.line.metric.label

    @property
    def mean(self) -> float | None:
        return self.line.mean.value

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 %."""
        if self.standing is None or self.standing.low is None or self.standing.high is None:
            return None
        return self.standing.low, self.standing.high

    @property
    def seconds(self) -> float | None:
        """Of one cell, with all that it rests on."""
        price = self.price
        if price is None or not price.cells:
            return None
        return (price.own.wall + price.evidence.wall + price.extraction.wall) / price.cells


@dataclass(frozen=True)
class Rows:
    """Best first, as on the other pages. ceiling: None where it is not known. floor: the best that misses nothing."""

    rows: tuple[Row, ...]
    ceiling: float | None
    floor: Row | None

    @classmethod
    def of(cls, board: Board) -> Rows:
        standings = {row.entry.label: row for row in board.standings.rows} if board.standings else {}
        worths = {worth.scorer.label: worth for worth in board.worths}
        prices = {price.metric: price for price in board.bill.prices} if board.bill else {}
        rows = tuple(
            Row(line, standings.get(label := line.metric.label), worths.get(label), prices.get(line.metric))
            for line in board.whole.lines
        )
        floors = [row for row in rows if row.line.metric.kind == "floor" and row.line.whole and row.mean is not None]
        return cls(rows, board.whole.ceiling.value, max(floors, key=lambda row: row.mean or 0.0, default=None))
