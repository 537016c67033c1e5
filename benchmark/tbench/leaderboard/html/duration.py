"""Seconds on a logarithmic scale, method by method, in each setting in which they were taken."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from tbench.leaderboard.html.canvas import canvas
from tbench.leaderboard.html.markup import Html, tag
from tbench.leaderboard.html.scale import Scale
from tbench.leaderboard.html.table import boxed, figure
from tbench.leaderboard.tables import seconds

LEFT, RIGHT, WIDTH = 180, 640, 760  # pixels: where the scale begins and ends, and room for seconds beside it
LINE, AXIS = 20, 30

Settings = Mapping[str, Mapping[str, float]]  # setting -> method -> seconds


def duration(settings: Settings, words: str) -> Html | None:
    """None where there are no seconds above zero. words: whose they are."""
    known = [taken for of in settings.values() for taken in of.values() if taken > 0]
    if not known:
        return None
    scale = Scale.holding(known, LEFT, RIGHT, log=True)
    lines = [*chain.from_iterable([(setting, None), *of.items()] for setting, of in settings.items())]
    height = AXIS + LINE * len(lines) + 10
    told = "; ".join(
        f"{setting}: {', '.join(f'{method} {seconds(taken)} s' for method, taken in of.items())}"
        for setting, of in settings.items()
    )
    picture = canvas(
        told,
        WIDTH,
        height,
        *_axis(scale, height),
        *(_line(name, taken, scale, float(AXIS + LINE * place)) for place, (name, taken) in enumerate(lines)),
    )
    return figure("duration", "Seconds", [words], boxed("Seconds", picture))


def _axis(scale: Scale, height: int) -> list[Html]:
    lines = []
    for tick in scale.ticks():
        x = scale.at(tick)
        lines.append(tag("line", class_="axis", x1=x, x2=x, y1=AXIS - 8, y2=height))
        lines.append(tag("text", f"{tick:,g} s", x=x, y=AXIS - 14, text_anchor="middle"))
    return lines


def _line(name: str, taken: float | None, scale: Scale, y: float) -> Html:
    """A setting without seconds of its own is a heading."""
    if taken is None:
        return tag("text", name, class_="heading", x=10.0, y=y + 15)
    label = tag("text", name, x=float(LEFT - 8), y=y + 15, text_anchor="end")
    if taken <= 0:
        return label
    x = scale.at(taken)
    bar = tag("rect", class_="bar metric", x=float(LEFT), y=y + 5, width=x - LEFT, height=10)
    return tag("g", label, bar, tag("text", seconds(taken), x=x + 6, y=y + 15))
