"""DS: Cui, Song, Sun, Howard and Belongie, Large scale fine-grained categorization [...], CVPR 2018."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import LinearConstraint, milp
from scipy.sparse import coo_array
from scipy.spatial.distance import cdist

from tbench.api import Inapplicable, Score, UsageError, class_labels, evidence, published

if TYPE_CHECKING:
    from tbench.api import FloatArray, IntArray


@published("authors", gamma=0.01, min_images=200)
@evidence(solver="convex")
def domain_similarity(
    features: FloatArray,
    labels: IntArray,
    source_features: FloatArray,
    source_labels: IntArray,
    *,
    gamma: float | None = None,
    min_images: int = 1,
) -> Score:
    """Minus the earth mover's distance between the class means of source and target; at most 0.

    features (N, D), labels (N,), source_features (M, D), source_labels (M,), both of one network, in whose units the
    distance is. A class weighs as many as it has images; the ground distance is euclidean. Comparable between sources
    through one fixed network only: between networks, units differ. Terms: distance, and source classes kept.

    gamma: take exp(-gamma distance) in (0, 1] instead, which ranks the same until it underflows.
    min_images: leave out source classes of fewer images, before weights are taken.

    as=authors follows richardaecn/cvpr18-inaturalist-transfer: gamma 0.01, which suits the features of its network with
    distances near 60, and source classes of 200 images or more. There the problem is padded to a square one, with
    weights in float32; here it is the same linear programme, unpadded.
    """
    if gamma is not None and not gamma > 0:
        raise UsageError(f"domain-similarity: gamma must be above 0 or none, not {gamma}")
    if min_images < 1:
        raise UsageError(f"domain-similarity: min_images must be at least 1, not {min_images}")
    target_counts, target_means = _classes(features, class_labels(labels))
    source_counts, source_means = _classes(source_features, class_labels(source_labels))
    kept = source_counts >= min_images
    if not kept.any():
        raise Inapplicable(f"no source class has {min_images} images; the largest has {source_counts.max()}")
    distance = _transport(source_counts[kept], target_counts, cdist(source_means[kept], target_means))
    value = -distance if gamma is None else float(np.exp(-gamma * distance))
    return Score(value, {"distance": distance, "source classes": int(kept.sum())})


def _classes(rows: FloatArray, labels: IntArray) -> tuple[IntArray, FloatArray]:
    """(K,) counts and (K, D) means."""
    counts = np.bincount(labels)
    members = coo_array((np.ones(len(labels)), (labels, np.arange(len(labels)))), shape=(len(counts), len(labels)))
    return counts, np.asarray(members.tocsr() @ np.asarray(rows, dtype=np.float64)) / counts[:, None]


def _transport(supply: IntArray, demand: IntArray, costs: FloatArray) -> float:
    """The least mean cost (S, T) of moving a share of all that is proportional to supply (S,) to that of demand (T,).

    In whole numbers of (image of the source) x (image of the target), so that no weight is rounded.
    """
    if not (scale := costs.max()):
        return 0.0
    moves = np.arange(costs.size)
    sources, targets = len(supply), len(demand)
    rows = np.concatenate([moves // targets, sources + moves % targets])
    ends = coo_array((np.ones(2 * len(moves)), (rows, np.tile(moves, 2))), shape=(sources + targets, len(moves)))
    total = int(supply.sum()) * int(demand.sum())
    shares = np.concatenate([supply * demand.sum(), demand * supply.sum()]).astype(np.float64)
    # The last demand is met when all others are.
    found = milp(costs.ravel() / scale, constraints=LinearConstraint(ends.tocsr()[:-1], shares[:-1], shares[:-1]))
    if not found.success:
        raise Inapplicable(f"the transport problem was not solved: {found.message}")
    return max(float(found.x @ costs.ravel()) / total, 0.0)
