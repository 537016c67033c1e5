"""H-score: Bao et al., An information-theoretic approach to transferability in task transfer learning, ICIP 2019."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from tbench.api import Inapplicable, SaturationWarning, UsageError

if TYPE_CHECKING:
    from tbench.api import Moments, Spectrum

ROUNDING = 1e-12  # relative size below which a difference is rounding noise


def hscore(moments: Moments, spectrum: Spectrum, *, dims: int | None = None) -> float:
    """tr(cov(f)^+ cov(E[f|y])): how much of the features' variance, all directions alike, the classes explain.

    In [0, min(K-1, D)]; invariant to every invertible affine map of the features. Directions with an eigenvalue below
    10 max(N, D) eps of the largest are left out. The authors' code
    (YaojieBao/An-Information-theoretic-Metric-of-Transferability) cuts at 1e-10 of the largest, thuml's
    Transfer-Learning-Library and dbolya/parc at 1e-15, which is within rounding where columns are constant.

    With N - 1 <= D samples the value is K-1 whatever the features, unless samples coincide: SaturationWarning.

    dims: keep so many principal components, to avoid that (dbolya/parc has the option); none keeps all.
    """
    if dims is not None and dims < 1:
        raise UsageError(f"hscore: dims={dims} must be positive, or none")
    if len(moments.counts) == 1:
        raise Inapplicable("one class")
    if spectrum.values[0] <= moments.samples * ROUNDING**2 * (moments.mean @ moments.mean):
        raise Inapplicable("the features are the same for all samples")
    columns = min(dims or len(moments.mean), len(moments.mean))
    if moments.samples - 1 <= columns:
        message = f"hscore: {moments.samples} samples are too few for {columns} columns; any features give about K-1"
        warnings.warn(message, SaturationWarning, stacklevel=2)
    size = max(moments.samples, len(moments.mean))
    rank = int((spectrum.values > 10 * size * np.finfo(np.float64).eps * spectrum.values[0]).sum())
    kept = min(rank, columns)
    projected = (moments.class_means - moments.mean) @ spectrum.vectors[:, :kept]
    return float((moments.counts @ projected**2 / spectrum.values[:kept]).sum())  # tr(S_T^+ S_B)
