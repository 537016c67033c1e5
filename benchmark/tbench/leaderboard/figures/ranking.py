"""A forest plot: each metric with its mean and interval, beside the best floor and the ceiling."""

from __future__ import annotations

from tbench.leaderboard.figures.letters import tau_w, widest, width
from tbench.leaderboard.html.canvas import canvas
from tbench.leaderboard.html.interval import told
from tbench.leaderboard.html.markup import Html, joined, tag
from tbench.leaderboard.html.rows import Row, Rows
from tbench.leaderboard.html.scale import Scale
from tbench.leaderboard.tables import tau

LENGTH, NUMBER, GAP = 270, 52, 8  # pixels: of the scale, of a number beside it, between two of them
LINE, AXIS, LEGEND = 15, 40, 24
TICKS = 6
KINDS = {"metric": "metric", "floor": "floor", "analysis": "analysis, no rival"}
HOLLOW = "does not rank all"


def ranking(rows: Rows) -> Html | None:
    """None where there is no metric."""
    if not rows.rows:
        return None
    left = widest(row.label for row in rows.rows) + 2 * GAP
    known = [row.mean for row in rows.rows if row.mean is not None]
    ends = [end for row in rows.rows for end in row.interval or ()]
    marks = _marks(rows)
    scale = Scale.holding([0.0, *known, *ends, *(value for _, _, value in marks)], left, left + LENGTH)
    top = GAP + LINE * (len(marks) + 1)
    bottom = top + LINE * len(rows.rows)
    return canvas(
        "Mean weighted τ: " + "; ".join(map(told, rows.rows)),
        left + LENGTH + NUMBER + GAP,
        bottom + AXIS + LEGEND,
        *_axis(scale, top, bottom),
        *(_mark(scale, mark, GAP + LINE * (place + 1), bottom) for place, mark in enumerate(marks)),
        *(_row(row, scale, top + LINE * place + LINE / 2) for place, row in enumerate(rows.rows)),
        *_legend(rows, bottom + AXIS + GAP + 4),
    )


def _marks(rows: Rows) -> list[tuple[str, str, float]]:
    """Lines through all rows: class, words, value."""
    found = []
    if rows.ceiling is not None:
        found.append(("ceiling", f"noise ceiling {tau(rows.ceiling)}", rows.ceiling))
    if rows.floor is not None and rows.floor.mean is not None:
        found.append(("floor", f"best floor: {rows.floor.label} {tau(rows.floor.mean)}", rows.floor.mean))
    return found


def _axis(scale: Scale, top: int, bottom: int) -> list[Html]:
    lines = []
    for tick in scale.ticks(TICKS):
        x = scale.at(tick)
        lines.append(tag("line", class_="axis", x1=x, x2=x, y1=top, y2=bottom))
        lines.append(tag("text", f"{round(tick, 6):g}", x=x, y=bottom + 15, text_anchor="middle"))
    zero = tag("line", class_="stem", x1=scale.at(0.0), x2=scale.at(0.0), y1=top, y2=bottom)
    middle = (scale.start + scale.end) / 2
    return [*lines, zero, tag("text", tau_w("mean ", ", 95 % interval"), x=middle, y=bottom + 32, text_anchor="middle")]


def _mark(scale: Scale, mark: tuple[str, str, float], y: int, bottom: int) -> Html:
    """Its words are left of the line if they have room there."""
    kind, words, value = mark
    x = scale.at(value)
    line = tag("line", class_=kind, x1=x, x2=x, y1=y - 11, y2=bottom)
    left = width(words) + GAP < x
    side = {"x": x - 4, "text_anchor": "end"} if left else {"x": x + 4, "text_anchor": "start"}
    return tag("g", line, tag("text", words, y=y, class_=kind, **side))


def _row(row: Row, scale: Scale, y: float) -> Html:
    marks = [tag("text", row.label, x=scale.start - GAP, y=y + 4, text_anchor="end", class_=row.kind)]
    if row.interval:
        low, high = map(scale.at, row.interval)
        marks.append(tag("rect", class_="bar", x=low, y=y - 3, width=max(high - low, 1.0), height=6))
    if row.mean is not None:
        marks.append(_dot(row.kind, row.whole, scale.at(row.mean), y))
    number = tag("text", tau(row.mean), x=scale.end + NUMBER, y=y + 4, text_anchor="end")
    return tag("g", tag("title", told(row)), *marks, number, class_=row.kind)


def _dot(kind: str, whole: bool, x: float, y: float) -> Html:
    return tag("circle", class_=f"{kind} {'dot' if whole else 'hollow'}", cx=x, cy=y, r=3.5)


def _legend(rows: Rows, y: int) -> list[Html]:
    entries = [(kind, True, words) for kind, words in KINDS.items() if any(row.kind == kind for row in rows.rows)]
    if any(not row.whole and row.mean is not None for row in rows.rows):
        entries.append(("metric", False, HOLLOW))
    x, shown = 2.0 * GAP, []
    for kind, whole, words in entries:
        shown.append(joined(_dot(kind, whole, x, float(y)), tag("text", words, x=x + GAP, y=y + 4)))
        x += width(words) + 3.5 * GAP
    return shown
