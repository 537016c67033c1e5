"""DS: Cui, Song, Sun, Howard and Belongie, Large scale fine-grained categorization [...], CVPR 2018."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import LinearConstraint, milp
from scipy.sparse import coo_array
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans

from tbench.api import Inapplicable, SaturationWarning, Score, UsageError, class_labels, evidence, published

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tbench.api import FloatArray, IntArray


def _spared(settings: Mapping[str, object]) -> Iterable[str]:
    return ["common_seed"] if settings["clusters"] is None else ["source_labels"]


@published("authors", gamma=0.01, min_images=200)
@evidence(solver=lambda settings: "iterative" if settings["clusters"] else "convex", spares=_spared)
def domain_similarity(
    common_features: FloatArray,
    labels: IntArray,
    common_source_features: FloatArray,
    source_labels: IntArray | None,
    common_seed: int | None,
    *,
    gamma: float | None = None,
    min_images: int = 1,
    clusters: int | None = None,
) -> Score:
    """Minus the earth mover's distance between the class means of source and target; at most 0.

    common_features (N, P), labels (N,), common_source_features (M, P), source_labels (M,), both sides through one
    network for all candidates, in whose units the distance is. It knows tasks, not candidates: between candidates of
    one source it is constant by construction. A class weighs as many as it has images; the ground distance is
    euclidean. Terms: distance, and source classes kept.

    gamma: take exp(-gamma distance) in (0, 1] instead, which ranks the same until it underflows. No one number suits
        all networks; one over the median distance would, but one source and one target know no median.
    min_images: leave out source classes of fewer images, before weights are taken.
    clusters: for a source without labels, as many clusters stand for its classes (ours), or as many as it has different
        images: a k-means, drawn with common_seed. Further term: converged. One that has not settled after
        scikit-learn's 300 rounds: SaturationWarning, and the term is 0.

    as=authors follows richardaecn/cvpr18-inaturalist-transfer: gamma 0.01, which suits the features of its network with
    distances near 60, and source classes of 200 images or more. There the problem is padded to a square one, with
    weights in float32; here it is the same linear programme, unpadded.
    """
    if gamma is not None and not gamma > 0:
        raise UsageError(f"domain-similarity: gamma must be above 0 or none, not {gamma}")
    if min_images < 1 or (clusters is not None and clusters < 1):
        told = f"not {min_images} and {clusters}"
        raise UsageError(f"domain-similarity: min_images must be at least 1, clusters at least 1 or none, {told}")
    target_counts, target_means = _classes(common_features, class_labels(labels))
    terms = {}
    if clusters is None:
        assert source_labels is not None
        groups = class_labels(source_labels)
    else:
        assert common_seed is not None
        groups, converged = _clusters(common_source_features, clusters, common_seed)
        terms["converged"] = float(converged)
    source_counts, source_means = _classes(common_source_features, groups)
    kept = source_counts >= min_images
    if not kept.any():
        raise Inapplicable(f"no source class has {min_images} images; the largest has {source_counts.max()}")
    distance = _transport(source_counts[kept], target_counts, cdist(source_means[kept], target_means))
    value = -distance if gamma is None else float(np.exp(-gamma * distance))
    return Score(value, {"distance": distance, "source classes": int(kept.sum())} | terms)


def _clusters(rows: FloatArray, count: int, seed: int) -> tuple[IntArray, bool]:
    """(M,) the cluster of each row, every one of them present; and whether the k-means settled."""
    given = np.asarray(rows, dtype=np.float64)
    means = KMeans(min(count, len(np.unique(given, axis=0))), random_state=seed % 2**32, n_init=1).fit(given)
    converged = bool(means.n_iter_ < means.max_iter)
    if not converged:
        warnings.warn("domain-similarity: the k-means did not settle", SaturationWarning, stacklevel=3)
    return np.unique(means.labels_, return_inverse=True)[1], converged


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
    moves = np.arange(costs.size, dtype=np.int32)  # not every SciPy hands HiGHS larger ones
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
