"""PED: Li et al., Exploring model transferability through the lens of potential energy, ICCV 2023."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from tbench.api import Inapplicable, ScoreWarning, evidence, published

if TYPE_CHECKING:
    from tbench.api import FloatArray, IntArray, Moments

STEPS = 6  # at most, in the authors' code
DEVIATION_FLOOR = 1e-3  # of a reference column, in the authors' code
ROUNDING = 1e-12  # distance of two class means, relative to their radii, that has no direction


@evidence(solver="iterative", gives=["groups"])
@published("function-default", nsigma=2.0)
@published("narrow", nsigma=0.3)
def ped(
    features: NDArray[Any],
    labels: IntArray,
    moments: Moments,
    reference_features: NDArray[Any],
    *,
    nsigma: float = 0.6,
    dt: float = 0.1,
    exit: float = 0.5,
    constant: float = 1.0,
) -> dict[str, object]:
    """The features (N, D) after overlapping classes have pushed each other apart, and their class statistics.

    features (N, D), labels (N,), reference_features (M, D) of the same candidate on a general data set, which give each
    column its origin and unit. Each class moves as one body: only the K x D class means need be followed, and the
    scatter within classes stays as it is. As lixiaotong97/PED, but that two classes with one mean do not push each
    other (there they silence the whole motion).

    nsigma: a class reaches this many standard deviations far. 0.3 (preset narrow) or 0.6 on the command line of
        lixiaotong97/PED; the default of its function is 2 (function-default).
    dt: time step. With 0.1 a step mends half a per cent of each overlap.
    exit: stop before the first step that is no longer than this share of the first one.
    constant: of the spring, force per overlap.
    """
    if reference_features.shape[1] != features.shape[1]:
        raise Inapplicable(
            f"features have {features.shape[1]} columns, reference features {reference_features.shape[1]}"
        )
    reference = np.asarray(reference_features, dtype=np.float64)
    deviation = reference.std(axis=0)
    if dead := int((deviation < DEVIATION_FLOOR).sum()):
        message = f"ped: of the reference features {dead} hardly vary and weigh up to 1000 times more in the motion"
        warnings.warn(message, ScoreWarning, stacklevel=2)
    unit = np.maximum(deviation, DEVIATION_FLOOR)
    start = (moments.class_means - reference.mean(axis=0)) / unit
    classes = [labels == c for c in range(len(moments.counts))]
    means = moments.class_means
    spreads = [(((features[own] - mean) / unit) ** 2).sum() for own, mean in zip(classes, means, strict=True)]
    shift = _motion(start, np.sqrt(spreads / moments.counts), abs(nsigma), dt, exit, constant) * unit
    moved = features.astype(np.float64)
    for own, way in zip(classes, shift, strict=True):
        moved[own] += way
    return {"features": moved, "groups": moments.moved(means + shift)}


def _motion(start: FloatArray, radii: FloatArray, nsigma: float, dt: float, exit: float, constant: float) -> FloatArray:
    """(K, D) how far each class mean ends from where it starts."""
    reach = radii[:, None] + radii
    means, first = start, 0.0
    for number in range(STEPS):
        distance = cdist(means, means)
        overlap = np.maximum(nsigma * reach - distance, 0)
        push = np.minimum(dt**2 / 2 * constant * overlap, overlap)  # s = a t^2 / 2 from rest, the force a spring's
        weight = np.divide(push, distance, out=np.zeros_like(push), where=distance > ROUNDING * reach)
        step = weight.sum(axis=1, keepdims=True) * means - weight @ means  # sum over c of weight_rc (m_r - m_c)
        length = np.abs(step).sum()
        if number == 0:
            first = length
        if not length > exit * first:
            break
        means = means + step
    return means - start
