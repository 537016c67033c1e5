"""Shrunk H-score: Ibrahim et al., Newer is not always better: rethinking transferability metrics, ECML PKDD 2022."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tbench.api import Inapplicable, UsageError

if TYPE_CHECKING:
    from tbench.api import FloatArray, Moments

ROUNDING = 1e-12  # relative size below which a difference is rounding noise
PART = 256  # rows that are centred at a time


def hscore_shrunk(features: NDArray[Any], moments: Moments, *, ddof: int = 1) -> float:
    """(1 - a) tr(Sigma_a^-1 cov(E[f|y])): the H-score with a covariance shrunk towards a sphere, by Ledoit and Wolf.

    Sigma_a = (1 - a) cov(f) + a m I, with m the mean variance of the columns and a chosen from the data. cov(f) divides
    by N. Between 0 and about K-1; invariant to translation, rotation and one common scale of the features.

    ddof: cov(E[f|y]) divides by N - ddof; 1 in thuml's Transfer-Learning-Library and in flairNLP/transformer-ranker,
        which takes square roots in float32 and so is some 1e-8 away.
    """
    if ddof not in (0, 1):
        raise UsageError(f"hscore-shrunk: ddof={ddof} must be 0 or 1")
    if len(moments.counts) == 1:
        raise Inapplicable("one class")
    samples, dims = moments.samples, len(moments.mean)
    scale = moments.total.trace / (samples * dims)  # m
    if scale * dims <= ROUNDING**2 * (moments.mean @ moments.mean):
        raise Inapplicable("the features are the same for all samples")

    parts = np.array_split(features, samples // PART + 1)
    squared_norms = np.concatenate([((part - moments.mean) ** 2).sum(axis=1) for part in parts])
    shrinkage = _ledoit_wolf(moments, squared_norms)
    between = np.sqrt(moments.counts)[:, None] * moments.offsets  # B, with S_B = B^T B
    if shrinkage == 1:
        return 0.0
    if shrinkage > 0:  # Sigma_a is S_T and a sphere, times (1 - a) / N
        solved = moments.total.solve(between.T, samples * shrinkage * scale / (1 - shrinkage)).T
        trace = (between * solved).sum()
    else:
        spectrum = moments.total.spectrum()
        sound = spectrum.sound(samples)
        trace = ((between @ spectrum.vectors[:, sound]) ** 2 / spectrum.values[sound]).sum()
    return float(samples * trace / (samples - ddof))


def _ledoit_wolf(moments: Moments, squared_norms: FloatArray) -> float:
    """The shrinkage a = min(b, d) / d of Ledoit and Wolf, A well-conditioned estimator for large-dimensional covariance
    matrices, J. Multivariate Analysis 2004: d is how far cov(f) is from the sphere, b what of that is chance."""
    samples, dims = moments.samples, len(moments.mean)
    if dims == 1:
        return 0.0  # every variance is a sphere
    squares = moments.total.squares / samples**2
    away = (squares - moments.total.trace**2 / (samples**2 * dims)) / dims
    chance = ((squared_norms**2).mean() - squares) / (dims * samples)
    return float(np.clip(chance / away, 0, 1)) if away > 0 else 1.0
