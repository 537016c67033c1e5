"""Target petals: how many petals a flower has, more than any flower of the sources."""

from __future__ import annotations

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from tbench_datasets.mini.canvas import paint
from tbench_datasets.mini.dataset import Part, balanced
from tbench_datasets.mini.shapes import figure_masks, flower

PETALS = (5, 6, 7, 8, 9, 10)  # of the sources' flowers: 3 and 4


def draw_petals(part: Part, size: int, stream: RandomState) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Flowers in any rotation, three in ten in outline; label = number - 5."""
    labels = balanced(size, len(PETALS), stream)
    flowers = [flower(petals, 0.22) for petals in PETALS]
    return paint(figure_masks(flowers, labels, stream), stream, relief=0.2), labels
