"""Scores of one metric against what fine-tuning reached, on one dataset."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

from tbench.leaderboard.figures.letters import SIZE, tau_w, widest
from tbench.leaderboard.figures.room import Box, name, place
from tbench.leaderboard.html.canvas import canvas
from tbench.leaderboard.html.markup import Html, tag
from tbench.leaderboard.html.rows import Rows
from tbench.leaderboard.html.scale import Scale
from tbench.leaderboard.html.scatter import Points
from tbench.leaderboard.tables import tau

WIDTH, HEIGHT, RADIUS = 420, 300, 4  # pixels: of the plot, of a point
ABOVE, BELOW, BESIDE, GAP = 28, 48, 24, 8
TICKS, TICK = 5, 4  # how many at most, and pixels of each
REACH = 12  # pixels; a name that is farther off has no room


@dataclass(frozen=True)
class Point:
    """A candidate."""

    name: str
    score: float
    truth: float


def scatter(rows: Rows, points: Points, metric: str, target: int) -> Html | None:
    """metric: a label of a row. target: the place of a dataset. None where no candidate has both numbers."""
    dataset, measure = rows.datasets[target], points.measures[target]
    shown = sorted(_points(points, metric, target), key=lambda point: (point.score, point.truth, point.name))
    if not shown:
        return None
    truths = [point.truth for point in shown]
    up = Scale.holding(truths, ABOVE + HEIGHT, ABOVE)
    left = widest(_number(tick) for tick in up.ticks(TICKS)) + SIZE + 3 * GAP
    across = Scale.holding([point.score for point in shown], left, left + WIDTH)
    value = next(row.cells[target].tau for row in rows.rows if row.label == metric)
    before, after = f"{metric} on {dataset}: ", f" {tau(value)}, {len(shown)} candidates"
    words = f"{before}τ_w{after}"
    return canvas(
        f"{metric} against {measure}. {words}",
        max(left + WIDTH + BESIDE, left + widest([words]) + GAP),
        ABOVE + HEIGHT + BELOW,
        tag("text", tau_w(before, after), x=left, y=ABOVE - 12),
        *_axes(across, up, metric, measure),
        *(_mark(point, across, up, measure) for point in shown),
        *_names(shown, across, up),
    )


def _points(points: Points, metric: str, target: int) -> Iterator[Point]:
    """Infinite scores have no place in a picture."""
    scores = points.scores(metric, target)
    for candidate, score, truth in zip(points.candidates, scores, points.truth[target], strict=True):
        if score is not None and truth is not None and isfinite(score) and isfinite(truth):
            yield Point(candidate, score, truth)


def _number(value: float) -> str:
    return f"{value:z.5g}"


def _axes(across: Scale, up: Scale, metric: str, measure: str) -> list[Html]:
    left, right, bottom, top = across.start, across.end, up.start, up.end
    corner = f"{left:.1f},{top:.1f} {left:.1f},{bottom:.1f} {right:.1f},{bottom:.1f}"
    lines = [tag("polyline", class_="stem", points=corner)]
    for tick in across.ticks(TICKS):
        x = across.at(tick)
        lines.append(tag("line", class_="stem", x1=x, x2=x, y1=bottom, y2=bottom + TICK))
        lines.append(tag("text", _number(tick), x=x, y=bottom + 16, text_anchor="middle"))
    for tick in up.ticks(TICKS):
        y = up.at(tick)
        lines.append(tag("line", class_="stem", x1=left - TICK, x2=left, y1=y, y2=y))
        lines.append(tag("text", _number(tick), x=left - GAP, y=y + 4, text_anchor="end"))
    middle = (top + bottom) / 2
    return [
        *lines,
        tag("text", f"score of {metric}", x=(left + right) / 2, y=bottom + 38, text_anchor="middle"),
        tag("text", measure, transform=f"translate({SIZE + 4} {middle:.1f}) rotate(-90)", text_anchor="middle"),
    ]


def _mark(point: Point, across: Scale, up: Scale, measure: str) -> Html:
    told = f"{point.name}: score {_number(point.score)}, {measure} {_number(point.truth)}"
    x, y = across.at(point.score), up.at(point.truth)
    return tag("circle", tag("title", told), class_="point", cx=x, cy=y, r=RADIUS)


def _names(points: list[Point], across: Scale, up: Scale) -> list[Html]:
    """Of as many as have room beside, above or below their points, on no other point or name."""
    frame = Box(across.start, up.end, across.end + BESIDE, up.start)
    centres = [(across.at(point.score), up.at(point.truth)) for point in points]
    taken = [Box.round(x, y, RADIUS) for x, y in centres]
    names: list[Html] = []
    for point, (x, y) in zip(points, centres, strict=True):
        if box := place(point.name, x, y, frame, taken, REACH):
            taken.append(box)
            names += name(point.name, x, y, box)
    return names
