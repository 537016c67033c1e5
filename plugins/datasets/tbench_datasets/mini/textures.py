"""Twenty procedural textures: waves, tilings, noises and cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from tbench_datasets.mini.canvas import SIDE, FloatArray, column, grid, value_noise


@dataclass(frozen=True, eq=False)
class Lattice:
    """Rotated pixel coordinates u, v (N, 32, 32), times a frequency in radians per pixel, and two phases (N, 1, 1)."""

    u: FloatArray
    v: FloatArray
    phase: FloatArray
    phase2: FloatArray
    frequency: FloatArray
    stream: RandomState

    @property
    def wave(self) -> FloatArray:
        return np.sin(self.u + self.phase)

    @property
    def across(self) -> FloatArray:
        return np.sin(self.v + self.phase2)

    def noise(self, cells: Sequence[int]) -> FloatArray:
        return value_noise(len(self.u), self.stream, cells, channels=1)[:, 0]

    def uniform(self, low: float, high: float, *shape: int) -> FloatArray:
        drawn: FloatArray = self.stream.uniform(low, high, (len(self.u), *shape))
        return drawn


def hexagons(g: Lattice) -> FloatArray:
    turned: FloatArray = np.sin(0.5 * g.u + 0.866 * g.v + g.phase2) + np.sin(0.5 * g.u - 0.866 * g.v)
    return (g.wave + turned) / 1.5


def rings(g: Lattice) -> FloatArray:
    x, y = grid()
    distance = np.hypot(x - column(g.uniform(-16, 16)), y - column(g.uniform(-16, 16)))
    return np.sin(1.3 * g.frequency * distance + g.phase)


def nearest_seeds(g: Lattice) -> tuple[FloatArray, FloatArray]:
    """Distance of each pixel to the nearest and second nearest of 18 random points."""
    x, y = grid()
    seeds = g.uniform(-18, 18, 2, 18, 1, 1)
    squared = np.partition((x - seeds[:, 0]) ** 2 + (y - seeds[:, 1]) ** 2, (0, 1), axis=1)
    return np.sqrt(squared[:, 0]), np.sqrt(squared[:, 1])


def cells(g: Lattice) -> FloatArray:
    nearest, second = nearest_seeds(g)
    return (second - nearest) / 3 - 1


def bubbles(g: Lattice) -> FloatArray:
    return nearest_seeds(g)[0] / 4 - 1


def bricks(g: Lattice) -> FloatArray:
    down = 0.35 * g.v + g.phase
    along = 0.2 * g.u + 0.5 * (np.floor(down) % 2) + g.phase2
    joint = (np.abs(down % 1 - 0.5) > 0.4) | (np.abs(along % 1 - 0.5) > 0.43)
    return np.where(joint, -1.0, 1.0)


def zigzag(g: Lattice) -> FloatArray:
    bend = np.abs((0.2 * g.v + g.phase2) % 2 - 1)
    return np.sign(np.sin(g.u + g.phase + 4.5 * bend))


TEXTURES: tuple[Callable[[Lattice], FloatArray], ...] = (
    lambda g: g.wave,
    lambda g: np.sign(g.wave),
    lambda g: np.sign(g.wave * g.across),
    lambda g: g.wave * g.across,
    lambda g: np.where(g.wave + g.across > 0.9, 1.0, -1.0),
    lambda g: np.maximum(g.wave, g.across),
    hexagons,
    lambda g: g.stream.randn(*g.u.shape),
    lambda g: 3 * g.noise((3,)),
    lambda g: 3 * g.noise((7, 9)),
    lambda g: 2.5 * g.noise((15, 17)),
    lambda g: np.sign(g.noise((5, 7))),
    lambda g: np.sign(g.noise((11, 13))),
    rings,
    lambda g: np.sin(g.u + g.phase + 3 * g.noise((4, 6))),
    lambda g: np.sin(8 * g.noise((4, 6)) + g.phase),
    cells,
    bubbles,
    bricks,
    zigzag,
)


def texture_fields(labels: NDArray[np.int64], stream: RandomState) -> FloatArray:
    """(N,) indices into TEXTURES -> fields (N, 32, 32) in 0..1."""
    fields = np.empty((len(labels), SIDE, SIDE))
    for label in np.unique(labels):
        i = labels == label
        fields[i] = np.clip(0.5 + 0.5 * TEXTURES[label](lattice(int(i.sum()), stream)), 0, 1)
    return fields


def lattice(n: int, stream: RandomState) -> Lattice:
    x, y = grid()
    angle = column(stream.uniform(0, np.pi, n))
    phase, phase2 = column(stream.uniform(0, 2 * np.pi, n)), column(stream.uniform(0, 2 * np.pi, n))
    frequency = column(stream.uniform(0.5, 1.1, n))
    u, v = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    return Lattice(frequency * u, frequency * v, phase, phase2, frequency, stream)
