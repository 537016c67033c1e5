"""A mean with its interval as a bar in a cell of a table, beside ceiling and floor."""

from __future__ import annotations

from tbench.leaderboard.html.markup import Html, tag
from tbench.leaderboard.html.rows import Row, Rows
from tbench.leaderboard.html.scale import Scale
from tbench.leaderboard.tables import tau

WIDTH, HEIGHT = 200, 20  # pixels
TICKS = 6


def scale_of(rows: Rows) -> Scale:
    """The same in all cells."""
    known = [row.mean for row in rows.rows if row.mean is not None]
    ends = [end for row in rows.rows for end in row.interval or ()]
    return Scale.holding([0.0, *known, *ends, *([rows.ceiling] if rows.ceiling is not None else [])], 0, WIDTH)


def interval(row: Row, rows: Rows, scale: Scale) -> Html:
    middle = HEIGHT / 2
    marks = [_line("zero", scale.at(0.0))]
    if rows.floor is not None and rows.floor.mean is not None:
        marks.append(_line("floor", scale.at(rows.floor.mean)))
    if rows.ceiling is not None:
        marks.append(_line("ceiling", scale.at(rows.ceiling)))
    if row.interval:
        low, high = map(scale.at, row.interval)
        marks.append(tag("rect", class_=f"bar {row.kind}", x=low, y=6.0, width=max(high - low, 1.0), height=8.0))
    if row.mean is not None:
        marks.append(tag("circle", class_=f"dot {row.kind}", cx=scale.at(row.mean), cy=middle, r=4.0))
    return _svg(told(row), *marks)


def axis(scale: Scale) -> Html:
    """Above the bars."""
    numbers = [tag("text", f"{tick:g}", x=scale.at(tick), y=14.0, text_anchor="middle") for tick in _ticks(scale)]
    return _svg("the scale of mean τ_w", *numbers)


def told(row: Row) -> str:
    if row.mean is None:
        return f"{row.label}: no order"
    between = f", 95 % interval {row.interval[0]:z.2f} to {row.interval[1]:z.2f}" if row.interval else ""
    return f"{row.label}: mean τ_w {tau(row.mean)}{between}"


def _ticks(scale: Scale) -> list[float]:
    """Those whose numbers have room."""
    return [round(tick, 6) for tick in scale.ticks(TICKS) if 10 < scale.at(tick) < WIDTH - 10]


def _line(kind: str, x: float) -> Html:
    return tag("line", class_=kind, x1=x, y1=0.0, x2=x, y2=float(HEIGHT))


def _svg(title: str, *content: Html) -> Html:
    size = {"viewBox": f"0 0 {WIDTH} {HEIGHT}", "width": WIDTH, "height": HEIGHT}
    return tag("svg", tag("title", title), *content, role="img", **size)
