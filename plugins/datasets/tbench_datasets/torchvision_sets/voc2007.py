"""Pascal VOC 2007 (Everingham et al., IJCV 2010): which of twenty classes of objects an image shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tbench_datasets.torchvision_sets.member import IntArray

CLASSES = (
    "aeroplane",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "bus",
    "car",
    "cat",
    "chair",
    "cow",
    "diningtable",
    "dog",
    "horse",
    "motorbike",
    "person",
    "pottedplant",
    "sheep",
    "sofa",
    "train",
    "tvmonitor",
)


def present_objects(dataset: Any) -> IntArray:
    """(N, 20) 0/1 from ImageSets/Main: 1 where the list says 1, 0 where it says -1 or 0 (difficult objects only)."""
    lists = Path(dataset.root, "VOCdevkit/VOC2007/ImageSets/Main")
    names = [Path(image).stem for image in dataset.images]
    columns = []
    for name in CLASSES:
        words = (lists / f"{name}_{dataset.image_set}.txt").read_text().split()
        says = dict(zip(words[::2], words[1::2], strict=True))
        columns.append([says[image] == "1" for image in names])
    return np.array(columns, dtype=np.int64).T
