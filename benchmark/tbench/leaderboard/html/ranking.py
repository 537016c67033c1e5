"""The first table: each metric with its mean, how sure that is, what following it is worth, and what it costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tbench.leaderboard.html.interval import axis, interval, scale_of
from tbench.leaderboard.html.markup import Html, joined, prose, tag
from tbench.leaderboard.html.rows import Row, Rows
from tbench.leaderboard.html.table import boxed, figure
from tbench.leaderboard.tables import NOTHING, about, percent, seconds, tau, times, with_best

SWITCHES = {"floor": "floors", "analysis": "analyses"}


@dataclass(frozen=True)
class Column:
    """value: what it is sorted by. best: whether the largest is (1), the smallest (-1), or none. words: what it is."""

    head: str
    value: Callable[[Row], float | None]
    shown: Callable[[Row], str]
    best: int = 0
    words: str = ""


COLUMNS = (
    Column("mean τ_w", lambda row: row.mean, lambda row: row.shown, 1),
    Column(
        "95 % interval",
        lambda row: row.interval[0] if row.interval else None,
        lambda row: "",
    ),
    Column(
        "class",
        lambda row: row.group,
        lambda row: NOTHING if row.group is None else str(row.group),
        words="Class: metrics that cannot be told from the first of their class.",
    ),
    Column(
        "regret@1",
        lambda row: row.regret,
        lambda row: NOTHING if row.regret is None else percent(row.regret),
        -1,
        "Regret@1: points lost by fine-tuning only what it puts first.",
    ),
    Column(
        "s per cell",
        lambda row: row.seconds,
        lambda row: seconds(row.seconds),
        words="Seconds of one cell are with all that the score rests on.",
    ),
    Column(
        "speed-up",
        lambda row: _ratio(row),
        lambda row: _speed(row),
        words="Speed-up: a whole fine-tuning sweep ÷ these seconds.",
    ),
)
MEAN, BAR = COLUMNS[:2]


def ranking(rows: Rows) -> Html:
    scale = scale_of(rows)
    columns = _known(rows)
    heads = [
        tag("th", "metric", scope="col"),
        tag("th", "kind", scope="col"),
        *(
            tag("th", one.head, *([tag("br"), axis(scale)] if one is BAR else []), scope="col", class_="n")
            for one in columns
        ),
        tag("th", "candidates", scope="col", class_="n"),
    ]
    shown = [_best(one, rows.rows) for one in columns]
    body = []
    for row, *texts in zip(rows.rows, *shown, strict=True):
        cells = [
            _bar(row, interval(row, rows, scale)) if one is BAR else _number(text, one.value(row))
            for one, text in zip(columns, texts, strict=True)
        ]
        ends = tag("th", row.label, scope="row"), tag("td", row.kind), tag("td", row.coverage, class_="n")
        body.append(tag("tr", *ends[:2], *cells, ends[2], data_kind=row.kind))
    table = tag(
        "table",
        tag("caption", "Every metric and floor, best first"),
        tag("thead", tag("tr", *heads)),
        tag("tbody", *body),
        class_="sortable",
        id=rows.id("ranking-table"),
    )
    title = rows.titled("Leaderboard")
    return figure(rows.id("ranking"), title, _legend(rows, columns), _controls(rows), boxed(title, table))


def _known(rows: Rows) -> list[Column]:
    """The mean always; others where they are known of any row."""
    return [one for one in COLUMNS if one is MEAN or any(one.value(row) is not None for row in rows.rows)]


def _number(shown: str, value: float | None) -> Html:
    return tag("td", prose(shown), class_="n", data_sort=_exact(value))


def _bar(row: Row, bar: Html) -> Html:
    return tag("td", bar, data_sort=_exact(BAR.value(row)))


def _exact(value: float | None) -> str:
    return "" if value is None else repr(float(value))


def _best(column: Column, rows: Sequence[Row]) -> list[str]:
    """Floors, analyses and what misses something take no part."""
    shown = [column.shown(row) for row in rows]
    if not column.best:
        return shown
    values = [column.value(row) if row.competes else None for row in rows]
    return with_best(shown, [None if value is None else column.best * value for value in values])


def _strict(row: Row) -> float:
    return row.price.strict.wall if row.price else 0.0


def _speed(row: Row) -> str:
    price = row.price
    if price is None or price.sweep is None:
        return NOTHING
    return about(times(price.sweep.wall, _strict(row)), estimated=price.estimated > 0)


def _ratio(row: Row) -> float | None:
    price = row.price
    return price.sweep.wall / _strict(row) if price and price.sweep and _strict(row) > 0 else None


def _legend(rows: Rows, columns: Sequence[Column]) -> list[str]:
    lines = ["thin line: zero"]
    if rows.floor is not None:
        lines.append(f"dashed: the best floor, {rows.floor.label} ({tau(rows.floor.mean)})")
    if rows.ceiling is not None:
        lines.append(f"solid: the noise ceiling ({tau(rows.ceiling)})")
    bars = f"In the bars, {'; '.join(lines)}." if BAR in columns else ""
    told = " ".join(filter(None, [bars, *(one.words for one in columns)]))
    return [*filter(None, [rows.note, told])]


def _controls(rows: Rows) -> Html:
    """Hidden until the script can obey them."""
    find = tag("input", type="search", id=rows.id("filter"), aria_controls=rows.id("ranking-table"))
    kinds = {row.kind for row in rows.rows}
    switches = [
        tag("label", tag("input", type="checkbox", class_="switch", value=kind, checked=True), f" {words}")
        for kind, words in SWITCHES.items()
        if kind in kinds and len(kinds) > 1
    ]
    count = tag("output", id=rows.id("count"), class_="count", aria_live="polite")
    return tag("div", joined(tag("label", "Filter ", find), *switches, count), class_="controls", hidden=True)
