"""Target digits: handwritten digits of the UCI optical recognition set (scikit-learn), in cluttered colour."""

from __future__ import annotations

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from sklearn.datasets import load_digits

from tbench_datasets.mini.canvas import paint
from tbench_datasets.mini.dataset import Part

POOL, VAL = 400, 400  # of the 1797 digits in a fixed random order; the remaining 997 are for the test


def draw_digits(part: Part, size: int, stream: RandomState) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Train: equally many of each class, out of a pool of 400, chosen by the stream; val and test are fixed.

    As ink on the same unquiet grounds as the letters: plain, they are read by every network alike.
    """
    digits = load_digits()
    rows = digit_rows(digits.target, part, size, stream)
    enlarged = digits.images[rows].repeat(4, axis=1).repeat(4, axis=2) / 16
    ink = gaussian_filter(enlarged, sigma=(0, 1.2, 1.2))
    pictures = paint(ink, stream, clutter=0.4, noise=0.07, relief=0.15, contrast=0.2)
    return pictures, digits.target[rows].astype(np.int64)


def digit_rows(classes: NDArray[np.int64], part: Part, size: int, stream: RandomState) -> NDArray[np.int64]:
    """Which digits a part shows, as rows of load_digits."""
    order = RandomState(0).permutation(len(classes))
    if part == "val":
        return order[POOL : POOL + VAL][:size]
    if part == "test":
        return order[POOL + VAL :][:size]
    pool = stream.permutation(order[:POOL])
    chosen = np.concatenate([pool[classes[pool] == digit][: size // 10] for digit in range(10)])
    return stream.permutation(chosen)
