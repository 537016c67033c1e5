"""Caltech-101 (Fei-Fei et al., CVPR workshops 2004): 30 training images per class, all others for testing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tbench.api import UsageError
from tbench_datasets.stratified import stream
from tbench_datasets.torchvision_sets.member import IntArray

PER_CLASS = 30


def opened(sets: Any, root: Path, _: str, download: bool) -> Any:
    """torchvision's loader, which makes the folder that it misses: this one does not."""
    if not (download or (root / "caltech101").is_dir()):
        raise FileNotFoundError("no folder caltech101")
    return sets.Caltech101(root, download=download)


def those_numbered(dataset: Any) -> list[Path]:
    """The image files by number. UsageError for strays: torchvision counts all that lies in a class folder."""
    files = []
    for category in dataset.categories:
        folder = Path(dataset.root, "101_ObjectCategories", category)
        there = sorted(path.name for path in folder.iterdir())
        counted = [f"image_{number:04d}.jpg" for number in range(1, len(there) + 1)]
        if strays := sorted(
            set(there) - {name for name in there if name.startswith("image_") and name.endswith(".jpg")}
        ):
            raise UsageError(f"{folder / strays[0]} is no image of torchvision/caltech101; take it away")
        files += [folder / name for name in counted]
    return files


def thirty_per_class(dataset: Any) -> tuple[IntArray, IntArray]:
    """Numbers for training and testing. The draw is ours and never changes.

    The code of SFDA and PED has lists of its own (2416 and 6728 images) and keeps BACKGROUND_Google as a 102nd class,
    which torchvision leaves out.
    """
    labels = np.asarray(dataset.y)
    draws = stream("caltech101")
    train = []
    for label, category in enumerate(dataset.categories):
        members = np.flatnonzero(labels == label)
        if len(members) <= PER_CLASS:
            raise UsageError(f"torchvision/caltech101: {category} has {len(members)} images, not more than {PER_CLASS}")
        train.append(draws.permutation(members)[:PER_CLASS])
    chosen = np.concatenate(train)
    return chosen, np.setdiff1d(np.arange(len(labels)), chosen)
