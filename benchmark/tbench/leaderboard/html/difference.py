"""A critical-difference diagram (Demšar, JMLR 2006): mean ranks over datasets, and what they do not tell apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tbench.leaderboard.html.canvas import canvas
from tbench.leaderboard.html.markup import Html, tag
from tbench.leaderboard.html.rows import Rows
from tbench.leaderboard.html.scale import Scale
from tbench.leaderboard.html.table import boxed, figure
from tbench.leaderboard.standing import LEVEL
from tbench.statistics import critical_difference, friedman

SIDE, LENGTH = 250, 400  # pixels: for names on either side, and of the axis between them
ROW, AXIS, CLIQUE = 18, 40, 7  # pixels: of a name, above the axis, between two bars


@dataclass(frozen=True)
class Differences:
    """Of metrics that miss nothing. ranked: mean rank and label, best first. distance: what two must be apart."""

    ranked: Sequence[tuple[float, str]]
    datasets: int
    distance: float

    @property
    def groups(self) -> list[tuple[int, int]]:
        return cliques([rank for rank, _ in self.ranked], self.distance)


def difference(rows: Rows) -> Html | None:
    """None where ranks over datasets cannot be compared."""
    found = differences(rows)
    if found is None:
        return None
    words = (
        f"Mean ranks over {found.datasets} datasets, best on the left, of metrics that miss nothing. A bar joins those "
        f"that differ by no more than {found.distance:.1f} ranks, which Nemenyi's test does not tell apart at "
        f"{LEVEL:g}."
    )
    title = rows.titled("Critical differences")
    return figure(rows.id("difference"), title, [words], boxed(title, diagram(found)))


def differences(rows: Rows) -> Differences | None:
    """None where ranks over datasets cannot be compared."""
    metrics = [row for row in rows.rows if row.competes and row.mean is not None]
    taus = np.array([[cell.tau for cell in row.cells] for row in metrics], dtype=np.float64)
    found = friedman(taus.T) if taus.size else None
    if found is None:
        return None
    ranked = sorted(zip(found.ranks, [row.label for row in metrics], strict=True))
    return Differences(ranked, found.datasets, critical_difference(len(metrics), found.datasets, LEVEL))


def cliques(ranks: Sequence[float], distance: float) -> list[tuple[int, int]]:
    """First and last place of each largest group within the distance; ranks in ascending order, alone is no group."""
    found: list[tuple[int, int]] = []
    for first, rank in enumerate(ranks):
        last = max(place for place, other in enumerate(ranks) if other - rank <= distance)
        if last > first and (not found or last > found[-1][1]):
            found.append((first, last))
    return found


def diagram(found: Differences, side: int = SIDE, length: int = LENGTH) -> Html:
    """The picture alone. side, length: pixels for names on either side, and of the axis between them."""
    ranked, groups = found.ranked, found.groups
    scale = Scale(1, len(ranked), side, side + length)
    half = (len(ranked) + 1) // 2
    below = AXIS + 12 + CLIQUE * len(groups)
    told = ", ".join(f"{label} {rank:.1f}" for rank, label in ranked)
    return canvas(
        f"Mean ranks: {told}",
        2 * side + length,
        below + ROW * (half + 1),
        *_axis(scale, len(ranked), found.distance),
        *(_bar(scale, ranked, group, place) for place, group in enumerate(groups)),
        *(
            _name(scale, rank, label, below + ROW * (place + 1), left=True)
            for place, (rank, label) in enumerate(ranked[:half])
        ),
        *(
            _name(scale, rank, label, below + ROW * (place + 1), left=False)
            for place, (rank, label) in enumerate(reversed(ranked[half:]))
        ),
    )


def _axis(scale: Scale, several: int, distance: float) -> list[Html]:
    every = 1 if several <= 12 else 5
    ticks = [1, *range(every, several, every)] if every > 1 else list(range(1, several + 1))
    lines = [tag("line", class_="stem", x1=scale.at(1), x2=scale.at(several), y1=AXIS, y2=AXIS)]
    for tick in ticks:
        lines.append(tag("line", class_="stem", x1=scale.at(tick), x2=scale.at(tick), y1=AXIS - 5, y2=AXIS))
        lines.append(tag("text", tick, x=scale.at(tick), y=AXIS - 9, text_anchor="middle"))
    end = min(1 + distance, float(several))
    ruler = tag("line", class_="ceiling", x1=scale.at(1), x2=scale.at(end), y1=12, y2=12)
    return [*lines, ruler, tag("text", "critical difference", x=scale.at(1) - 8, y=16, text_anchor="end")]


def _bar(scale: Scale, ranked: Sequence[tuple[float, str]], group: tuple[int, int], place: int) -> Html:
    y = AXIS + 10 + CLIQUE * place
    first, last = (ranked[end][0] for end in group)
    return tag("line", class_="clique", x1=scale.at(first) - 3, x2=scale.at(last) + 3, y1=y, y2=y)


def _name(scale: Scale, rank: float, label: str, y: int, *, left: bool) -> Html:
    x, end = scale.at(rank), scale.start - 20.0 if left else scale.end + 20.0
    stem = tag("polyline", class_="stem", points=f"{x:.1f},{AXIS} {x:.1f},{y} {end:.1f},{y}")
    beside = {"x": end - 4, "text_anchor": "end"} if left else {"x": end + 4, "text_anchor": "start"}
    return tag("g", stem, tag("text", f"{label} {rank:.1f}", y=y + 4, **beside))
