"""LinMSE and LabMSE: Nguyen et al., Simple transferability estimation for regression tasks, UAI 2023."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tbench.api import Inapplicable, UsageError, evidence

if TYPE_CHECKING:
    from tbench.api import Algebra, FloatArray, Spectrum


@evidence(touches=["target training"])
def linear_mse(features: FloatArray, labels: FloatArray, spectrum: Spectrum, *, penalty: float = 1.0) -> float:
    """Minus the mean squared error, over samples and targets, of a ridge regression on the features; at most 0.

    features (N, D), labels (N, R) real targets. The intercept is free. In squared units of the targets, so only values
    for the same targets compare.

    penalty: lambda in (mean squared error) + lambda |W|^2, or N lambda |W|^2 beside a sum of squares. Without penalty,
        N-1 independent columns fit any targets exactly and the score would be 0 for every candidate, which is
        Inapplicable; 1 is the default because it answers for every N and D. It is not free of units: features
        seven times as large are penalised as by 1/49.

    The values are those of CuongNN218/regression_transferability, whose demonstration multiplies by N twice.
    """
    rows = features - features.mean(axis=0, dtype=np.float64)
    return _score("lin-mse", "columns", rows, labels, spectrum, penalty)


@evidence(touches=["target training"])
def label_mse(source_probabilities: FloatArray, labels: FloatArray, algebra: Algebra, *, penalty: float = 1.0) -> float:
    """Minus the mean squared error, over samples and targets, of a ridge regression on the source head's outputs.

    source_probabilities (N, S), labels (N, R) real targets. The intercept is free. At most 0, in squared units of the
    targets, so only values for the same targets compare.

    penalty: lambda in (mean squared error) + lambda |W|^2, or N lambda |W|^2 beside a sum of squares. Without penalty,
        N-1 independent outputs fit any targets exactly and the score would be 0 for every candidate, which is
        Inapplicable; 1 is the default because it answers for every N and S.

    The values are those of CuongNN218/regression_transferability, which has one function for outputs and features.
    """
    rows = source_probabilities - source_probabilities.mean(axis=0, dtype=np.float64)
    return _score("lab-mse", "outputs", rows, labels, algebra.gram(rows).spectrum(), penalty)


def _score(name: str, what: str, rows: FloatArray, labels: FloatArray, spectrum: Spectrum, penalty: float) -> float:
    """Of centred rows (N, M), called so in messages, and the spectrum of their Gram."""
    if not penalty >= 0:
        raise UsageError(f"{name}: penalty must be at least 0, not {penalty}")
    if labels.dtype.kind != "f":
        raise Inapplicable("needs regression targets (floats), not classes or multi-label")
    samples = len(rows)
    targets = labels.reshape(samples, -1) - labels.reshape(samples, -1).mean(axis=0)
    sound = spectrum.sound(samples)
    if penalty == 0 and sound.sum() >= samples - 1:
        raise Inapplicable(f"{samples - 1} independent {what} fit {samples} samples exactly; give a penalty above 0")
    along = spectrum.vectors[:, sound].T @ (rows.T @ targets)
    weights = spectrum.vectors[:, sound] @ (along / (spectrum.values[sound] + samples * penalty)[:, None])
    return -float(((targets - rows @ weights) ** 2).mean())
