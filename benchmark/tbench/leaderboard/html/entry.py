"""What the index says of a page, which every page holds as data."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields

from tbench.leaderboard.html.markup import Html, data
from tbench.leaderboard.html.rows import Row, Rows
from tbench.leaderboard.tables import NOTHING, tau

NAME = "entry"
BLOCK = re.compile(rf'<script type="application/json" id="{NAME}">(.*?)</script>', re.DOTALL)


@dataclass(frozen=True)
class Entry:
    """measured: here, not by others. The others are words.

    metrics: how many order anything, floors and analyses aside. Of several boards each is told.
    """

    measured: bool
    title: str
    description: str
    candidates: str
    datasets: str
    metrics: str
    best: str
    floor: str
    ceiling: str

    @classmethod
    def of(cls, title: str, description: str, boards: Sequence[Rows], *, measured: bool) -> Entry:
        def each(told: Callable[[Rows], str]) -> str:
            """Once, where it is the same everywhere."""
            return "; ".join(dict.fromkeys(map(told, boards))) or NOTHING

        return cls(
            measured,
            title,
            description,
            each(lambda rows: rows.candidates),
            each(lambda rows: str(len(rows.datasets))),
            each(lambda rows: str(sum(row.kind == "metric" and row.mean is not None for row in rows.rows))),
            each(lambda rows: _named(rows.best)),
            each(lambda rows: _named(rows.floor)),
            each(lambda rows: tau(rows.ceiling)),
        )

    @classmethod
    def read(cls, page: str) -> Entry | None:
        """Of a page in HTML; None if it holds none."""
        found = BLOCK.search(page)
        try:
            said = json.loads(found[1]) if found else None
        except (ValueError, RecursionError):
            return None
        if type(said) is not dict or said.keys() != {field.name for field in fields(cls)}:
            return None
        whole = all(type(value) is (bool if name == "measured" else str) for name, value in said.items())
        return cls(**said) if whole else None

    def block(self) -> Html:
        """As `read` finds it."""
        return data(NAME, asdict(self))


def _named(row: Row | None) -> str:
    return NOTHING if row is None else f"{row.label} {tau(row.mean)}"
