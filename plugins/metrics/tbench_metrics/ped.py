"""PED: Li et al., Exploring model transferability through the lens of potential energy, ICCV 2023."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import cdist

from tbench.api import SaturationWarning, class_labels

if TYPE_CHECKING:
    from tbench.api import FloatArray, IntArray

STEPS = 6  # at most, in the authors' code
DEVIATION_FLOOR = 1e-3  # of a reference column, in the authors' code
ROUNDING = 1e-12  # distance of two class means, relative to their radii, that has no direction


def ped(
    features: FloatArray,
    labels: IntArray,
    reference_features: FloatArray,
    *,
    nsigma: float = 0.6,
    dt: float = 0.1,
    exit: float = 0.5,
) -> FloatArray:
    """The features (N, D) after overlapping classes have pushed each other apart.

    features (N, D), labels (N,), reference_features (M, D) of the same candidate on a general data set, which give each
    column its origin and unit. Each class moves as one body, so that only the K x D class means need be followed. As
    lixiaotong97/PED, but that two classes with one mean do not push each other (there they silence the whole motion).

    nsigma: a class reaches this many standard deviations far. Command line of lixiaotong97/PED: 0.3 or 0.6;
        its function's own default is 2.
    dt: time step. With 0.1 a step mends half a per cent of each overlap.
    exit: stop before the first step that is no longer than this share of the first one.
    """
    own = class_labels(labels)
    rows = np.asarray(features, dtype=np.float64)
    reference = np.asarray(reference_features, dtype=np.float64)
    deviation = reference.std(axis=0)
    if dead := int((deviation < DEVIATION_FLOOR).sum()):
        message = f"ped: {dead} columns hardly vary on the reference set and weigh up to 1000 times more in the motion"
        warnings.warn(message, SaturationWarning, stacklevel=2)
    unit = np.maximum(deviation, DEVIATION_FLOOR)
    standard = (rows - reference.mean(axis=0)) / unit
    groups = [standard[own == c] for c in range(own.max() + 1)]
    start = np.stack([group.mean(axis=0) for group in groups])
    radii = np.array([np.sqrt(group.var(axis=0).sum()) for group in groups])
    shift = _motion(start, radii, abs(nsigma), dt, exit)
    return np.asarray(rows + (shift * unit)[own])


def _motion(start: FloatArray, radii: FloatArray, nsigma: float, dt: float, exit: float) -> FloatArray:
    """(K, D) how far each class mean ends from where it starts."""
    reach = radii[:, None] + radii
    means, first = start, 0.0
    for number in range(STEPS):
        distance = cdist(means, means)
        overlap = np.maximum(nsigma * reach - distance, 0)
        push = np.minimum(dt**2 / 2 * overlap, overlap)  # s = a t^2 / 2 from rest, the force being the overlap
        weight = np.divide(push, distance, out=np.zeros_like(push), where=distance > ROUNDING * reach)
        step = weight.sum(axis=1, keepdims=True) * means - weight @ means  # sum over c of weight_rc (m_r - m_c)
        length = np.abs(step).sum()
        if number == 0:
            first = length
        if not length > exit * first:
            break
        means = means + step
    return means - start
