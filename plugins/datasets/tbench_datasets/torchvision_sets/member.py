"""How one of torchvision's datasets is opened, and what its papers do with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Member:
    """`build(datasets, root, word, download)` opens one part; `words` are torchvision's names of the parts.

    Three words are train, val and test; two are train and test; the one word of a dataset without parts goes with
    `halves`, which says which samples of it are for training and which for testing.
    """

    build: Callable[[Any, Path, str, bool], Any]
    labels: Callable[[Any], Any]
    layout: str  # what must be there, under the root
    words: tuple[str, ...] = ("train", "test")
    measure: str = "accuracy"
    files: Callable[[Any], Sequence[Path | str]] | None = None  # of the images, where they are files of their own
    halves: Callable[[Any], tuple[IntArray, IntArray]] | None = None
    downloads: bool = True  # whether torchvision still finds it on the network
