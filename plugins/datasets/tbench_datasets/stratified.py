"""Draws that hold every class in proportion, the same on every machine."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from tbench.api import Split, UsageError
from tbench_datasets.pictures import Pictures

if TYPE_CHECKING:
    from tbench.api import Images

IntArray = NDArray[np.int64]

VALIDATION = 0.2  # of the training images, where none are set aside
TRAIN, TEST = 0.6, 0.2  # of all images, where nothing is set aside


def stream(*words: object) -> RandomState:
    """The random numbers that belong to some words.

    RandomState rather than Generator: numpy has frozen its streams, so that the draws stay what they are.
    """
    return RandomState(zlib.crc32("/".join(map(str, words)).encode()))


def order(labels: NDArray[Any], draws: RandomState) -> IntArray:
    """All N indices, so ordered that any first n of them hold the classes in proportion, small ones rounded up.

    One image of each class comes before the second of any. Multi-label samples (N, L) are merely shuffled.
    """
    shuffled = draws.permutation(len(labels))
    if labels.ndim > 1:
        return shuffled
    shuffled = shuffled[np.argsort(labels[shuffled], kind="stable")]
    _, starts, counts = np.unique(labels[shuffled], return_index=True, return_counts=True)
    place = (np.arange(len(labels)) - np.repeat(starts, counts)) / np.repeat(counts, counts)
    return shuffled[np.lexsort((draws.permutation(len(labels)), place))]


def take(split: Split, indices: IntArray) -> Split:
    """Some of the samples, in the order in which they stood, read-only."""
    chosen = np.sort(indices)
    images: Images = split.images
    labels = split.labels[chosen]
    labels.flags.writeable = False
    if isinstance(images, Pictures):
        return Split(images.taken(chosen), labels)
    if not isinstance(images, np.ndarray):
        return Split(Pictures(images.__getitem__, chosen), labels)
    taken = images[chosen]
    taken.flags.writeable = False
    return Split(taken, labels)


def validated(train: Split, whose: str) -> tuple[Split, Split]:
    """Training and validation images, 80 : 20, from what came as training images. UsageError if there are too few."""
    return _parted(train, whose, _first(train.labels, 1 - VALIDATION), len(train.labels))[:2]


def parted(images: Split, whose: str) -> tuple[Split, Split, Split]:
    """Train, val and test, 60 : 20 : 20. A class of one image is in train. UsageError if there are too few."""
    samples = len(images.labels)
    first = _first(images.labels, TRAIN)
    return _parted(images, whose, first, max(first + 1, samples - round(TEST * samples)))


def _first(labels: NDArray[Any], share: float) -> int:
    """How many samples go to train: at least one of each class."""
    return max(round(share * len(labels)), len(np.unique(labels)) if labels.ndim == 1 else 1)


def _parted(images: Split, whose: str, first: int, second: int) -> tuple[Split, Split, Split]:
    samples = len(images.labels)
    if first >= second or second > samples:
        raise UsageError(f"{whose}: {samples} images are too few to set some aside; give more, or parts of your own")
    indices = order(images.labels, stream("parts"))
    train, val, test = np.split(indices, [first, second])
    return take(images, train), take(images, val), take(images, test)
