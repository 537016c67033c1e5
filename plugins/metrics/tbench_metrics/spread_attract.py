"""SA: Khoba et al., Feature space perturbation: a panacea to enhanced transferability estimation, WACV 2025."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from sklearn.decomposition import PCA

from tbench.api import UsageError, class_labels, published

if TYPE_CHECKING:
    from tbench.api import FloatArray, IntArray, Spectrum

LARGE = np.log(1e9) / 5  # mean of the two largest variances of components above which features are perturbed at all
ROUNDING = 1e-12  # of the features' length: a shorter way has no direction


@published("authors", spread=0.0, alpha=-0.005, exact=False)
def spread_attract(
    features: NDArray[Any],
    labels: IntArray,
    spectrum: Spectrum,
    *,
    spread: float = 1.0,
    alpha: float = 0.005,
    sigma: float = 0.6,
    dims: int = 64,
    exact: bool = True,
) -> FloatArray:
    """The features after classes were blurred: each sample went away from its class mean, and classes to each other.

    features (N, D), labels (N,). Perturbed are the first min(dims, N, D) principal components, and only where the
    covariance is large: exp(-5 m) < 1e-9 for the mean m of its two largest eigenvalues, as in the authors' code.
    Otherwise the features are left as they are, with all columns. So scale decides whether anything happens.

    spread: how far each sample goes away from its class mean. 1 in the authors' code.
    alpha: each class moves towards each other one by this share of the distance between their means less sigma times
        their radii (the root of the sum of a class's variances). 0.005 in the authors' code.
    sigma: 0.6 in the authors' code. Classes that are nearer than their radii say are pushed apart by an alpha above 0.
    dims: 64 in the authors' code.
    exact: false takes components of scikit-learn's randomised decomposition, one power iteration, seed 1919, as in the
        authors' code: they differ from the exact ones, and between versions of scikit-learn.

    Spread, then attract, is how the paper tells it. as=authors follows prafful-kumar/enhancing_TE, which computes the
    spread samples and goes on without them, and moves distant classes apart, which is the other sign of alpha.
    """
    if dims < 1:
        raise UsageError(f"spread-attract: dims must be at least 1, not {dims}")
    own = class_labels(labels)
    if not spectrum.values[:2].mean() / len(features) > LARGE:
        return features.astype(np.float64)
    rows = features - features.mean(axis=0, dtype=np.float64)
    if exact:
        rows = rows @ spectrum.vectors[:, :dims]
    else:
        components = min(dims, *rows.shape)
        rows = PCA(components, svd_solver="randomized", iterated_power=1, random_state=1919).fit_transform(rows)
    return attracted(spread_out(rows, own, spread), own, alpha, sigma)


def spread_out(rows: FloatArray, labels: IntArray, length: float) -> FloatArray:
    """(N, D) after each row went so far away from the mean of its class; one that is the mean stays."""
    ways = rows - _means(rows, labels)[labels]
    lengths = np.linalg.norm(ways, axis=1, keepdims=True)
    moving = lengths > ROUNDING * np.abs(rows).max()
    return np.asarray(rows + length * np.divide(ways, lengths, out=np.zeros_like(ways), where=moving))


def attracted(rows: FloatArray, labels: IntArray, alpha: float, sigma: float) -> FloatArray:
    """(N, D) after each class, as one body, went towards the others; from one with the same mean there is no way."""
    means = _means(rows, labels)
    squares = ((rows - means[labels]) ** 2).sum(axis=1)
    radii = np.sqrt(np.bincount(labels, squares) / np.bincount(labels))
    distance = cdist(means, means)
    force = alpha * (distance - sigma * (radii[:, None] + radii))
    weight = np.divide(force, distance, out=np.zeros_like(force), where=distance > ROUNDING * np.abs(rows).max())
    shift = weight @ means - weight.sum(axis=1, keepdims=True) * means  # sum over c of weight_rc (m_c - m_r)
    return np.asarray(rows + shift[labels])


def _means(rows: FloatArray, labels: IntArray) -> FloatArray:
    """(K, D)"""
    return np.stack([rows[labels == c].mean(axis=0) for c in range(labels.max() + 1)])
