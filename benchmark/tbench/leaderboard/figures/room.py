"""Where a name may stand beside its point without standing on anything else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import hypot

from tbench.leaderboard.figures.letters import SIZE, width
from tbench.leaderboard.html.markup import Html, tag

STEP, AWAY = 4, 5  # pixels: between two places that are tried, and of the nearest ones from the middle of the point
ADJACENT = 12.0  # pixels; a name that is farther off is tied to its point by a line


@dataclass(frozen=True)
class Box:
    """Pixels that something takes."""

    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def round(cls, x: float, y: float, radius: float) -> Box:
        return cls(x - radius, y - radius, x + radius, y + radius)

    def touches(self, other: Box) -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom

    def holds(self, other: Box) -> bool:
        inside = self.left <= other.left and other.right <= self.right
        return inside and self.top <= other.top and other.bottom <= self.bottom

    def nearest(self, x: float, y: float) -> tuple[float, float]:
        """The point of it that is nearest to this one."""
        return min(max(x, self.left), self.right), min(max(y, self.top), self.bottom)

    def distance(self, x: float, y: float) -> float:
        across, up = self.nearest(x, y)
        return hypot(across - x, up - y)


def place(words: str, x: float, y: float, frame: Box, taken: Sequence[Box], reach: int) -> Box | None:
    """The free place in the frame that is nearest to the point, none farther off than these pixels; or None.

    Of two that are as near, the one beside the point, then the one to the right.
    """
    long = width(words)
    lefts = [x - long - AWAY - off for off in range(0, reach, STEP)] + [x + AWAY + off for off in range(0, reach, STEP)]
    lefts += [x - AWAY - long + off for off in range(STEP, round(long) + 2 * AWAY, STEP)]
    tops = [y - SIZE / 2 + off for off in range(-reach, reach + 1, STEP)]
    boxes = [Box(left, top, left + long, top + SIZE) for left, top in product(lefts, tops)]
    near = [box for box in boxes if box.distance(x, y) <= reach and frame.holds(box)]
    near.sort(key=lambda box: (round(box.distance(x, y)), abs(box.top + SIZE / 2 - y), -box.left))
    kept = [*taken, Box.round(x, y, AWAY - 1)]
    return next((box for box in near if not any(map(box.touches, kept))), None)


def name(words: str, x: float, y: float, box: Box, kind: str = "soft") -> list[Html]:
    """In its place, tied to its point where it is not beside it."""
    middle = (box.left + box.right) / 2
    shown = [tag("text", words, x=middle, y=box.bottom - 2, text_anchor="middle", class_=kind)]
    if box.distance(x, y) > ADJACENT:
        across, up = box.nearest(x, y)
        shown.append(tag("line", class_="tie", x1=x, y1=y, x2=across, y2=up))
    return shown
