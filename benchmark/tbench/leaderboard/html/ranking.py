"""The first table: each metric with its mean, how sure that is, what following it is worth, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence

from tbench.leaderboard.html.interval import axis, interval, scale_of
from tbench.leaderboard.html.markup import Html, joined, prose, tag
from tbench.leaderboard.html.rows import Row, Rows
from tbench.leaderboard.html.table import boxed, figure
from tbench.leaderboard.rankings import candidates, mean_tau
from tbench.leaderboard.tables import NOTHING, about, percent, seconds, tau, times, with_best

HEADS = ("metric", "kind", "mean τ_w", "95 % interval", "class", "regret@1", "s per cell", "speed-up", "candidates")


def ranking(rows: Rows) -> Html:
    scale = scale_of(rows)
    heads = [
        tag("th", name, *([tag("br"), axis(scale)] if name == HEADS[3] else []), scope="col", class_=_class(place))
        for place, name in enumerate(HEADS)
    ]
    means = _best([mean_tau(row.line) for row in rows.rows], rows.rows, [row.mean for row in rows.rows])
    regrets = [row.worth.means["regret@1"] if row.worth else None for row in rows.rows]
    lost = [NOTHING if regret is None else percent(regret) for regret in regrets]
    costs = _best(lost, rows.rows, [None if regret is None else -regret for regret in regrets])
    body = [
        tag("tr", *_cells(row, mean, interval(row, rows, scale), regret, cost), data_kind=row.line.metric.kind)
        for row, mean, regret, cost in zip(rows.rows, means, regrets, costs, strict=True)
    ]
    table = tag(
        "table",
        tag("caption", "Every metric and floor, best first"),
        tag("thead", tag("tr", *heads)),
        tag("tbody", *body),
        class_="sortable",
        id="ranking-table",
    )
    return figure("ranking", "Leaderboard", _legend(rows), _controls(), boxed("Leaderboard", table))


def _cells(row: Row, mean: str, bar: Html, regret: float | None, cost: str) -> list[Html]:
    group = row.standing.group if row.standing else None
    price = row.price
    strict = price.own.wall + price.evidence.wall + price.extraction.wall if price else 0.0
    speed = about(times(price.sweep.wall, strict), estimated=price.estimated > 0) if price and price.sweep else NOTHING
    ratio = price.sweep.wall / strict if price and price.sweep and strict > 0 else None
    return [
        tag("th", row.label, scope="row"),
        tag("td", row.line.metric.kind),
        _number(mean, row.mean),
        tag("td", bar, data_sort=_exact(row.interval[0] if row.interval else None)),
        _number(NOTHING if group is None else str(group), group),
        _number(cost, regret),
        _number(seconds(row.seconds), row.seconds),
        _number(speed, ratio),
        tag("td", candidates(row.line), class_="n"),
    ]


def _number(shown: str, value: float | None) -> Html:
    return tag("td", prose(shown), class_="n", data_sort=_exact(value))


def _exact(value: float | None) -> str:
    return "" if value is None else repr(float(value))


def _class(place: int) -> str | None:
    return "n" if place > 1 else None


def _best(shown: Sequence[str], rows: Sequence[Row], values: Sequence[float | None]) -> list[str]:
    """Floors, analyses and what misses something take no part."""
    competing = [row.line.whole and row.line.metric.kind == "metric" for row in rows]
    return with_best(shown, [value if one else None for value, one in zip(values, competing, strict=True)])


def _legend(rows: Rows) -> list[str]:
    lines = ["thin line: zero"]
    if rows.floor is not None:
        lines.append(f"dashed: the best floor, {rows.floor.label} ({tau(rows.floor.mean)})")
    if rows.ceiling is not None:
        lines.append(f"solid: the noise ceiling ({tau(rows.ceiling)})")
    return [
        f"In the bars, {'; '.join(lines)}. Class: metrics that cannot be told from the first of their class. Regret@1: "
        "points lost by fine-tuning only what it puts first. Seconds of one cell are with all that the score rests on; "
        "speed-up: a whole fine-tuning sweep ÷ that."
    ]


def _controls() -> Html:
    """Hidden until the script can obey them."""
    search = tag("label", "Filter ", tag("input", type="search", id="filter", aria_controls="ranking-table"))
    switches = [
        tag("label", tag("input", type="checkbox", class_="switch", value=kind, checked=True), f" {words}")
        for kind, words in (("floor", "floors"), ("analysis", "analyses"))
    ]
    count = tag("output", id="count", aria_live="polite")
    return tag("div", joined(search, *switches, count), class_="controls", hidden=True)
