"""Twenty plane figures, filled or in outline, in any rotation."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from tbench_datasets.mini.canvas import SIDE, FloatArray, column, grid

# A figure maps x, y (N, 32, 32) and radius r (N, 1, 1) to a function that is positive inside, in about pixels.
Figure = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]


def circle(x: FloatArray, y: FloatArray, r: FloatArray) -> FloatArray:
    return r - np.hypot(x, y)


def box(x: FloatArray, y: FloatArray, width: FloatArray, height: FloatArray) -> FloatArray:
    return np.minimum(width - np.abs(x), height - np.abs(y))


def polygon(corners: int) -> Figure:
    def inside(x: FloatArray, y: FloatArray, r: FloatArray) -> FloatArray:
        half = np.pi / corners
        turned = np.arctan2(y, x) % (2 * half) - half
        height: FloatArray = r * np.cos(half) - np.hypot(x, y) * np.cos(turned)
        return height

    return inside


def star(rays: int, inner: float) -> Figure:
    def inside(x: FloatArray, y: FloatArray, r: FloatArray) -> FloatArray:
        half = np.pi / rays
        ray: FloatArray = np.abs(np.arctan2(y, x) % (2 * half) - half) / half
        return r * (inner + (1 - inner) * ray) - np.hypot(x, y)

    return inside


def flower(petals: int, depth: float) -> Figure:
    def inside(x: FloatArray, y: FloatArray, r: FloatArray) -> FloatArray:
        edge: FloatArray = r * (1 - depth + depth * np.cos(petals * np.arctan2(y, x)))
        return edge - np.hypot(x, y)

    return inside


def plus(x: FloatArray, y: FloatArray, r: FloatArray) -> FloatArray:
    return np.maximum(box(x, y, r, 0.3 * r), box(x, y, 0.3 * r, r))


def ellipse(x: FloatArray, y: FloatArray, r: FloatArray) -> FloatArray:
    return r - np.hypot(x, 1.9 * y)


def ring(x: FloatArray, y: FloatArray, r: FloatArray) -> FloatArray:
    return np.minimum(circle(x, y, r), -circle(x, y, 0.55 * r))


def crescent(x: FloatArray, y: FloatArray, r: FloatArray) -> FloatArray:
    return np.minimum(circle(x, y, r), -circle(x - 0.45 * r, y, 0.75 * r))


def half_disc(x: FloatArray, y: FloatArray, r: FloatArray) -> FloatArray:
    return np.minimum(circle(x, y, r), x)


def bar(x: FloatArray, y: FloatArray, r: FloatArray) -> FloatArray:
    return box(x, y, r, 0.5 * r)


def corner(x: FloatArray, y: FloatArray, r: FloatArray) -> FloatArray:
    return np.maximum(box(x, y + 0.65 * r, r, 0.35 * r), box(x + 0.65 * r, y, 0.35 * r, r))


def tee(x: FloatArray, y: FloatArray, r: FloatArray) -> FloatArray:
    return np.maximum(box(x, y + 0.7 * r, r, 0.3 * r), box(x, y, 0.3 * r, r))


def arrow(x: FloatArray, y: FloatArray, r: FloatArray) -> FloatArray:
    head = np.minimum(x, 0.72 * (r - x) - np.abs(y))
    shaft = np.minimum(0.25 * r - np.abs(y), np.minimum(x + r, 0.2 * r - x))
    return np.maximum(head, shaft)


def frame(x: FloatArray, y: FloatArray, r: FloatArray) -> FloatArray:
    square = polygon(4)(x, y, r)
    return np.minimum(square, 0.45 * r - square)


SHAPES: tuple[Figure, ...] = (
    circle,
    polygon(3),
    polygon(4),
    polygon(5),
    polygon(6),
    star(5, 0.4),
    star(4, 0.35),
    star(6, 0.5),
    plus,
    ellipse,
    ring,
    crescent,
    half_disc,
    bar,
    corner,
    tee,
    flower(3, 0.3),
    flower(4, 0.28),
    arrow,
    frame,
)


def shape_masks(labels: NDArray[np.int64], stream: RandomState) -> FloatArray:
    """(N,) indices into SHAPES -> masks (N, 32, 32); three in ten in outline."""
    return figure_masks(SHAPES, labels, stream)


def figure_masks(figures: Sequence[Figure], labels: NDArray[np.int64], stream: RandomState) -> FloatArray:
    """The same of any figures."""
    n = len(labels)
    x, y = grid()
    x = x - column(stream.uniform(-4, 4, n))
    y = y - column(stream.uniform(-4, 4, n))
    angle = column(stream.uniform(-np.pi, np.pi, n))
    radius = column(stream.uniform(6, 12, n))
    outlined = column(stream.rand(n)) < 0.3
    width = column(stream.uniform(1.2, 2, n))
    x, y = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    inside = np.empty((n, SIDE, SIDE))
    for label in np.unique(labels):
        i = labels == label
        inside[i] = figures[label](x[i], y[i], radius[i])
    inside = np.where(outlined, np.minimum(inside, width - inside), inside)
    return np.clip(inside + 0.5, 0, 1)
