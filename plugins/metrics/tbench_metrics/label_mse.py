"""LabMSE: Nguyen et al., Simple transferability estimation for regression tasks, UAI 2023."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tbench.api import Inapplicable, UsageError

if TYPE_CHECKING:
    from tbench.api import Algebra, FloatArray


def label_mse(source_probabilities: FloatArray, labels: FloatArray, algebra: Algebra, *, penalty: float = 1.0) -> float:
    """Minus the mean squared error, over samples and targets, of a ridge regression on the source head's outputs.

    source_probabilities (N, S), labels (N, R) real targets. The intercept is free. At most 0, in squared units of the
    targets, so only values for the same targets compare.

    penalty: lambda in (mean squared error) + lambda |W|^2, or N lambda |W|^2 beside a sum of squares. Without penalty,
        N-1 independent outputs fit any targets exactly and the score would be 0 for every candidate, which is
        Inapplicable; 1 is the default because it answers for every N and S.

    The values are those of CuongNN218/regression_transferability, which has one function for outputs and features.
    """
    if not penalty >= 0:
        raise UsageError(f"lab-mse: penalty must be at least 0, not {penalty}")
    if labels.dtype.kind != "f":
        raise Inapplicable("needs regression targets (floats), not classes or multi-label")
    samples, sources = source_probabilities.shape
    targets = labels.reshape(samples, -1) - labels.reshape(samples, -1).mean(axis=0)
    rows = source_probabilities - source_probabilities.mean(axis=0, dtype=np.float64)
    spectrum = algebra.gram(rows).spectrum()
    sound = spectrum.values > 10 * max(samples, sources) * np.finfo(np.float64).eps * spectrum.values[0]
    if penalty == 0 and sound.sum() >= samples - 1:
        raise Inapplicable(f"{samples - 1} independent outputs fit {samples} samples exactly; give a penalty above 0")
    along = spectrum.vectors[:, sound].T @ (rows.T @ targets)
    weights = spectrum.vectors[:, sound] @ (along / (spectrum.values[sound] + samples * penalty)[:, None])
    return -float(((targets - rows @ weights) ** 2).mean())
