"""Speed against accuracy: what orders best for the seconds that it takes."""

from __future__ import annotations

from dataclasses import dataclass

from tbench.leaderboard.html.canvas import canvas
from tbench.leaderboard.html.interval import told
from tbench.leaderboard.html.markup import Html, tag
from tbench.leaderboard.html.rows import Row, Rows
from tbench.leaderboard.html.scale import Scale
from tbench.leaderboard.html.table import boxed, figure
from tbench.leaderboard.tables import seconds

WIDTH, HEIGHT = 900, 440  # pixels
LEFT, RIGHT, TOP, BOTTOM = 60, 50, 20, 50  # pixels beside the plot
LETTER, LINE = 6.5, 13.0  # pixels
LEAST = 0.0001  # seconds; what takes less stands there

Point = tuple[Row, float, float]


@dataclass(frozen=True)
class Speed:
    """points: row, seconds and mean. front: those of them that nothing cheaper beats, cheapest first."""

    points: list[Point]
    front: list[Point]
    ceiling: float | None
    across: Scale
    up: Scale

    @classmethod
    def of(cls, rows: Rows, width: int = WIDTH, height: int = HEIGHT) -> Speed | None:
        """None where no seconds are known. width, height: of the whole picture, in pixels."""
        points = [
            (row, max(row.seconds, LEAST), row.mean)
            for row in rows.rows
            if row.seconds and row.mean is not None and row.whole and row.kind != "analysis"
        ]
        if not points:
            return None
        known = [mean for _, _, mean in points] + [end for row, _, _ in points for end in row.interval or ()]
        across = Scale.holding([spent for _, spent, _ in points], LEFT, width - RIGHT, log=True)
        ceiling = [rows.ceiling] if rows.ceiling is not None else []
        up = Scale.holding([0.0, *known, *ceiling], height - BOTTOM, TOP)
        return cls(points, _front(points), rows.ceiling, across, up)


def pareto(rows: Rows) -> Html | None:
    """None where no seconds are known."""
    speed = Speed.of(rows)
    if speed is None:
        return None
    words = (
        "Mean τ_w with its 95 % interval against the seconds of one cell, with all that the score rests on "
        f"(logarithmic, from {LEAST:g} s); only what misses nothing. Named, along the dashed line, is what nothing "
        f"cheaper beats: {_listed(speed.front)}."
    )
    picture = plot(speed, *_names(speed.front, speed.across, speed.up))
    title = rows.titled("Speed and accuracy")
    return figure(rows.id("pareto"), title, [words], boxed(title, picture))


def plot(speed: Speed, *names: Html) -> Html:
    """The picture alone, with these names on it."""
    across, up = speed.across, speed.up
    steps = " ".join(f"{across.at(spent):.1f},{up.at(mean):.1f}" for _, spent, mean in speed.front)
    return canvas(
        "Mean τ_w against seconds per cell; the best for their seconds: " + _listed(speed.front),
        round(across.end) + RIGHT,
        round(up.start) + BOTTOM,
        *_axes(across, up, speed.ceiling),
        tag("polyline", points=steps, class_="front"),
        *(_mark(point, across, up) for point in speed.points),
        *names,
    )


def _front(points: list[Point]) -> list[Point]:
    """Cheapest first; each has a larger mean than all that are cheaper."""
    found: list[Point] = []
    for point in sorted(points, key=lambda point: (point[1], -point[2])):
        if not found or point[2] > found[-1][2]:
            found.append(point)
    return found


def _listed(front: list[Point]) -> str:
    return ", ".join(f"{row.label} ({seconds(row.seconds)} s)" for row, _, _ in front)


def _axes(across: Scale, up: Scale, ceiling: float | None) -> list[Html]:
    left, right = round(across.start), round(across.end)
    bottom, top = round(up.start), round(up.end)
    lines = [tag("line", class_="zero", x1=left, x2=right, y1=up.at(0.0), y2=up.at(0.0))]
    if ceiling is not None:
        y = up.at(ceiling)
        lines.append(tag("line", class_="ceiling", x1=left, x2=right, y1=y, y2=y))
        lines.append(tag("text", "noise ceiling", x=right, y=y - 4, text_anchor="end"))
    lines += [tag("text", f"{tick:z.1f}", x=left - 8, y=up.at(tick) + 4, text_anchor="end") for tick in up.ticks()]
    for tick in across.ticks():
        x = across.at(tick)
        lines.append(tag("line", class_="axis", x1=x, x2=x, y1=top, y2=bottom))
        lines.append(tag("text", f"{tick:g} s", x=x, y=bottom + 18, text_anchor="middle"))
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
    before, height = -1.0, up.start
    for row, spent, mean in front:
        x, long = across.at(spent), LETTER * len(row.label)
        left = x - long - 8 > across.start
        y = up.at(mean) - 7
        height = min(y, height - LINE) if left and x - long - 8 < before else y
        side = {"x": x - 8, "text_anchor": "end"} if left else {"x": x + 8, "text_anchor": "start"}
        names.append(tag("text", row.label, y=height, **side))
        before = x if left else x + 8 + long
    return names
