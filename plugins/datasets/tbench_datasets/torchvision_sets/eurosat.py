"""EuroSAT (Helber et al., IEEE JSTARS 2019): four images of each class for training to one for testing."""

from __future__ import annotations

from typing import Any

import numpy as np

from tbench_datasets.stratified import order, stream
from tbench_datasets.torchvision_sets.member import IntArray

TRAIN = 0.8


def four_to_one(dataset: Any) -> tuple[IntArray, IntArray]:
    """Numbers for training and testing: the paper's shares. It gives no lists; the draw is ours and never changes."""
    labels = np.asarray(dataset.targets)
    drawn = order(labels, stream("eurosat"))
    train, test = np.split(drawn, [round(TRAIN * len(labels))])
    return train, test
