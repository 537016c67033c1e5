"""TMI: Xu, Kang, Fast and accurate transferability measurement (intra-class feature variance), ICCV 2023."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import digamma
from sklearn.neighbors import NearestNeighbors

from tbench.api import Inapplicable, ScoreWarning, UsageError, class_labels, published

if TYPE_CHECKING:
    from tbench.api import FloatArray, IntArray


@published("authors", average="classes")
def tmi(
    features: FloatArray, labels: IntArray, *, neighbours: int = 3, floor: float = 1.0, average: str = "samples"
) -> float:
    """Entropy of the features given the class, H(F | Y) in nats, by the distances of nearest neighbours.

    features (N, D), labels (N,). The more the features of a class vary, the higher. Kozachenko and Leonenko's
    estimate: psi(n) - psi(k) + D / n sum over samples of log(2 r), with n samples in the class and r the distance to
    the k-th neighbour within it, the largest difference in any column. Proportional to D, so that candidates of
    different width do not compare; it moves with the features' scale, and a little with rotation.

    neighbours: k. 3 in the paper.
    floor: distances are at least so large; 1 in the authors' code. Features whose neighbours are all nearer than that
        have the same score whatever they are.
    average: samples, the mean over classes weighted by their size, as the paper defines it; or classes, the same sum
        over the number of classes that have an entropy (preset authors), which ranks alike on one target.

    A class of one sample has no spread and counts as 0. Others of at most k samples have no k-th neighbour: they are
    left out with a ScoreWarning, their weight with them, as in the authors' code; Inapplicable if all are. Written
    from the paper; the numbers tested against are of an independent implementation of it.
    """
    if neighbours < 1 or not floor > 0:
        raise UsageError(f"tmi: neighbours={neighbours} must be at least 1 and floor={floor} above 0")
    if average not in ("samples", "classes"):
        raise UsageError(f"tmi: unknown average {average!r}; it is samples or classes")
    own = class_labels(labels)
    classes = int(own.max()) + 1
    if classes == 1:
        raise Inapplicable("one class")
    rows = np.asarray(features, dtype=np.float64)
    entropies = np.array([entropy(rows[own == c], neighbours, floor) for c in range(classes)])
    known = np.isfinite(entropies)
    if not known.any():
        raise Inapplicable(f"no class has more than {neighbours} samples")
    if left := int((~known).sum()):
        message = f"tmi: {left} of {classes} classes have no {neighbours} neighbours and are left out"
        warnings.warn(message, ScoreWarning, stacklevel=2)
    total = float((np.bincount(own)[known] / len(own)) @ entropies[known])
    return total / int(known.sum()) if average == "classes" else total


def entropy(rows: FloatArray, neighbours: int, floor: float) -> float:
    """Of the density that rows (n, D) are drawn from, in nats; 0 for one row, NaN without enough neighbours."""
    samples, dims = rows.shape
    if samples == 1:
        return 0.0
    if samples <= neighbours:
        return float("nan")
    search = NearestNeighbors(n_neighbors=neighbours, algorithm="brute", metric="chebyshev").fit(rows)
    radius = np.maximum(search.kneighbors()[0][:, -1], floor)
    return float(digamma(samples) - digamma(neighbours) + dims * np.log(2 * radius).mean())
