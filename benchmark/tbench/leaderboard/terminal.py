"""The sections of a page as a terminal shows them: a table that is too wide goes on below."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.cells import cell_len
from rich.console import RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from tbench.leaderboard.tables import Section, Table
from tbench.plain import plain

GAP = 2  # between two columns, one of them the box's
WORDY = 40  # a column of text may be folded down to this


def terminal_lines(section: Section, width: int) -> Iterator[RenderableType]:
    yield Text(plain(section.title), style="bold underline")
    for line in section.before:
        yield Text(plain(line), style="dim")
    for title, table in section.tables:
        if title:
            yield Text(f"\n{plain(title)}", style="bold")
        for columns in _parts(table, width):
            yield Text()
            yield _rich(table, columns)
    if section.after:
        yield Text()
    for line in section.after:
        yield Text(plain(line))


def _parts(table: Table, width: int) -> Iterator[list[int]]:
    """Columns that fit beside the first one, in turn."""
    needed = [
        max(cell_len(_bare(row[place])) for row in (table.header, *table.rows)) for place in range(len(table.header))
    ]
    needed = [min(need, WORDY) if side == "l" else need for need, side in zip(needed, table.align, strict=True)]
    part, room = [0], width - needed[0]
    for place in range(1, len(needed)):
        if len(part) > 1 and needed[place] + GAP > room:
            yield part
            part, room = [0], width - needed[0]
        part.append(place)
        room -= needed[place] + GAP
    yield part


def _rich(table: Table, columns: list[int]) -> RichTable:
    shown = RichTable(box=box.SIMPLE_HEAD, padding=(0, GAP - 1, 0, 0), pad_edge=False, show_edge=False)
    for place in columns:
        right = table.align[place] == "r"
        shown.add_column(Text(plain(table.header[place])), justify="right" if right else "left", no_wrap=right)
    for row in table.rows:
        shown.add_row(*(_styled(row[place]) for place in columns))
    return shown


def _styled(cell: str) -> Text:
    return Text(_bare(cell), style="bold" if plain(cell) != _bare(cell) else "")


def _bare(cell: str) -> str:
    cell = plain(cell)
    return cell[2:-2] if cell.startswith("**") and cell.endswith("**") else cell
