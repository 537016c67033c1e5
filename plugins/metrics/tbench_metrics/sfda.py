"""SFDA: Shao et al., Not all models are equal: predicting model transferability [...], ECCV 2022."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from tbench.api import SaturationWarning

if TYPE_CHECKING:
    from tbench.api import Discriminant, FloatArray, IntArray, Moments


def sfda(features: NDArray[Any], labels: IntArray, moments: Moments, discriminant: Discriminant) -> float:
    """Mean probability of the own class under a regularised discriminant analysis of self-challenged features.

    features (N, D), labels (N,). In (0, 1]. A first analysis gives each sample's probability of its own class; by how
    much it lacks confidence the sample is moved towards the mean of the other classes; a second analysis, equally
    regularised, gives the score, with no logarithm. As in the authors' code (TencentARC/SFDA) and its copy in PED, but
    for the input, which they overwrite. Invariant to translation; scale matters through the regularisation alone.

    With N - 1 <= D samples the value is near 1 whatever the features, and at 1 it cannot tell models apart:
    SaturationWarning.
    """
    rows = features - moments.mean  # the probabilities do not depend on the origin
    confidence = _own(softmax(discriminant.probabilities(rows), axis=1), labels)
    means = moments.offsets
    others = (means.sum(axis=0) - means) / (len(means) - 1)
    challenged = np.empty_like(means)  # their means
    for c in range(len(means)):
        own = labels == c
        trust = confidence[own, None]
        part = trust * rows[own] + (1 - trust) * others[c]  # the self-challenge
        challenged[c] = part.mean(axis=0)
        rows[own] = part - challenged[c]
    value = float(_own(discriminant.refitted(challenged, rows).probabilities(rows, labels), labels).mean())
    if reason := discriminant.saturation(value):
        warnings.warn(f"sfda: {reason}", SaturationWarning, stacklevel=2)
    return value


def _own(table: FloatArray, labels: IntArray) -> FloatArray:
    """(N,) what each row says of its own class."""
    return np.asarray(np.take_along_axis(table, labels[:, None], axis=1)[:, 0])
