"""Attractors of random iterated function systems, as in FractalDB (Kataoka et al., ACCV 2020)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from tbench_datasets.mini.canvas import SIDE, FloatArray, column

POINTS = 500
SETTLING = 20  # points of the chaos game that are not drawn: they lie off the attractor
MAPS = 4  # at most


@dataclass(frozen=True, eq=False)
class Systems:
    """K systems of 2 to MAPS affine maps; a map beyond a system's number is never chosen."""

    maps: FloatArray  # (K, MAPS, 2, 3)
    thresholds: FloatArray  # (K, MAPS - 1) cumulative probabilities of choosing the maps


def find_systems(count: int) -> Systems:
    """The first `count` random systems whose maps contract and whose attractors neither collapse nor fill it all."""
    stream = RandomState(77)
    found: list[Systems] = []
    while len(found) < count:
        maps = stream.uniform(-1, 1, (stream.randint(2, MAPS + 1), 2, 3))
        stretch = np.linalg.svd(maps[:, :, :2], compute_uv=False)
        if stretch.max() > 0.92 or not 0.47 < stretch.mean() < 0.875:
            continue
        weights = np.abs(np.linalg.det(maps[:, :, :2])) + 0.05
        unused = MAPS - len(maps)
        system = Systems(
            np.pad(maps, ((0, unused), (0, 0), (0, 0)))[None],
            np.pad(np.cumsum(weights / weights.sum())[:-1], (0, unused), constant_values=1.0)[None],
        )
        drawn = fractal_masks(np.zeros(4, np.int64), RandomState(0), system)
        if 0.12 < np.mean(drawn > 0.1) < 0.6:
            found.append(system)
    return Systems(np.concatenate([s.maps for s in found]), np.concatenate([s.thresholds for s in found]))


def fractal_masks(labels: NDArray[np.int64], stream: RandomState, systems: Systems) -> FloatArray:
    """(N,) indices of systems -> masks (N, 32, 32); every coefficient is varied by up to a tenth, any rotation."""
    n = len(labels)
    maps = systems.maps[labels] * stream.uniform(0.9, 1.1, (n, MAPS, 2, 3))
    chosen = (stream.rand(SETTLING + POINTS, n, 1) > systems.thresholds[labels]).sum(axis=2)
    every = np.arange(n)
    points = np.empty((SETTLING + POINTS, n, 2))
    point = np.zeros((n, 2))
    for step, choice in enumerate(chosen):
        a = maps[every, choice]
        # a system varied into divergence stays finite
        point = np.clip(a[:, :, 0] * point[:, :1] + a[:, :, 1] * point[:, 1:] + a[:, :, 2], -50, 50)
        points[step] = point
    cloud = points[SETTLING:].transpose(1, 2, 0)  # (N, 2, POINTS)
    cloud = cloud - cloud.mean(axis=2, keepdims=True)
    angle = stream.uniform(-np.pi, np.pi, (n, 1))
    x = np.cos(angle) * cloud[:, 0] - np.sin(angle) * cloud[:, 1]
    y = np.sin(angle) * cloud[:, 0] + np.cos(angle) * cloud[:, 1]
    cloud = np.stack([x, y], axis=1)
    extent = np.quantile(np.abs(cloud), 0.97, axis=(1, 2)).clip(1e-3)
    cloud = cloud * column(stream.uniform(9, 14, n) / extent) + (SIDE - 1) / 2 + stream.uniform(-3, 3, (n, 2, 1))
    pixel = np.rint(cloud).astype(np.int64)
    visible = ((pixel >= 0) & (pixel < SIDE)).all(axis=1)
    cell = (every[:, None] * SIDE + pixel[:, 1]) * SIDE + pixel[:, 0]
    hits = np.bincount(cell[visible], minlength=n * SIDE * SIDE).reshape(n, SIDE, SIDE)
    return np.clip(hits / 2, 0, 1)
