"""The tables of a page as text in cells, for paper and terminal alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

NOTHING = "–"
PARTIAL = "†"
SATURATED = "‡"
ESTIMATED = "≈"
TRAINS = "§"
POOLED = "¶"
CONSTANT = "constant"


class Second(str):
    """A cell that is the second best of its column, where a page says which is best."""

    __slots__ = ()


@dataclass(frozen=True)
class Table:
    """A cell in **asterisks** is meant to be bold. align: l or r for each column."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    align: str


@dataclass(frozen=True)
class Section:
    """name: how a command asks for it. before, after: sentences round the tables, which may have titles."""

    name: str
    title: str
    before: tuple[str, ...]
    tables: tuple[tuple[str, Table], ...]
    after: tuple[str, ...] = ()


def tau(value: float | None, sd: float | None = None) -> str:
    if value is None:
        return NOTHING
    return f"{value:z.3f}" + (f" ± {sd:.3f}" if sd is not None else "")


def difference(value: float, sd: float | None = None) -> str:
    return f"{value:+z.3f}" + (f" ± {sd:.3f}" if sd is not None else "")


def percent(value: float, sd: float | None = None) -> str:
    return f"{100 * value:.1f}" + (f" ± {100 * sd:.1f}" if sd is not None else "")


def seconds(value: float | None) -> str:
    if value is None:
        return NOTHING
    if 0 < value < 0.0001:
        return "<0.0001"
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3 if value >= 0.1 else 4
    return f"{value:,.{digits}f}"


def times(dear: float | None, cheap: float) -> str:
    """How many times as much the dear one takes."""
    if dear is None or cheap <= 0:
        return NOTHING
    ratio = dear / cheap
    return f"{ratio:,.0f}×" if ratio >= 10 else f"{ratio:.1f}×"


def span(counts: Iterable[int], total: int) -> str:
    """11/14, or 11–13/14 where it is not the same everywhere."""
    found = sorted(set(counts))
    if not found:
        return NOTHING
    return f"{found[0]}/{total}" if len(found) == 1 else f"{found[0]}–{found[-1]}/{total}"


def coverage(counts: Sequence[tuple[int, int]]) -> str:
    """How many of how many, in several places."""
    totals = {total for _, total in counts}
    if len(totals) == 1:
        return span((count for count, _ in counts), totals.pop())
    missing = sum(total - count for count, total in counts)
    return f"{missing} missing" if missing else "all"


def with_best(shown: Sequence[str], values: Sequence[float | None]) -> list[str]:
    """The column, with the best of the values in bold; None takes no part. Equal in three digits is equal.

    What comes next is a `Second`, which papers underline and pages show as any other.
    """
    known = sorted({round(value, 3) for value in values if value is not None}, reverse=True)
    best, second = [*known, None, None][:2]
    places = [None if value is None else round(value, 3) for value in values]
    return [
        text if place is None else f"**{text}**" if place == best else Second(text) if place == second else text
        for text, place in zip(shown, places, strict=True)
    ]


def marked(text: str, *, partial: bool = False, saturated: bool = False, pooled: bool = False) -> str:
    marks = PARTIAL * partial + SATURATED * saturated + POOLED * pooled
    return f"{text} {marks}" if marks else text


def about(text: str, *, estimated: bool) -> str:
    return f"{ESTIMATED} {text}" if estimated and text != NOTHING else text


def by_columns(*columns: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(zip(*columns, strict=True))


def listed(names: Sequence[str], most: int = 6) -> str:
    """a, b and 3 more"""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(islice(names, most - 1))} and {len(names) - most + 1} more"


def counted(count: int, noun: str, plural: str | None = None) -> str:
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"
