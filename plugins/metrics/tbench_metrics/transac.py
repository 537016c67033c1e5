"""TranSAC: Zhan et al., TranSAC: an unsupervised transferability metric, Pattern Recognition 2026."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import xlogy

from tbench.api import Inapplicable, SaturationWarning, Score, UsageError

if TYPE_CHECKING:
    from tbench.api import Algebra, FloatArray


def transac(
    features: FloatArray,
    source_probabilities: FloatArray,
    algebra: Algebra,
    *,
    eps: float = 10.0,
    order: int | None = 5,
) -> Score:
    """How much room the features take, less how undecided the candidate's own head is. No label is looked at.

    features (N, D), source_probabilities (N, S). Terms: coding, (N + D) / 2 log det(I + G) with G = D / (N eps^2) times
    the Gram matrix of the centred features; undecided, the summed entropy of the head's predictions over S. Both are
    sums, so only values on the same samples compare; coding grows with the width and the scale of the features.

    eps: the distortion; 10 in the paper.
    order: terms of the Taylor series that stands for the logarithm, 5 in the paper; none: the logarithm itself. The
        series diverges where an eigenvalue of G exceeds 1, and then its last term is all that speaks:
        SaturationWarning.

    In qszhan/TranSAC_PR the last step divides by a name that it does not define, and raises; that step follows the
    repository's readme, the rest is its code.
    """
    if not eps > 0:
        raise UsageError(f"transac: eps={eps} must be above 0")
    if order is not None and order < 1:
        raise UsageError(f"transac: order must be at least 1 or none, not {order}")
    samples, dims = features.shape
    gram = algebra.gram(features - features.mean(axis=0, dtype=np.float64))
    values = gram.eigenvalues() * dims / (samples * eps**2)
    if order is None:
        logarithm = np.log1p(values).sum()
    else:
        if values[0] > 1:
            message = (
                f"transac: the series diverges (largest eigenvalue {values[0]:.3g}); give a larger eps or order=none"
            )
            warnings.warn(message, SaturationWarning, stacklevel=2)
        with np.errstate(over="ignore", invalid="ignore"):
            logarithm = -sum(((-values) ** k).sum() / k for k in range(1, order + 1))
    coding = float((samples + dims) / 2 * logarithm)
    if not np.isfinite(coding):
        raise Inapplicable("the series overflows; give a larger eps or order=none")
    theta = np.asarray(source_probabilities, dtype=np.float64)
    undecided = -float(xlogy(theta, theta).sum()) / theta.shape[1]
    return Score(coding - undecided, {"coding": coding, "undecided": undecided})
