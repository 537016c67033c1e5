"""LabMSE: Nguyen et al., Simple transferability estimation for regression tasks, UAI 2023."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tbench.api import Inapplicable, UsageError

if TYPE_CHECKING:
    from tbench.api import FloatArray


def label_mse(source_probabilities: FloatArray, labels: FloatArray, *, penalty: float = 1.0) -> float:
    """Minus the mean squared error, over samples and targets, of a ridge regression on the source head's outputs.

    source_probabilities (N, S), labels (N, R) real targets. The intercept is free. At most 0, in squared units of the
    targets, so only values for the same targets compare.

    penalty: lambda in (mean squared error) + lambda |W|^2 (the paper's N lambda |W|^2 beside a sum of squares). The
        paper reports 0 and 1. Without penalty, N-1 independent outputs fit any targets exactly and the score would be 0
        for every candidate, which is Inapplicable; 1 is the default because it answers for every N and S.

    The values are those of CuongNN218/regression_transferability, which has one function for outputs and features.
    """
    if not penalty >= 0:
        raise UsageError(f"lab-mse: penalty must be at least 0, not {penalty}")
    if labels.dtype.kind != "f":
        raise Inapplicable("needs regression targets (floats), not classes or multi-label")
    samples, sources = source_probabilities.shape
    targets = labels.reshape(samples, -1) - labels.reshape(samples, -1).mean(axis=0)
    rows = source_probabilities - source_probabilities.mean(axis=0, dtype=np.float64)
    wide = sources > samples
    values, vectors = np.linalg.eigh(rows @ rows.T if wide else rows.T @ rows)  # by way of the smaller side
    sound = values > 10 * max(samples, sources) * np.finfo(np.float64).eps * values[-1]
    if penalty == 0 and sound.sum() >= samples - 1:
        raise Inapplicable(f"{samples - 1} independent outputs fit {samples} samples exactly; give a penalty above 0")
    values, vectors = values[sound, None], vectors[:, sound]
    if wide:
        fitted = vectors @ (values / (values + samples * penalty) * (vectors.T @ targets))
    else:
        fitted = rows @ (vectors @ (vectors.T @ (rows.T @ targets) / (values + samples * penalty)))
    return -float(((targets - fitted) ** 2).mean())
