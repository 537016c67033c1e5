"""Sections as Markdown, and files that are whole or not there."""

from __future__ import annotations

from pathlib import Path

from tabulate import tabulate

from tbench.files import place
from tbench.leaderboard.tables import Section, Table


def markdown(section: Section) -> str:
    parts = [f"## {section.title}", *section.before]
    for title, table in section.tables:
        parts += [f"### {title}"] if title else []
        parts.append(_table(table))
    return "\n\n".join([*parts, *section.after])


def _table(table: Table) -> str:
    rows = [[cell.replace("|", "\\|") for cell in row] for row in table.rows]
    align = ["right" if side == "r" else "left" for side in table.align]
    return tabulate(rows, table.header, tablefmt="pipe", colalign=align, disable_numparse=True)


def write(path: Path, content: str) -> None:
    """There is always a whole file, whoever else writes it."""
    place(path, content.encode())
