"""The intervals of how sure the means are, beside the means."""

from __future__ import annotations

from dataclasses import replace

from tbench.leaderboard.certainty import span
from tbench.leaderboard.standing import Standings
from tbench.leaderboard.tables import NOTHING, Section, Table

MEAN, INTERVAL = "mean", "95 % interval"


def with_intervals(section: Section, standings: Standings | None) -> Section:
    """The table of agreement, with what `certainty` says of each row in a column after the means."""
    rows = standings.rows if standings else ()
    known = {row.entry.label: span(row.low, row.high) for row in rows}
    return replace(section, tables=tuple((title, _widened(table, known)) for title, table in section.tables))


def _widened(table: Table, known: dict[str, str]) -> Table:
    place = table.header.index(MEAN) + 1

    def put(cells: tuple[str, ...], cell: str) -> tuple[str, ...]:
        return (*cells[:place], cell, *cells[place:])

    rows = tuple(put(row, known.get(row[0], NOTHING)) for row in table.rows)
    return Table(put(table.header, INTERVAL), rows, f"{table.align[:place]}r{table.align[place:]}")
