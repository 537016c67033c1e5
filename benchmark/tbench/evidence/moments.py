"""Class statistics of features, from one pass and one Gram: what most scores are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tbench.api import Moments, class_labels

if TYPE_CHECKING:
    from tbench.evidence.algebra import Algebra


def groups(features: NDArray[Any], labels: NDArray[Any], algebra: Algebra) -> Moments:
    """Counts, means and scatters, in float64, of features (N, D) in classes 0..K-1 (N,), each of which must occur.

    All samples are one group for multi-label and regression targets.
    """
    classes = labels if labels.ndim == 1 else np.zeros(len(features), dtype=np.int64)
    order = np.argsort(classes, kind="stable")  # each class becomes one slice of rows
    counts = np.bincount(classes)
    starts = np.cumsum(counts) - counts

    origin = features[0].astype(np.float64)  # to shift by a sample first leaves constant columns exactly zero
    rows = features[order].astype(np.float64, copy=False)
    rows -= origin
    middle = rows.mean(axis=0)
    rows -= middle
    parts = np.split(rows, starts[1:])
    offsets = np.stack([part.mean(axis=0) for part in parts])  # class means, seen from the mean
    for part, offset in zip(parts, offsets, strict=True):
        part -= offset
    within = algebra.gram(rows)
    mean = origin + middle
    # The scatter within classes is the one to form: as the total less that between, it would cancel in tight classes.
    return Moments(counts, mean, mean + offsets, within.spread(offsets, counts), within)


def moments(groups: Moments, labels: NDArray[Any]) -> Moments:
    """Where labels are classes; Inapplicable for multi-label and regression targets."""
    class_labels(labels)
    return groups
