"""Speed against accuracy: what orders best for the seconds that it takes."""

from __future__ import annotations

from tbench.leaderboard.html.interval import told
from tbench.leaderboard.html.markup import Html, tag
from tbench.leaderboard.html.rows import Row, Rows
from tbench.leaderboard.html.scale import Scale
from tbench.leaderboard.html.table import boxed, figure
from tbench.leaderboard.tables import seconds

WIDTH, HEIGHT = 900, 440  # pixels
LEFT, RIGHT, TOP, BOTTOM = 60, 850, 20, 390
LETTER, LINE = 6.5, 13.0  # pixels
LEAST = 0.0001  # seconds; what takes less stands there

Point = tuple[Row, float, float]


def pareto(rows: Rows) -> Html | None:
    """None where no seconds are known."""
    points = [
        (row, max(row.seconds, LEAST), row.mean)
        for row in rows.rows
        if row.seconds and row.mean is not None and row.whole and row.kind != "analysis"
    ]
    if not points:
        return None
    known = [mean for _, _, mean in points] + [end for row, _, _ in points for end in row.interval or ()]
    across = Scale.holding([spent for _, spent, _ in points], LEFT, RIGHT, log=True)
    up = Scale.holding([0.0, *known, *([rows.ceiling] if rows.ceiling is not None else [])], BOTTOM, TOP)
    front = _front(points)
    steps = " ".join(f"{across.at(spent):.1f},{up.at(mean):.1f}" for _, spent, mean in front)
    picture = tag(
        "svg",
        tag("title", "Mean τ_w against seconds per cell; the best for their seconds: " + _listed(front)),
        *_axes(across, up, rows),
        tag("polyline", points=steps, class_="front"),
        *(_mark(point, across, up) for point in points),
        *_names(front, across, up),
        role="img",
        class_="plot",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        width=WIDTH,
        height=HEIGHT,
    )
    words = (
        "Mean τ_w with its 95 % interval against the seconds of one cell, with all that the score rests on "
        f"(logarithmic, from {LEAST:g} s); only what misses nothing. Named, along the dashed line, is what nothing "
        f"cheaper beats: {_listed(front)}."
    )
    title = rows.titled("Speed and accuracy")
    return figure(rows.id("pareto"), title, [words], boxed(title, picture))


def _front(points: list[Point]) -> list[Point]:
    """Cheapest first; each has a larger mean than all that are cheaper."""
    found: list[Point] = []
    for point in sorted(points, key=lambda point: (point[1], -point[2])):
        if not found or point[2] > found[-1][2]:
            found.append(point)
    return found


def _listed(front: list[Point]) -> str:
    return ", ".join(f"{row.label} ({seconds(row.seconds)} s)" for row, _, _ in front)


def _axes(across: Scale, up: Scale, rows: Rows) -> list[Html]:
    lines = [tag("line", class_="zero", x1=LEFT, x2=RIGHT, y1=up.at(0.0), y2=up.at(0.0))]
    if rows.ceiling is not None:
        y = up.at(rows.ceiling)
        lines.append(tag("line", class_="ceiling", x1=LEFT, x2=RIGHT, y1=y, y2=y))
        lines.append(tag("text", "noise ceiling", x=RIGHT, y=y - 4, text_anchor="end"))
    lines += [tag("text", f"{tick:z.1f}", x=LEFT - 8, y=up.at(tick) + 4, text_anchor="end") for tick in up.ticks()]
    for tick in across.ticks():
        x = across.at(tick)
        lines.append(tag("line", class_="axis", x1=x, x2=x, y1=TOP, y2=BOTTOM))
        lines.append(tag("text", f"{tick:g} s", x=x, y=BOTTOM + 18, text_anchor="middle"))
    return lines


def _mark(point: Point, across: Scale, up: Scale) -> Html:
    row, spent, mean = point
    x, kind = across.at(spent), row.kind
    whisker = None
    if row.interval:
        low, high = map(up.at, row.interval)
        whisker = tag("line", class_="whisker", x1=x, x2=x, y1=low, y2=high)
    dot = tag("circle", class_="dot", cx=x, cy=up.at(mean), r=4.5)
    return tag("g", tag("title", f"{told(row)}, {seconds(row.seconds)} s"), whisker, dot, class_=kind)


def _names(front: list[Point], across: Scale, up: Scale) -> list[Html]:
    """Left of the point, so that the line to the next stays free; right of it, where the picture ends.

    The front rises to the right: a name goes above that of the point before it, where they would overlap.
    """
    names: list[Html] = []
    before, height = -1.0, float(BOTTOM)
    for row, spent, mean in front:
        x, long = across.at(spent), LETTER * len(row.label)
        left = x - long - 8 > LEFT
        y = up.at(mean) - 7
        height = min(y, height - LINE) if left and x - long - 8 < before else y
        side = {"x": x - 8, "text_anchor": "end"} if left else {"x": x + 8, "text_anchor": "start"}
        names.append(tag("text", row.label, y=height, **side))
        before = x if left else x + 8 + long
    return names
