"""LDA: regularised linear discriminant analysis, the first pass of SFDA (Shao et al., ECCV 2022)."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tbench.api import SaturationWarning, UsageError

if TYPE_CHECKING:
    from tbench.api import Discriminant, IntArray, Moments


def lda(
    features: NDArray[Any],
    labels: IntArray,
    moments: Moments,
    discriminant: Discriminant,
    *,
    shrinkage: float | None = None,
) -> float:
    """Mean probability of the own class under one linear discriminant analysis with a shrunk covariance; in (0, 1].

    features (N, D), labels (N,). SFDA without the self-challenge. What mgholamikn/ETran calls LDA is another score: a
    symmetric eigensolver on a matrix that is not symmetric leaves the nearest class mean (`nearest-mean`).

    shrinkage: share of the sphere in the covariance, in (0, 1]; none: as SFDA chooses it, from the data.

    With N - 1 <= D samples the value is near 1 whatever the features, and at 1 it cannot tell models apart:
    SaturationWarning.
    """
    if shrinkage is not None and not 0 < shrinkage <= 1:
        raise UsageError(f"lda: shrinkage={shrinkage} must be in (0, 1], or none")
    fitted = discriminant if shrinkage is None else discriminant.shrunk(shrinkage)
    table = fitted.probabilities(features - moments.mean)
    value = float(np.take_along_axis(table, labels[:, None], axis=1).mean())
    if reason := discriminant.saturation(value):
        warnings.warn(f"lda: {reason}", SaturationWarning, stacklevel=2)
    return value
