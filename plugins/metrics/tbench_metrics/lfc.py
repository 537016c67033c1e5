"""LFC: Deshpande et al., A linearized framework and a new benchmark for model selection for fine-tuning, 2021."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tbench.api import Inapplicable, UsageError

if TYPE_CHECKING:
    from tbench.api import FloatArray, IntArray, Moments

ROUNDING = 1e-12  # relative size below which a difference is rounding noise


def lfc(features: FloatArray, labels: IntArray, moments: Moments, *, kernel: str = "linear") -> float:
    """Label-feature correlation <A, L> / (|A| |L|) of two kernels between samples, each less its grand mean; [-1, 1].

    features (N, D), labels (N,). L is +1 for two samples of one class and -1 otherwise. Only the grand mean is taken
    off, not the means of rows and columns, so that moving all features by one vector changes the score. The value
    follows the NLP survey of Bai et al. (Ba1Jun/model-selection-nlp) and Model Spider (zhangyikaii/Model-Spider);
    the authors' own code is not public.

    kernel: linear, cosine or correlation, which the survey calls dot, cos and corr.
    """
    if len(moments.counts) == 1:
        raise Inapplicable("one class")
    if kernel == "linear":
        mean, total, class_means = moments.mean, moments.total, moments.class_means
    elif kernel in ("cosine", "correlation"):
        rows = _unit_rows(np.asarray(features, dtype=np.float64), centred=kernel == "correlation")
        mean = rows.mean(axis=0)
        deviations = rows - mean
        total = deviations.T @ deviations
        class_means = np.stack([rows[labels == c].mean(axis=0) for c in range(len(moments.counts))])
    else:
        raise UsageError(f"lfc: unknown kernel {kernel!r}; it is linear, cosine or correlation")
    return _correlation(moments.counts.astype(np.float64), mean, total, class_means)


def _correlation(counts: FloatArray, mean: FloatArray, total: FloatArray, class_means: FloatArray) -> float:
    """The score of the inner-product kernel, from class statistics alone: no N x N matrix and no cancellation.

    With centred features C and v = C mean: A = C C^T + v 1^T + 1 v^T, since the grand mean of F F^T is |mean|^2; and
    L = 2 Z Z^T - 1 1^T for one-hot labels Z. C^T 1 = 0 makes the cross terms vanish.
    """
    samples = counts.sum()
    if np.trace(total) <= samples * (ROUNDING**2 * (mean @ mean)):
        raise Inapplicable("the features are the same for all samples")
    sums = counts[:, None] * (class_means - mean)  # Z^T C
    product = 2 * (sums**2).sum() + 4 * counts @ (sums @ mean)  # <A, L>
    kernel_norm = np.sqrt((total**2).sum() + 2 * samples * (mean @ total @ mean))  # |A|
    label_sum = 2 * (counts**2).sum() - samples**2  # 1^T L 1
    label_norm = np.sqrt(samples**2 - (label_sum / samples) ** 2)  # |L|, less its grand mean
    return float(product / (kernel_norm * label_norm))


def _unit_rows(rows: FloatArray, *, centred: bool) -> FloatArray:
    """Rows of length 1, first less their own mean if asked; rows without direction stay zero: similar to nothing."""
    scale = np.linalg.norm(rows, axis=1, keepdims=True)
    if centred:
        rows = rows - rows.mean(axis=1, keepdims=True)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    units: FloatArray = np.divide(rows, length, out=np.zeros_like(rows), where=length > ROUNDING * scale)
    return units
