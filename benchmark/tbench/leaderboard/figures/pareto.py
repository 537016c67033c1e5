"""Speed against accuracy, in the width of a text, with names that stand on nothing."""

from __future__ import annotations

from itertools import pairwise

from tbench.leaderboard.figures.letters import SIZE, tau_w, width
from tbench.leaderboard.figures.room import Box, name, place
from tbench.leaderboard.html.markup import Html, tag
from tbench.leaderboard.html.pareto import Speed, plot
from tbench.leaderboard.html.rows import Rows
from tbench.leaderboard.html.scale import Scale

WIDTH, HEIGHT = 560, 400  # pixels
RADIUS, LINE = 6, 2  # pixels that are kept free round a point, and beside a line
REACH = 160  # pixels that a name may be off its point
CEILING = "noise ceiling"


def pareto(rows: Rows) -> Html | None:
    """None where no seconds are known."""
    speed = Speed.of(rows, WIDTH, HEIGHT)
    return None if speed is None else plot(speed, *_titles(speed.across, speed.up), *_names(speed))


def _titles(across: Scale, up: Scale) -> list[Html]:
    middle, side = (across.start + across.end) / 2, (up.start + up.end) / 2
    return [
        tag("text", "seconds per cell", x=middle, y=up.start + 38, text_anchor="middle"),
        tag("text", tau_w("mean "), transform=f"translate(16 {side:.1f}) rotate(-90)", text_anchor="middle"),
    ]


def _names(speed: Speed) -> list[Html]:
    across, up = speed.across, speed.up
    frame = Box(across.start, up.end, across.end, up.start)
    taken, names = _taken(speed), []
    for row, spent, mean in reversed(speed.front):
        x, y = across.at(spent), up.at(mean)
        if box := place(row.label, x, y, frame, taken, REACH):
            taken.append(box)
            names += name(row.label, x, y, box, row.kind)
    return names


def _taken(speed: Speed) -> list[Box]:
    """By points, whiskers, the ceiling with its words, and the dashed line, in pieces."""
    across, up = speed.across, speed.up
    found = []
    for row, spent, mean in speed.points:
        x = across.at(spent)
        found.append(Box.round(x, up.at(mean), RADIUS))
        if row.interval:
            low, high = map(up.at, row.interval)
            found.append(Box(x - LINE, high, x + LINE, low))
    if speed.ceiling is not None:
        y = up.at(speed.ceiling)
        found += [
            Box(across.start, y - LINE, across.end, y + LINE),
            Box(across.end - width(CEILING), y - SIZE - LINE, across.end, y),
        ]
    ends = [(across.at(spent), up.at(mean)) for _, spent, mean in speed.front]
    for (left, low), (right, high) in pairwise(ends):
        pieces = max(1, round((right - left) / RADIUS))
        steps = [(left + (right - left) * at / pieces, low + (high - low) * at / pieces) for at in range(pieces + 1)]
        found += [Box.round(x, y, LINE) for x, y in steps]
    return found
