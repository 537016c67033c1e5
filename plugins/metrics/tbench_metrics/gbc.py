"""GBC: Pandy et al., Transferability estimation using Bhattacharyya class separability, CVPR 2022."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tbench.api import Inapplicable, UsageError, class_labels, evidence, published

if TYPE_CHECKING:
    from tbench.api import FloatArray, IntArray, Spectrum

VARIANCE_FLOOR = 1e-4  # of each column within a class, in the authors' code


@published("authors", logdet="reference")
@published("awesome", logdet="reference", ddof=1)
@evidence(spares=lambda settings: ["spectrum"] if settings["dims"] is None else [])
def gbc(
    features: FloatArray,
    labels: IntArray,
    spectrum: Spectrum | None,
    *,
    covariance: str = "spherical",
    logdet: str = "paper",
    dims: int | None = 64,
    ddof: int = 0,
) -> float:
    """Minus the Bhattacharyya coefficients between Gaussian classes, summed over ordered pairs; in [-K(K-1), 0].

    features (N, D), labels (N,). 0 says that the classes are separable. The sum is not divided by the number of pairs,
    so only values for the same classes compare. Variances of columns are floored at 1e-4, as in the authors' code.

    covariance: spherical (one variance per class, the mean over columns), diagonal (one per class and column) or full
        (the floor is then a ridge, 1e-4 on the diagonal, so that classes smaller than dims have a determinant).
        Model Spider's full form adds 1e-5 to determinants that under- and overflow; it is not followed.
    logdet: how often the logarithm of a spherical class's variance counts: once per column (paper), or once in all
        (reference), as happens in the authors' code and its ports. Makes no difference to diagonal and full.
    dims: keep so many principal components, 64 in the authors' configuration (there, too, those without any variance
        count, at the floor); none keeps the features as they are, and a full covariance then is D x D for each class.
    ddof: variances are sums of squares over n - ddof, or over n in a class of one sample. 0 in the authors' code, 1 in
        the PyTorch ports.

    as=authors follows google-research/stable_transfer, as=awesome
    secret-hammer/Awesome-Model-Transferability-Evaluation.
    """
    if covariance not in ("spherical", "diagonal", "full"):
        raise UsageError(f"gbc: unknown covariance {covariance!r}; it is spherical, diagonal or full")
    if logdet not in ("paper", "reference"):
        raise UsageError(f"gbc: unknown logdet {logdet!r}; it is paper or reference")
    if dims is not None and dims < 1:
        raise UsageError(f"gbc: dims must be at least 1 or none, not {dims}")
    if ddof not in (0, 1):
        raise UsageError(f"gbc: ddof must be 0 or 1, not {ddof}")
    own = class_labels(labels)
    if own.max() == 0:
        raise Inapplicable("one class")
    if dims is not None:
        assert spectrum is not None  # spared only where dims is none
        rows = (features - features.mean(axis=0, dtype=np.float64)) @ spectrum.vectors[:, :dims]
    else:
        rows = np.asarray(features, dtype=np.float64)
    means, spreads = [], []  # of each class: its mean, and its variances or covariances
    for c in range(own.max() + 1):
        group = rows[own == c]
        means.append(group.mean(axis=0))
        group -= means[-1]
        squares = group.T @ group if covariance == "full" else np.einsum("nd,nd->d", group, group)
        spreads.append(squares / max(len(group) - ddof, 1))
    if covariance == "full":
        return _full(np.stack(means), np.stack(spreads) + VARIANCE_FLOOR * np.eye(rows.shape[1]))
    return _independent(np.stack(means), np.maximum(np.stack(spreads), VARIANCE_FLOOR), covariance, logdet)


def _independent(means: FloatArray, variances: FloatArray, covariance: str, logdet: str) -> float:
    """The score of classes with means and variances (K, D)."""
    copies = 1  # of each variance in a determinant
    if covariance == "spherical":
        variances = variances.mean(axis=1, keepdims=True)
        copies = means.shape[1] if logdet == "paper" else 1
    logs = np.log(variances)
    total = 0.0
    for c in range(len(means) - 1):  # against all later classes at once
        middle = (variances[c] + variances[c + 1 :]) / 2
        apart = ((means[c] - means[c + 1 :]) ** 2 / middle).sum(axis=1)
        logdets = copies * (np.log(middle) - (logs[c] + logs[c + 1 :]) / 2).sum(axis=1)
        total += np.exp(-(apart / 8 + logdets / 2)).sum()  # exp(-Bhattacharyya distance)
    return float(-2 * total)


def _full(means: FloatArray, covariances: FloatArray) -> float:
    """The score of classes with means (K, D) and covariances (K, D, D)."""
    logdets = _logdets(covariances)
    total = 0.0
    for c in range(len(means) - 1):
        middle = (covariances[c] + covariances[c + 1 :]) / 2
        offsets = means[c] - means[c + 1 :]
        apart = np.einsum("kd,kd->k", offsets, np.linalg.solve(middle, offsets[:, :, None])[:, :, 0])
        total += np.exp(-(apart / 8 + (_logdets(middle) - (logdets[c] + logdets[c + 1 :]) / 2) / 2)).sum()
    return float(-2 * total)


def _logdets(matrices: FloatArray) -> FloatArray:
    """Of positive definite matrices (..., D, D), by Cholesky, which neither under- nor overflows."""
    diagonals = np.diagonal(np.linalg.cholesky(matrices), axis1=-2, axis2=-1)
    logdets: FloatArray = 2 * np.log(diagonals).sum(axis=-1)
    return logdets
