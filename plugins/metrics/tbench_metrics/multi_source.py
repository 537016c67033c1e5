"""Multi-source chi-square: Tong, Xu, Huang and Zheng, A mathematical framework for quantifying [...], NeurIPS 2021."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import solve_triangular
from scipy.optimize import nnls
from sklearn.cluster import KMeans

from tbench.api import Inapplicable, SaturationWarning, Score, UsageError, class_labels, evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tbench.api import FloatArray, IntArray


def _spared(settings: Mapping[str, object]) -> Iterable[str]:
    if settings["alphabet"] != "joint":
        yield from ("labels", "source_labels")
    if not settings["members"]:
        yield "source_members"


@evidence(touches=["target training"], solver="convex", spares=_spared)
def multi_source(
    features: FloatArray,
    labels: IntArray | None,
    source_features: FloatArray,
    source_labels: IntArray | None,
    source_members: IntArray | None,
    seed: int,
    *,
    alphabet: str = "cells",
    cells: int = 32,
    members: bool = False,
) -> Score:
    """Minus the error to be expected of the best mixture of target and source for the target's distribution; at most 0.

    features (N, D), labels (N,), source_features (M, D), source_labels (M,), source_members (M,). Samples are
    turned into the letters of a finite alphabet. Mixing the empirical distributions with weights a that sum to 1,
    the target's among them, has the expected chi-square error a' (G + diag(V / n)) a: G holds the chi-square products
    of the sources' distances from the target, V / n what their sampling adds (see `quadratic_form`). Weights are at
    least 0. Terms: target weight; weight and chi2 of each source, `weight 0`, `chi2 0`, ...: how important it is in the
    set, and how far.

    The authors' own program is not public; the formula is derived from the framework. Ours are the alphabet, and that
    1/2 is added to every count, so that no letter has probability 0. The distances are those of the empirical
    distributions, hence too large by what sampling adds.

    alphabet: cells, of a k-means of the target's features; or joint, the pairs of cell and class, where the classes of
        source and target are the same ones in the same order.
    cells: how many, or as many as the target has different samples.
    members: weigh each of the sources that source_members tells apart, not all of the source's images as one.

    A k-means that has not settled after scikit-learn's 300 rounds: SaturationWarning, and the term converged is 0.
    """
    if alphabet not in ("cells", "joint"):
        raise UsageError(f"multi-source: unknown alphabet {alphabet!r}; it is cells or joint")
    if cells < 2:
        raise UsageError(f"multi-source: cells must be at least 2, not {cells}")
    target = np.asarray(features, dtype=np.float64)
    distinct = len(np.unique(target, axis=0))
    if distinct == 1:
        raise Inapplicable("the features are the same for all samples")
    clusters = KMeans(min(cells, distinct), random_state=seed % 2**32, n_init=1).fit(target)
    converged = clusters.n_iter_ < clusters.max_iter
    if not converged:
        warnings.warn("multi-source: the k-means did not settle", SaturationWarning, stacklevel=2)
    letters, size = clusters.labels_, len(clusters.cluster_centers_)
    source_letters = clusters.predict(np.asarray(source_features, dtype=np.float64))
    if alphabet == "joint":
        assert labels is not None
        assert source_labels is not None
        own, theirs = class_labels(labels), class_labels(source_labels)
        classes = int(own.max()) + 1
        if classes != theirs.max() + 1:
            told = f"the target has {classes} classes and the source {theirs.max() + 1}"
            raise Inapplicable(f"{told}, so that they have no joint alphabet")
        letters, source_letters = letters * classes + own, source_letters * classes + theirs
        size *= classes
    sets = [source_letters]
    if members:
        assert source_members is not None
        of_set = class_labels(source_members)
        sets = [source_letters[of_set == source] for source in range(int(of_set.max()) + 1)]
    smoothed = [np.bincount(drawn, minlength=size) + 0.5 for drawn in (letters, *sets)]
    shares = np.stack([counts / counts.sum() for counts in smoothed])
    samples = np.array([len(drawn) for drawn in (letters, *sets)])
    gram, complexity = quadratic_form(shares[0], shares[1:])
    form = gram + np.diag(complexity / samples)
    weights = best_weights(form)
    terms = {"target weight": float(weights[0]), "converged": float(converged)}
    for source in range(len(sets)):
        terms[f"weight {source}"] = float(weights[source + 1])
        terms[f"chi2 {source}"] = float(gram[source + 1, source + 1])
    return Score(-float(weights @ form @ weights), terms)


def quadratic_form(target: FloatArray, sources: FloatArray) -> tuple[FloatArray, FloatArray]:
    """G (1 + S, 1 + S) and V (1 + S,) of distributions (Z,) and (S, Z), the target first; every target share above 0.

    G_ij = sum over z of (P_i - P_0)(P_j - P_0) / P_0 and V_i = sum over z of P_i (1 - P_i) / P_0, which is Z - 1 for
    the target itself.
    """
    shares = np.vstack([target, sources])
    apart = (shares - target) / np.sqrt(target)
    return apart @ apart.T, np.asarray((shares * (1 - shares) / target).sum(axis=1))


def best_weights(form: FloatArray) -> FloatArray:
    """The weights a >= 0 (S,) that sum to 1 and make a' form a least, for a positive definite form (S, S).

    They are in proportion to the b >= 0 that makes b' form b - 2 sum(b) least: a problem of least squares.
    """
    lower = np.linalg.cholesky(form)
    free = nnls(lower.T, solve_triangular(lower, np.ones(len(form)), lower=True))[0]
    return np.asarray(free / free.sum())
