"""Shrunk H-score: Ibrahim et al., Newer is not always better: rethinking transferability metrics, ECML PKDD 2022."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve, pinvh

from tbench.api import Inapplicable

if TYPE_CHECKING:
    from tbench.api import FloatArray, Moments

ROUNDING = 1e-12  # relative size below which a difference is rounding noise


def hscore_shrunk(moments: Moments) -> float:
    """(1 - a) tr(Sigma_a^-1 cov(E[f|y])): the H-score with a covariance shrunk towards a sphere, by Ledoit and Wolf.

    Sigma_a = (1 - a) cov(f) + a m I, with m the mean variance of the columns and a chosen from the data. As in thuml's
    Transfer-Learning-Library, cov(f) divides by N and cov(E[f|y]) by N - 1. Between 0 and about K-1; invariant to
    translation, rotation and one common scale of the features.
    """
    if len(moments.counts) == 1:
        raise Inapplicable("one class")
    samples, dims = moments.samples, len(moments.mean)
    scale = np.trace(moments.total) / (samples * dims)  # m
    if scale * dims <= ROUNDING**2 * (moments.mean @ moments.mean):
        raise Inapplicable("the features are the same for all samples")

    shrinkage = _ledoit_wolf(moments)
    covariance = (1 - shrinkage) * moments.total / samples
    covariance.flat[:: dims + 1] += shrinkage * scale
    between = np.sqrt(moments.counts)[:, None] * (moments.class_means - moments.mean)  # B, with S_B = B^T B
    return float((1 - shrinkage) / (samples - 1) * (between * _solve(covariance, between.T).T).sum())


def _ledoit_wolf(moments: Moments) -> float:
    """The shrinkage a = min(b, d) / d of Ledoit and Wolf, A well-conditioned estimator for large-dimensional covariance
    matrices, J. Multivariate Analysis 2004: d is how far cov(f) is from the sphere, b what of that is chance."""
    samples, dims = moments.samples, len(moments.mean)
    if dims == 1:
        return 0.0  # every variance is a sphere
    squares = (moments.total**2).sum() / samples**2
    away = (squares - np.trace(moments.total) ** 2 / (samples**2 * dims)) / dims
    chance = ((moments.squared_norms**2).mean() - squares) / (dims * samples)
    return float(np.clip(chance / away, 0, 1)) if away > 0 else 1.0


def _solve(covariance: FloatArray, right: FloatArray) -> FloatArray:
    try:
        return np.asarray(cho_solve(cho_factor(covariance, lower=True, check_finite=False), right, check_finite=False))
    except LinAlgError:  # singular and not shrunk: too few different samples
        cut = 10 * max(covariance.shape) * np.finfo(np.float64).eps
        return np.asarray(pinvh(covariance, rtol=cut) @ right)
