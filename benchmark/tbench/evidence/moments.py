"""Class statistics of features, from one pass and one Gram: what most scores are made of."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tbench.api import Moments, class_labels


def moments(features: NDArray[Any], labels: NDArray[Any]) -> Moments:
    """Counts, means and scatters of features (N, D) in classes 0..K-1 (N,), each of which must occur.

    Computed in float64. Inapplicable for multi-label and regression targets.
    """
    classes = class_labels(labels)
    order = np.argsort(classes, kind="stable")  # each class becomes one slice of rows
    counts = np.bincount(classes)
    starts = np.cumsum(counts) - counts

    origin = features[0].astype(np.float64)  # to shift by a sample first leaves constant columns exactly zero
    rows = features[order].astype(np.float64, copy=False)
    rows -= origin
    middle = rows.mean(axis=0)
    rows -= middle
    squared_norms = np.empty(len(rows))
    squared_norms[order] = np.einsum("nd,nd->n", rows, rows)

    offsets = np.add.reduceat(rows, starts, axis=0) / counts[:, None]  # class means, seen from the mean
    for start, count, offset in zip(starts, counts, offsets, strict=True):
        rows[start : start + count] -= offset
    within = rows.T @ rows
    between = np.sqrt(counts)[:, None] * offsets
    total = within + between.T @ between  # within = total - between would cancel where classes are tight
    mean = origin + middle
    return Moments(counts, mean, mean + offsets, total, within, squared_norms)
