"""INT: Singh, Hess, Vanschoren, Occam's model: selecting simpler representations, arXiv 2502.06925, 2025."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import cdist

from tbench.api import Inapplicable, class_labels

if TYPE_CHECKING:
    from tbench.api import FloatArray, IntArray


def interclass_distance(features: FloatArray, labels: IntArray) -> float:
    """Mean Euclidean distance between the samples of two classes, averaged over pairs of classes.

    features (N, D), labels (N,). At least 0 and proportional to the features' scale: a candidate whose features are
    twice as long scores twice as high. Bezdek and Pal's index of cluster validity, with classes for clusters. The
    values are those of prabhant/surgical_phase_transferability_estimation, whose names for it are the same.
    """
    own = class_labels(labels)
    counts = np.bincount(own)
    if len(counts) == 1:
        raise Inapplicable("one class")
    rows = np.asarray(features, dtype=np.float64)[np.argsort(own, kind="stable")]
    starts = np.concatenate([[0], np.cumsum(counts)])
    total = 0.0
    for c in range(len(counts) - 1):  # against all later classes at once
        distances = cdist(rows[starts[c] : starts[c + 1]], rows[starts[c + 1] :]).mean(axis=0)
        total += (np.add.reduceat(distances, starts[c + 1 : -1] - starts[c + 1]) / counts[c + 1 :]).sum()
    return float(total / (len(counts) * (len(counts) - 1) / 2))
