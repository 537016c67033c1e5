"""Linear probe: leave-one-out ridge regression in closed form (PRESS: Allen, Technometrics 1974), a floor to beat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from tbench.api import Inapplicable, evidence

if TYPE_CHECKING:
    from tbench.api import FloatArray, Spectrum

PENALTIES = np.logspace(-6, 3, 19)  # in units of the mean eigenvalue of the scatter
ROUNDING = 1e-12  # relative size below which a difference is rounding noise


@evidence(touches=["target training"])
def linear_probe(features: FloatArray, labels: NDArray[Any], spectrum: Spectrum) -> float:
    """How well a ridge classifier (or regression) on the features says the label of a sample that it was not fitted to.

    features (N, D). labels (N,) classes, learned as one-hot targets: accuracy in [0, 1]. (N, L) multi-label: mean
    average precision in [0, 1] over the labels that occur. (N, R) regression targets: R^2, averaged over targets; at
    most 1. The penalty is the one of a log grid with the least leave-one-out squared error, not the one with the best
    score, which would flatter noise. The mean of the targets, such as the shares of the classes, is taken as known: a
    sample would otherwise be told that its own class is rarer than it is, and noise would score 0 instead of chance.
    """
    classes = labels.ndim == 1
    if classes and labels.max() == 0:
        raise Inapplicable("one class")
    targets = np.eye(labels.max() + 1)[labels] if classes else np.asarray(labels, dtype=np.float64)
    predictions = _left_out(np.asarray(features, dtype=np.float64), targets, spectrum)
    if classes:
        return float((predictions.argmax(axis=1) == labels).mean())
    if labels.dtype.kind in "iu":
        occurs = labels.any(axis=0)
        if not occurs.any():
            raise Inapplicable("no sample has a label")
        return float(average_precision_score(labels[:, occurs], predictions[:, occurs], average="macro"))
    variance = targets.var(axis=0)
    if not variance.all():
        raise Inapplicable("a regression target is the same for all samples")
    return float(1 - (((targets - predictions) ** 2).mean(axis=0) / variance).mean())


def _left_out(rows: FloatArray, targets: FloatArray, spectrum: Spectrum) -> FloatArray:
    """(N, T) prediction of each sample by the ridge regression on all others, at the best penalty for all targets."""
    samples, values, mean = len(rows), spectrum.values, rows.mean(axis=0)
    if values[0] <= samples * ROUNDING**2 * (mean @ mean):
        raise Inapplicable("the features are the same for all samples")
    scores = (rows - mean) @ spectrum.vectors
    squares = scores**2
    deviations = targets - targets.mean(axis=0)
    projected = scores.T @ deviations
    unit = deviations.std(axis=0)
    unit[unit == 0] = 1
    least, best = np.inf, deviations
    for penalty in PENALTIES * values.mean():
        residuals = deviations - scores @ (projected / (values + penalty)[:, None])  # (I - H) y
        leverage = 1 / samples + squares @ (1 / (values + penalty))  # diagonal of H, with the intercept's 1/N
        # What all others predict is y - residual / (1 - leverage), and their mean is y - deviation N / (N - 1).
        slopes = deviations * (samples / (samples - 1)) - residuals / (1 - leverage)[:, None]
        if (loss := (((deviations - slopes) / unit) ** 2).sum()) < least:
            least, best = loss, slopes
    return np.asarray(targets.mean(axis=0) + best)
