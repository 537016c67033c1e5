"""Concept variance: Singh, Hess, Vanschoren, Occam's model, arXiv 2502.06925, 2025."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import cdist

from tbench.api import Inapplicable, UsageError, class_labels

if TYPE_CHECKING:
    from tbench.api import FloatArray, IntArray

BLOCK = 2**22  # distances held at once: 32 MiB


def concept_variance(features: FloatArray, labels: IntArray, *, alpha: float = 2.0) -> float:
    """Minus the share of other classes among a sample's neighbours, near ones counting more; mean, in [-1, 0].

    features (N, D), labels (N,). Columns are stretched to [0, 1], so that two samples are at most sqrt(D) apart; at
    distance d one counts 2^(-alpha d / (sqrt(D) - d)) for the other, and 0 at sqrt(D). Vilalta's measure of how hard a
    concept is (ICML workshop 1999), of which less is better: the sign is turned. A sample that no other counts for is
    left out; Inapplicable if all are. The values are those of prabhant/surgical_phase_transferability_estimation, which
    works in float32 and gives NaN there.

    alpha: how fast that falls; 2 in that code.
    """
    if not alpha > 0:
        raise UsageError(f"concept-variance: alpha={alpha} must be above 0")
    own = class_labels(labels)
    samples = len(own)
    if own.max() == 0:
        raise Inapplicable("one class")
    rows = np.asarray(features, dtype=np.float64)
    low, span = rows.min(axis=0), np.ptp(rows, axis=0)
    rows = np.divide(rows - low, span, out=np.zeros_like(rows), where=span > 0)
    farthest = np.sqrt(rows.shape[1])
    shares: list[FloatArray] = []
    for start in range(0, samples, height := max(BLOCK // samples, 1)):
        block = np.arange(start, min(start + height, samples))
        distances = cdist(rows[block], rows)
        room = np.maximum(farthest - distances, 0)
        ratio = np.divide(distances, room, out=np.full_like(distances, np.inf), where=room > 0)
        weights = np.exp2(-alpha * ratio)
        weights[np.arange(len(block)), block] = 0
        all_, others = weights.sum(axis=1), (weights * (own[block, None] != own)).sum(axis=1)
        shares.append(others[all_ > 0] / all_[all_ > 0])
    known = np.concatenate(shares)
    if not known.size:
        raise Inapplicable("every sample is as far from all others as can be")
    return -float(known.mean())
