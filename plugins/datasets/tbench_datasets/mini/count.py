"""Target count: how many of one to six small figures there are."""

from __future__ import annotations

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from tbench_datasets.mini.canvas import SIDE, FloatArray, column, grid, paint
from tbench_datasets.mini.dataset import Part, balanced

MOST = 6
GAP = 1.2  # pixels at least between the circles around two figures
TRIES = 200  # before a crowded picture is begun anew


def draw_count(part: Part, size: int, stream: RandomState) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Discs, squares and ellipses of radius 2 to 4 pixels that do not touch; label = number - 1."""
    labels = balanced(size, MOST, stream)
    placed = [scatter(label + 1, stream) for label in labels.tolist()]
    x, y = grid()
    masks = np.zeros((size, SIDE, SIDE))
    for figure in range(MOST):
        here = np.flatnonzero(labels >= figure)
        centre_x, centre_y, radius = np.array([placed[i][figure] for i in here]).T
        masks[here] = np.maximum(
            masks[here], figures(x - column(centre_x), y - column(centre_y), column(radius), stream)
        )
    return paint(masks, stream, clutter=0.5, noise=0.15, relief=0.2, contrast=0.15), labels


def scatter(number: int, stream: RandomState) -> list[tuple[float, float, float]]:
    """Centres and radii of circles that keep their distance."""
    circles: list[tuple[float, float, float]] = []
    tries = 0
    while len(circles) < number:
        if tries == TRIES:
            circles, tries = [], 0
        tries += 1
        x, y, radius = stream.uniform(-12, 12), stream.uniform(-12, 12), stream.uniform(2, 4)
        if all((x - a) ** 2 + (y - b) ** 2 > (radius + r + GAP) ** 2 for a, b, r in circles):
            circles.append((x, y, radius))
    return circles


def figures(x: FloatArray, y: FloatArray, radius: FloatArray, stream: RandomState) -> FloatArray:
    """Masks (N, 32, 32) of a random figure each, in any rotation, within the circle of this radius."""
    n = len(x)
    kind, angle = column(stream.randint(3, size=n).astype(np.int64)), column(stream.uniform(0, np.pi, n))
    u, v = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    disc, square = radius - np.hypot(u, v), 0.75 * radius - np.maximum(np.abs(u), np.abs(v))
    ellipse = radius - np.hypot(u, 1.8 * v)
    return np.clip(np.select([kind == 0, kind == 1], [disc, square], ellipse) + 0.5, 0, 1)
