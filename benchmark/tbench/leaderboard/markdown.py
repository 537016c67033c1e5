"""Sections as Markdown, and files that are whole or not there."""

from __future__ import annotations

import re
from pathlib import Path

from tabulate import tabulate

from tbench.files import place
from tbench.leaderboard.tables import Section, Table
from tbench.plain import plain

TAG = re.compile(r"<(?=[A-Za-z/!?])")
LINK = re.compile(r"\\*\](?=[(\[])")
PIPE = re.compile(r"\\*\|")


def markdown(section: Section) -> str:
    parts = [f"## {inline(section.title)}", *map(inline, section.before)]
    for title, table in section.tables:
        parts += [f"### {inline(title)}"] if title else []
        parts.append(_table(table))
    return "\n\n".join([*parts, *map(inline, section.after)])


def inline(text: str) -> str:
    """One line in which nothing is a tag of HTML or a link; emphasis and code stay what they are."""
    return LINK.sub(_escaped, TAG.sub("&lt;", plain(text)))


def _table(table: Table) -> str:
    header, *rows = ([_cell(cell) for cell in row] for row in (table.header, *table.rows))
    align = ["right" if side == "r" else "left" for side in table.align]
    return tabulate(rows, header, tablefmt="pipe", colalign=align, disable_numparse=True)


def _cell(text: str) -> str:
    return PIPE.sub(_escaped, inline(text))


def _escaped(found: re.Match[str]) -> str:
    """The sign at the end with a backslash of its own, which those that stood before it do not take away."""
    return "\\" * (2 * len(found[0]) - 1) + found[0][-1]


def write(path: Path, content: str) -> None:
    """There is always a whole file, whoever else writes it."""
    place(path, content.encode())
