"""Sections for programs: CSV and JSON with the numbers that a page shows, each in a column of its own."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence

from tbench.leaderboard.tables import ESTIMATED, NOTHING, PARTIAL, POOLED, SATURATED, TRAINS, Section, Table
from tbench.plain import plain

Value = float | int | str | None
Row = dict[str, Value]

MARKS = {PARTIAL, SATURATED, ESTIMATED, TRAINS, POOLED}
NUMBER = r"[+-]?\d+(?:,\d{3})*(?:\.\d+)?"
WHOLE = re.compile(NUMBER)
WITH_SD = re.compile(rf"({NUMBER}) ± ({NUMBER})")
SPAN = re.compile(rf"({NUMBER}) to ({NUMBER})")


def as_json(sections: Sequence[Section]) -> str:
    """A list of sections; each has its name, title, sentences and tables, a table its title and rows by column."""
    told = [
        {
            "name": section.name,
            "title": plain(section.title),
            "tables": [{"title": plain(title), "rows": [*rows(table)]} for title, table in section.tables],
            "notes": [plain(line) for line in (*section.before, *section.after)],
        }
        for section in sections
    ]
    return json.dumps(told, indent=2, ensure_ascii=False, allow_nan=False)


def as_csv(section: Section) -> str:
    """All tables of a section below one another; which one, says the first column where there are several."""
    found = [(plain(title), row) for title, table in section.tables for row in rows(table)]
    columns = dict.fromkeys(name for _, table in section.tables for name in _columns(table))
    titled = len(section.tables) > 1
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*(["table"] if titled else []), *columns])
    for title, row in found:
        writer.writerow([*([title] if titled else []), *(row.get(name) for name in columns)])
    return text.getvalue().removesuffix("\n")


def rows(table: Table) -> Iterator[Row]:
    """By the header. What is shown as `0.575 ± 0.028 †` has columns NAME, `NAME sd` and `NAME marks`; a span
    `0.43 to 0.60` has `NAME low` and `NAME high`; what is not defined is None."""
    columns = _columns(table)
    for place in range(len(table.rows)):
        yield {name: values[place] for name, values in columns.items()}


def _columns(table: Table) -> dict[str, list[Value]]:
    found: dict[str, list[Value]] = {}
    for place, name in enumerate(_distinct([plain(head) for head in table.header])):
        found |= _column(name, [row[place] for row in table.rows])
    return found


def _column(name: str, cells: Sequence[str]) -> dict[str, list[Value]]:
    read = [_unmarked(cell) for cell in cells]
    shown, marks = [text for text, _ in read], [found for _, found in read]
    spans = [SPAN.fullmatch(text) for text in shown]
    deviations = [WITH_SD.fullmatch(text) for text in shown]
    found: dict[str, list[Value]] = {}
    if any(spans) and all(span or text == NOTHING for span, text in zip(spans, shown, strict=True)):
        for end, group in (("low", 1), ("high", 2)):
            found[f"{name} {end}"] = [_value(span[group]) if span else None for span in spans]
    else:
        pairs = zip(deviations, shown, strict=True)
        found[name] = [_value(pair[1] if pair else text) for pair, text in pairs]
        if any(deviations):
            found[f"{name} sd"] = [_value(pair[2]) if pair else None for pair in deviations]
    if any(marks):
        found[f"{name} marks"] = [sign or None for sign in marks]
    return found


def _unmarked(cell: str) -> tuple[str, str]:
    """The words of a cell, and the signs that mark it."""
    text = plain(cell)
    bare = text[2:-2] if text.startswith("**") and text.endswith("**") else text
    words = bare.split(" ")
    marks = [word for word in words if word and set(word) <= MARKS]
    return " ".join(word for word in words if word not in marks), "".join(marks)


def _value(text: str) -> Value:
    if text == NOTHING:
        return None
    if not WHOLE.fullmatch(text):
        return text
    number = text.replace(",", "")
    return float(number) if "." in number else int(number)


def _distinct(names: Sequence[str]) -> list[str]:
    """The second of one name is called NAME (2)."""
    return [
        name if (earlier := names[:place].count(name)) == 0 else f"{name} ({earlier + 1})"
        for place, name in enumerate(names)
    ]
