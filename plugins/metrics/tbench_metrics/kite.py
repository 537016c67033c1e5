"""Kite: Guo, Kite: a kernel-based improved transferability estimation method, arXiv 2405.01603, 2024."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tbench.api import Inapplicable, Score

if TYPE_CHECKING:
    from tbench.api import Algebra, FloatArray, Moments

ROUNDING = 1e-12  # relative size below which a difference is rounding noise


def kite(features: NDArray[Any], initial_features: NDArray[Any], moments: Moments, algebra: Algebra) -> Score:
    """How much better the features align with the classes than with those of the same network before any training.

    CKA(K, K_Y) / CKA(K, K_0) of linear kernels, centred on both sides: K of features (N, D), K_Y of one-hot classes,
    K_0 of initial_features (N, D'). CKA(A, B) = <A, B> / (|A| |B|), in [0, 1]. Not negative, and unbounded. Invariant
    to translation, rotation and scale of either side. Terms: `target alignment` and `random alignment`, the two.

    The network before training is what its recipe begins with; what normalises batches has seen no image yet. No code
    of the author's is public, so the values are those of the formula.

    Inapplicable for one class, where the features of either side are the same for all samples, where both sides have
    nothing in common, or where nothing is known of the start of pre-training.
    """
    if len(moments.counts) == 1:
        raise Inapplicable("one class")
    own, start = _centred(features), _centred(initial_features)
    counts = moments.counts.astype(np.float64)
    # |Y^T C|^2 for centred features C; and |K_Y| from K x K: the centred one-hot columns are diag(n) - n n^T / N.
    with_classes = float((counts[:, None] ** 2 * moments.offsets**2).sum())
    classes = np.diag(counts) - np.outer(counts, counts) / moments.samples
    size = np.sqrt(moments.total.squares)
    target = with_classes / float(size * np.linalg.norm(classes))
    initial = algebra.gram(start)
    common = _common(own, start, algebra)
    random = common / float(size * np.sqrt(initial.squares))
    if random <= ROUNDING:
        raise Inapplicable("the features have nothing in common with those before training")
    return Score(target / random, {"target alignment": target, "random alignment": random})


def _centred(features: NDArray[Any]) -> FloatArray:
    rows = np.asarray(features, dtype=np.float64)
    origin = rows[0]  # to shift by a sample first leaves constant columns exactly zero
    mean = (rows - origin).mean(axis=0)
    rows = rows - origin - mean
    if (rows**2).sum() <= len(rows) * ROUNDING**2 * ((origin + mean) ** 2).sum():
        raise Inapplicable("the features are the same for all samples")
    return np.asarray(rows)


def _common(one: FloatArray, other: FloatArray, algebra: Algebra) -> float:
    """<A A^T, B B^T> of the rows of two networks: |A^T B|^2, or by N x N matrices where these are smaller."""
    if len(one) ** 2 <= one.shape[1] * other.shape[1]:
        return float(np.vdot(algebra.square(one.T), algebra.square(other.T)))
    cross = one.T @ other
    return float(np.vdot(cross, cross))
