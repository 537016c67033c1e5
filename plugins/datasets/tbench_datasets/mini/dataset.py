"""A dataset that is drawn, not stored: the sizes of its parts, and how random numbers become images."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from tbench.api import Split

Part = Literal["train", "val", "test"]
Draw = Callable[[Part, int, RandomState], tuple[NDArray[np.uint8], NDArray[np.int64]]]


@dataclass(frozen=True, eq=False)
class MiniDataset:
    """`draw(part, size, stream)` returns images (size, 32, 32, 3) and labels (size,) of one part."""

    name: str
    classes: int
    sizes: Mapping[Part, int]
    draw: Draw
    measure: str = "accuracy"

    def split(self, part: Part, seed: int) -> Split:
        """One part, read-only and drawn anew at each call. The seed redraws train; val and test ignore it."""
        images, labels = self.draw(part, self.sizes[part], stream(self.name, part, seed))
        images.flags.writeable = False
        labels.flags.writeable = False
        return Split(images, labels)


def stream(name: str, part: Part, seed: int) -> RandomState:
    """The random numbers of one part: RandomState(crc32("name/part/seed")), without the seed for val and test.

    RandomState rather than Generator: numpy has frozen its streams, so that the data stay what they are.
    """
    words = f"{name}/{part}/{seed}" if part == "train" else f"{name}/{part}"
    return RandomState(zlib.crc32(words.encode()))


def balanced(size: int, classes: int, stream: RandomState) -> NDArray[np.int64]:
    """Shuffled labels, all classes equally often (the first ones once more where size is no multiple)."""
    labels = np.arange(size, dtype=np.int64) % classes
    stream.shuffle(labels)
    return labels
