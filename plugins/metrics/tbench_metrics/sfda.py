"""SFDA: Shao et al., Not all models are equal: predicting model transferability [...], ECCV 2022."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.special import softmax

from tbench.api import Inapplicable, SaturationWarning

if TYPE_CHECKING:
    from tbench.api import FloatArray, IntArray, Moments

ROUNDING = 1e-12  # relative size below which a difference is rounding noise


def sfda(features: NDArray[Any], labels: IntArray, moments: Moments) -> float:
    """Mean probability of the own class under a regularised discriminant analysis of self-challenged features.

    features (N, D), labels (N,). In (0, 1]. A first analysis gives each sample's probability of its own class; by how
    much it lacks confidence the sample is moved towards the mean of the other classes; a second analysis, equally
    regularised, gives the score, with no logarithm. As in the authors' code (TencentARC/SFDA), except that the features
    are left as they are and that the discriminant, which there takes all generalised eigenvectors V of the scatters,
    comes from V V^T = R^-1 directly. Invariant to translation; scale matters through the regularisation alone.

    With N - 1 <= D samples the value is near 1 whatever the features: SaturationWarning.
    """
    counts, samples, dims = moments.counts, moments.samples, len(moments.mean)
    if len(counts) == 1:
        raise Inapplicable("one class")
    if np.trace(moments.within) <= ROUNDING**2 * (np.trace(moments.total) + samples * (moments.mean @ moments.mean)):
        raise Inapplicable("no class has two different samples")
    if samples - 1 <= dims:
        message = f"sfda: {samples} samples are too few for {dims} columns; any features give a value near 1"
        warnings.warn(message, SaturationWarning, stacklevel=2)

    rows = features - moments.mean  # the probabilities do not depend on the origin
    means = moments.class_means - moments.mean
    covariance = moments.within / samples
    shrinkage = max(np.exp(-5 * _largest_eigenvalue(covariance)), 1e-10)
    confidence = _own(softmax(_posterior(rows, means, covariance, counts, shrinkage), axis=1), labels)[:, None]

    others = (means.sum(axis=0) - means) / (len(counts) - 1)
    rows *= confidence  # the self-challenge
    rows += (1 - confidence) * others[labels]
    means = np.stack([rows[labels == c].mean(axis=0) for c in range(len(counts))])
    deviations = rows - means[labels]
    covariance = deviations.T @ deviations / samples
    return float(_own(_posterior(rows, means, covariance, counts, shrinkage), labels).mean())


def _own(table: FloatArray, labels: IntArray) -> FloatArray:
    """(N,) what each row says of its own class."""
    return np.asarray(np.take_along_axis(table, labels[:, None], axis=1)[:, 0])


def _posterior(
    rows: FloatArray, means: FloatArray, covariance: FloatArray, counts: IntArray, shrinkage: float
) -> FloatArray:
    """(N, K) softmax over classes c of f^T R^-1 m_c - 1/2 m_c^T R^-1 m_c + log(n_c / N), R the shrunk covariance."""
    dims = len(covariance)
    regular = (1 - shrinkage) * covariance
    regular.flat[:: dims + 1] += shrinkage * np.trace(covariance) / dims
    factor = cho_factor(regular, lower=True, check_finite=False)  # the least shrinkage is far above rounding
    directions = cho_solve(factor, means.T, check_finite=False)  # (D, K)
    offsets = np.log(counts / counts.sum()) - np.einsum("cd,dc->c", means, directions) / 2
    return np.asarray(softmax(rows @ directions + offsets, axis=1))


def _largest_eigenvalue(matrix: FloatArray) -> float:
    """As the authors estimate it: six steps of the power method, normalised, from the row sums; then x^T A y."""
    x = matrix.sum(axis=1)
    if np.linalg.norm(matrix @ x) <= ROUNDING * np.trace(matrix) ** 2:  # from there no step leads anywhere
        x = matrix[:, np.diagonal(matrix).argmax()]
    y = x
    for _ in range(3):
        y = matrix @ x
        y /= np.linalg.norm(y)
        x = matrix @ y
        x /= np.linalg.norm(x)
    return float(x @ matrix @ y)
