"""kNN: leave-one-out accuracy of nearest neighbours; Sorkhei et al., k-NN as a simple and effective estimator, 2025."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tbench.api import Inapplicable, UsageError, class_labels

if TYPE_CHECKING:
    from tbench.api import FloatArray, IntArray

BLOCK = 2**22  # similarities held at once: 32 MiB


def knn(features: FloatArray, labels: IntArray, *, neighbours: int = 5, distance: str = "cosine") -> float:
    """Share of samples whose class is the commonest one among their nearest neighbours, themselves left out; in [0, 1].

    features (N, D), labels (N,). At a tie of votes the class with the nearest neighbour wins.

    neighbours: how many vote; 5 suits small sets, the self-supervised habit of 200 large ones.
    distance: cosine (a zero row is equally far from all) or euclidean.
    """
    own = class_labels(labels)
    classes, samples = int(own.max()) + 1, len(own)
    if distance not in ("cosine", "euclidean"):
        raise UsageError(f"knn: unknown distance {distance!r}; it is cosine or euclidean")
    if neighbours < 1:
        raise UsageError(f"knn: neighbours must be at least 1, not {neighbours}")
    if classes == 1:
        raise Inapplicable("one class")
    rows = np.asarray(features, dtype=np.float64)
    if distance == "cosine":
        length = np.linalg.norm(rows, axis=1, keepdims=True)
        rows = np.divide(rows, length, out=np.zeros_like(rows), where=length > 0)
        offset = np.zeros(samples)
    else:
        rows = rows - rows.mean(axis=0)  # far from the origin, the differences would drown
        offset = (rows**2).sum(axis=1) / 2
    voters = min(neighbours, samples - 1)
    weights = 1 + 0.5 ** np.arange(2, voters + 2)  # together the extras are below 1/2 vote: they only decide ties
    right = 0
    for start in range(0, samples, height := max(BLOCK // samples, 1)):
        block = np.arange(start, min(start + height, samples))
        similarity = rows[block] @ rows.T - offset  # orders as cosine, and as -|x - y|^2 / 2 for each x
        similarity[np.arange(len(block)), block] = -np.inf
        nearest = np.argpartition(similarity, samples - voters, axis=1)[:, samples - voters :]
        order = np.argsort(-np.take_along_axis(similarity, nearest, axis=1), axis=1)
        nearest = np.take_along_axis(nearest, order, axis=1)
        ballots = np.arange(len(block))[:, None] * classes + own[nearest]
        votes = np.bincount(ballots.ravel(), np.tile(weights, len(block)), minlength=len(block) * classes)
        right += int((votes.reshape(len(block), classes).argmax(axis=1) == own[block]).sum())
    return right / samples
