"""What a page pictures of one board, whoever's numbers it holds: metrics and floors, put side by side."""

from __future__ import annotations

from dataclasses import dataclass

from tbench.leaderboard.cost import Price
from tbench.leaderboard.metrics import Kind


@dataclass(frozen=True)
class Cell:
    """A weighted tau on one dataset, or what stands there instead."""

    tau: float | None
    shown: str


@dataclass(frozen=True)
class Row:
    """None is what is not known of it.

    whole: it misses nothing. shown: the mean as the other pages show it; coverage: how many candidates it ranks. cells:
    of each dataset. interval: 95 %. group: its rank class. regret: the share that is lost by following it.
    """

    label: str
    kind: Kind
    whole: bool
    mean: float | None
    shown: str
    coverage: str
    cells: tuple[Cell, ...]
    interval: tuple[float, float] | None = None
    group: int | None = None
    regret: float | None = None
    price: Price | None = None

    @property
    def seconds(self) -> float | None:
        """Of one cell, with all that it rests on."""
        return self.price.strict.wall / self.price.cells if self.price and self.price.cells else None

    @property
    def competes(self) -> bool:
        """For being the best."""
        return self.whole and self.kind == "metric"


@dataclass(frozen=True)
class Rows:
    """Best first, as on the other pages.

    candidates: how many there are, in words. ceiling: None where it is not known. note: what else is to be known of the
    board. title, place: of the board among the several of a page; one that is alone has no title.
    """

    rows: tuple[Row, ...]
    datasets: tuple[str, ...]
    candidates: str
    ceiling: float | None = None
    note: str = ""
    title: str = ""
    place: int = 1

    @property
    def best(self) -> Row | None:
        return _first([row for row in self.rows if row.competes])

    @property
    def floor(self) -> Row | None:
        """The best that misses nothing."""
        return _first([row for row in self.rows if row.whole and row.kind == "floor"])

    def id(self, name: str) -> str:
        """No two boards of a page share one."""
        return name if self.place == 1 else f"{name}-{self.place}"

    def titled(self, words: str) -> str:
        return f"{words}: {self.title}" if self.title else words


def _first(rows: list[Row]) -> Row | None:
    return max((row for row in rows if row.mean is not None), key=lambda row: row.mean or 0.0, default=None)
