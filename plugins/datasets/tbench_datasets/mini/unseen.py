"""Targets petals, ferns and dust: kinds of pictures that sources show, in classes that none of them has."""

from __future__ import annotations

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from tbench_datasets.mini.canvas import paint
from tbench_datasets.mini.dataset import Part, balanced
from tbench_datasets.mini.fractals import find_systems, fractal_masks
from tbench_datasets.mini.shapes import figure_masks, flower
from tbench_datasets.mini.sources import FRACTALS

PETALS = (5, 6, 7, 8, 9, 10)  # of sources' flowers: 3 and 4
FERNS = 12
DUST = 10
GRAINS = 120  # points of a fractal that are left of it in dust


def draw_petals(part: Part, size: int, stream: RandomState) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Flowers in any rotation, three in ten in outline; label: how many petals."""
    labels = balanced(size, len(PETALS), stream)
    flowers = [flower(petals, 0.22) for petals in PETALS]
    return paint(figure_masks(flowers, labels, stream), stream, relief=0.2), labels


def draw_ferns(part: Part, size: int, stream: RandomState) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Attractors of twelve systems that come after those of the sources."""
    labels = balanced(size, FERNS, stream)
    systems = find_systems(FRACTALS + FERNS)
    return paint(fractal_masks(FRACTALS + labels, stream, systems), stream), labels


def draw_dust(part: Part, size: int, stream: RandomState) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """A few points of each of ten further systems."""
    labels = balanced(size, DUST, stream)
    first = FRACTALS + FERNS
    return paint(fractal_masks(first + labels, stream, find_systems(first + DUST), GRAINS), stream), labels
