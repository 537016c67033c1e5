"""How a fine-tuned network is judged on images it has not seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

Judge = Callable[[NDArray[Any], NDArray[Any]], float]


def accuracy(logits: NDArray[Any], labels: NDArray[Any]) -> float:
    """Share of samples whose largest logit is their class."""
    return float((logits.argmax(axis=1) == labels).mean())


def mean_per_class(logits: NDArray[Any], labels: NDArray[Any]) -> float:
    """Accuracy of each class that is present, averaged."""
    right = logits.argmax(axis=1) == labels
    return float(np.mean([right[labels == label].mean() for label in np.unique(labels)]))


def mean_average_precision(logits: NDArray[Any], labels: NDArray[Any]) -> float:
    """Area under the precision-recall curve of each label with a positive sample, averaged."""
    present = labels.any(axis=0)
    return float(average_precision_score(labels[:, present], logits[:, present], average="macro"))


MEASURES: Mapping[str, Judge] = {
    "accuracy": accuracy,
    "mean-per-class": mean_per_class,
    "map": mean_average_precision,
}
