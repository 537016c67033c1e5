"""GBC: Pandy et al., Transferability estimation using Bhattacharyya class separability, CVPR 2022."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tbench.api import Inapplicable, UsageError, class_labels

if TYPE_CHECKING:
    from tbench.api import FloatArray, IntArray, Spectrum

VARIANCE_FLOOR = 1e-4  # of each column within a class, in the authors' code


def gbc(
    features: FloatArray,
    labels: IntArray,
    spectrum: Spectrum,
    *,
    covariance: str = "spherical",
    logdet: str = "paper",
    dims: int | None = 64,
) -> float:
    """Minus the Bhattacharyya coefficients between Gaussian classes, summed over ordered pairs; in [-K(K-1), 0].

    features (N, D), labels (N,). 0 says that the classes are separable. The sum is not divided by the number of pairs,
    so only values for the same classes compare. Variances are biased (1/n) and floored at 1e-4 per column, as in the
    authors' code (google-research/stable_transfer).

    covariance: spherical (one variance per class, the mean over columns) or diagonal (one per class and column).
    logdet: how often the logarithm of a spherical class's variance counts: once per column (paper), or once in all
        (reference), as happens in the authors' code and its ports. Makes no difference to diagonal.
    dims: keep so many principal components, 64 in the authors' configuration (there, too, those without any variance
        count, at the floor); none keeps the features as they are.
    """
    if covariance not in ("spherical", "diagonal"):
        raise UsageError(f"gbc: unknown covariance {covariance!r}; it is spherical or diagonal")
    if logdet not in ("paper", "reference"):
        raise UsageError(f"gbc: unknown logdet {logdet!r}; it is paper or reference")
    if dims is not None and dims < 1:
        raise UsageError(f"gbc: dims must be at least 1 or none, not {dims}")
    own = class_labels(labels)
    classes = int(own.max()) + 1
    if classes == 1:
        raise Inapplicable("one class")
    rows = np.asarray(features, dtype=np.float64)
    if dims is not None:
        rows = (rows - rows.mean(axis=0)) @ spectrum.vectors[:, :dims]
    means = np.stack([rows[own == c].mean(axis=0) for c in range(classes)])
    variances = np.maximum(np.stack([rows[own == c].var(axis=0) for c in range(classes)]), VARIANCE_FLOOR)
    copies = 1  # of each variance in a determinant
    if covariance == "spherical":
        variances = variances.mean(axis=1, keepdims=True)
        copies = rows.shape[1] if logdet == "paper" else 1
    logs = np.log(variances)

    total = 0.0
    for c in range(classes - 1):  # against all later classes at once
        middle = (variances[c] + variances[c + 1 :]) / 2
        apart = ((means[c] - means[c + 1 :]) ** 2 / middle).sum(axis=1)
        logdets = copies * (np.log(middle) - (logs[c] + logs[c + 1 :]) / 2).sum(axis=1)
        total += np.exp(-(apart / 8 + logdets / 2)).sum()  # exp(-Bhattacharyya distance)
    return float(-2 * total)
