"""LFC: Deshpande et al., A linearized framework and a new benchmark for model selection for fine-tuning, 2021."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tbench.api import Inapplicable, UsageError, class_labels, evidence, published

if TYPE_CHECKING:
    from tbench.api import Algebra, FloatArray, Gram, IntArray, Moments

ROUNDING = 1e-12  # relative size below which a difference is rounding noise
NOISE = 1e-14  # relative size of a squared distance that is a copy's
BLOCK = 2**22  # distances held at once: 32 MiB


@evidence(spares=lambda settings: () if settings["kernel"] in ("linear", "l2") else ("moments",))
@published("survey-cos", kernel="cosine")
@published("survey-corr", kernel="correlation")
@published("survey-l2", kernel="l2")
def lfc(
    features: NDArray[Any], labels: IntArray, moments: Moments | None, algebra: Algebra, *, kernel: str = "linear"
) -> float:
    """Label-feature correlation <A, L> / (|A| |L|) of two kernels between samples, each less its grand mean; [-1, 1].

    features (N, D), labels (N,). L is +1 for two samples of one class and -1 otherwise. Only the grand mean is taken
    off, not the means of rows and columns, so that moving all features by one vector changes the score of the inner
    products. The value follows the NLP survey of Bai et al. (Ba1Jun/model-selection-nlp) and Model Spider
    (zhangyikaii/Model-Spider); the authors' own code is not public. Older copies divide by spectral norms, which
    bounds nothing.

    kernel: linear, cosine, correlation or l2 (minus the distance, by blocks of the N x N table), which the survey calls
        dot, cos, corr and l2.
    """
    if kernel not in ("linear", "cosine", "correlation", "l2"):
        raise UsageError(f"lfc: unknown kernel {kernel!r}; it is linear, cosine, correlation or l2")
    counts = np.bincount(class_labels(labels)).astype(np.float64)
    if len(counts) == 1:
        raise Inapplicable("one class")
    if kernel == "l2":
        assert moments is not None
        return _of_distances(features - moments.mean, labels, counts, moments)
    if kernel == "linear":
        assert moments is not None
        return _of_products(counts, moments.mean, moments.total, moments.class_means)
    rows = _unit_rows(np.asarray(features, dtype=np.float64), centred=kernel == "correlation")
    mean = rows.mean(axis=0)
    class_means = np.stack([rows[labels == c].mean(axis=0) for c in range(len(counts))])
    return _of_products(counts, mean, algebra.gram(rows - mean), class_means)


def _of_products(counts: FloatArray, mean: FloatArray, total: Gram, class_means: FloatArray) -> float:
    """The score of the inner-product kernel, from class statistics alone: no N x N matrix and no cancellation.

    With centred features C and v = C mean: A = C C^T + v 1^T + 1 v^T, since the grand mean of F F^T is |mean|^2; and
    L = 2 Z Z^T - 1 1^T for one-hot labels Z. C^T 1 = 0 makes the cross terms vanish.
    """
    samples = counts.sum()
    if total.trace <= samples * (ROUNDING**2 * (mean @ mean)):
        raise Inapplicable("the features are the same for all samples")
    sums = counts[:, None] * (class_means - mean)  # Z^T C
    product = 2 * (sums**2).sum() + 4 * counts @ (sums @ mean)  # <A, L>
    kernel_norm = np.sqrt(total.squares + 2 * samples * (mean @ total.times(mean)))  # |A|
    return float(product / (kernel_norm * _label_norm(counts)))


def _of_distances(rows: FloatArray, labels: IntArray, counts: FloatArray, moments: Moments) -> float:
    """The score of minus the distance, of centred rows: <A, L> is twice the sum of A within classes, as A sums to 0."""
    samples = len(rows)
    if moments.total.trace <= samples * (ROUNDING**2 * (moments.mean @ moments.mean)):
        raise Inapplicable("the features are the same for all samples")
    squares = np.einsum("nd,nd->n", rows, rows)
    every = same = 0.0
    for start in range(0, samples, height := max(BLOCK // samples, 1)):
        block = np.arange(start, min(start + height, samples))
        size = squares[block, None] + squares
        apart = size - 2 * (rows[block] @ rows.T)
        distance = np.sqrt(np.where(apart > NOISE * size, apart, 0))
        every += distance.sum()
        same += distance[labels[block, None] == labels].sum()
    mean = every / samples**2
    product = 2 * ((counts**2).sum() * mean - same)
    kernel_norm = np.sqrt(2 * samples * moments.total.trace - (samples * mean) ** 2)  # squared distances add up to that
    return float(product / (kernel_norm * _label_norm(counts)))


def _label_norm(counts: FloatArray) -> float:
    """|L|, less its grand mean."""
    samples = counts.sum()
    label_sum = 2 * (counts**2).sum() - samples**2  # 1^T L 1
    return float(np.sqrt(samples**2 - (label_sum / samples) ** 2))


def _unit_rows(rows: FloatArray, *, centred: bool) -> FloatArray:
    """Rows of length 1, first less their own mean if asked; rows without direction stay zero: similar to nothing."""
    size = np.einsum("nd,nd->n", rows, rows)
    if centred:
        rows = rows - rows.mean(axis=1, keepdims=True)
    length = np.sqrt(np.einsum("nd,nd->n", rows, rows))
    sound = length > ROUNDING * np.sqrt(size)
    return np.asarray(rows * np.divide(1, length, out=np.zeros_like(length), where=sound)[:, None])
