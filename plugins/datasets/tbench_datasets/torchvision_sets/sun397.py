"""SUN397 (Xiao et al., CVPR 2010): the first of its ten partitions, 50 images per class for each half."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tbench.api import UsageError
from tbench_datasets.torchvision_sets.member import IntArray


def opened(sets: Any, root: Path, _: str, download: bool) -> Any:
    """torchvision's loader with its files in the order of their names: it has them as the file system gives them."""
    dataset = sets.SUN397(root, download=download)
    pairs = sorted(zip(dataset._image_files, dataset._labels, strict=True))
    dataset._image_files, dataset._labels = map(list, zip(*pairs, strict=True))
    return dataset


def first_partition(dataset: Any) -> tuple[IntArray, IntArray]:
    """Numbers for training and testing, as the lists of SUN's authors have them, of which torchvision knows nothing."""
    folder = Path(dataset.root, "SUN397")
    number = {f"/{path.relative_to(folder).as_posix()}": i for i, path in enumerate(dataset._image_files)}
    return _listed(folder / "Training_01.txt", number), _listed(folder / "Testing_01.txt", number)


def _listed(path: Path, number: dict[str, int]) -> IntArray:
    names = path.read_text().split()
    if absent := [name for name in names if name not in number]:
        raise UsageError(f"torchvision/sun397: {len(absent)} images of {path} are not there, the first is {absent[0]}")
    return np.array([number[name] for name in names])
