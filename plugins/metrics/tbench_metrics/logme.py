"""LogME: You et al., LogME: practical assessment of pre-trained models for transfer learning, ICML 2021."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tbench.api import Inapplicable, UsageError

if TYPE_CHECKING:
    from tbench.api import FloatArray, Spectrum

STEPS = 11
EPS = np.finfo(np.float64).eps


def logme(
    features: NDArray[Any],
    labels: NDArray[Any],
    gram_spectrum: Spectrum,
    *,
    logdet: str = "full",
    method: str = "fixed-point",
    eps: float = 1e-5,
) -> float:
    """Largest log evidence per sample of a Bayesian linear model t = F m + noise, averaged over the target columns t.

    m ~ N(0, I / alpha), noise ~ N(0, 1 / beta), both found by fixed-point iteration. features (N, D) are used as they
    are, not centred. Columns are the classes (one-hot), the labels (multi-label, 0/1) or the targets (regression).
    A column of zeros, such as a label that no sample has, says nothing and is left out; thuml/LogME counts unused
    class numbers, with a large bogus evidence. Unbounded; invariant to rotation of the features.

    logdet: eigenvalues in the determinant: all D (full), or min(N, D) (thin) as in thuml/LogME and its copies in SFDA
        and PED, which overstates the evidence where N < D and makes no difference elsewhere.
    method: when to stop and what counts as residual, in thuml/LogME: fixed-point (tolerance 1e-3; You et al., JMLR
        2022) or icml (tolerance 1e-2, and eps within the evidence too; the paper above).
    eps: added to the denominators of alpha and beta. method=icml,eps=0 is thuml's Transfer-Learning-Library.
    """
    if logdet not in ("full", "thin"):
        raise UsageError(f"logme: unknown logdet {logdet!r}; it is full or thin")
    if method not in ("fixed-point", "icml"):
        raise UsageError(f"logme: unknown method {method!r}; it is fixed-point or icml")
    if not eps >= 0:
        raise UsageError(f"logme: eps={eps} must not be negative")
    rows = np.asarray(features, dtype=np.float64)
    products, lengths = _against(rows, labels)
    sound = gram_spectrum.values > 10 * max(rows.shape) * EPS * gram_spectrum.values[0]
    if not sound.any():
        raise Inapplicable("the features are all zero")
    sigma = np.where(sound, gram_spectrum.values, 0.0)
    inverse = np.divide(1, np.sqrt(sigma), out=np.zeros_like(sigma), where=sound)
    # With F = U diag(s) V^T, the coordinates of the targets are U^T t = diag(1/s) V^T F^T t: no N x D matrix U.
    coordinates = inverse[:, None] * (gram_spectrum.vectors.T @ products)
    alphas = rows.shape[1] if logdet == "thin" else len(sigma)
    evidence = [
        _log_evidence(sigma, x**2, length, len(rows), alphas, eps, icml=method == "icml")
        for x, length in zip(coordinates.T, lengths, strict=True)
    ]
    return float(np.mean(evidence) / len(rows))


def _log_evidence(
    sigma: FloatArray, x2: FloatArray, length: float, samples: int, alphas: int, eps: float, *, icml: bool
) -> float:
    """Of one target column t: x2 are its squared coordinates along the eigenvectors with values sigma, length is |t|^2.

    alphas: how often log(alpha) is left of D log(alpha) - logdet(alpha I + beta F^T F), besides the terms of sigma; the
    null directions take D - len(sigma) of them away, unless the determinant is thin.
    """
    outside = max(length - x2.sum(), 0.0)  # of |t|^2, what no linear model reaches
    alpha = beta = 1.0
    for _ in range(STEPS):
        ratio = alpha / beta
        shrunk = ratio / (sigma + ratio)
        free = samples - len(sigma) + shrunk.sum()  # N - gamma, without cancellation
        m2 = max((sigma * x2 / (sigma + ratio) ** 2).sum(), EPS * length / sigma[0])  # |m|^2, above rounding
        r2 = max((x2 * shrunk**2).sum() + outside, EPS * length)  # |t - F m|^2, above rounding
        alpha = (sigma / (sigma + ratio)).sum() / (m2 + eps)
        beta = free / (r2 + eps)
        change = abs(alpha / beta - ratio) / ratio
        if change < 1e-2 if icml else change <= 1e-3:
            break
    within = eps if icml else 0.0
    quadratic = beta * (r2 + within) + alpha * (m2 + within)
    determinant = alphas * np.log(alpha) - np.log(alpha + beta * sigma).sum()
    return float((determinant + samples * np.log(beta / (2 * np.pi)) - quadratic) / 2)


def _against(rows: FloatArray, labels: NDArray[Any]) -> tuple[FloatArray, FloatArray]:
    """F^T t (D, columns) and |t|^2 (columns,) of the target columns that are not zero throughout."""
    if labels.ndim == 1:
        counts = np.bincount(labels)
        if len(counts) == 1:
            raise Inapplicable("one class")
        one_hot = csr_array((np.ones(len(labels)), (labels, np.arange(len(labels)))), shape=(len(counts), len(labels)))
        return np.asarray(one_hot @ rows).T, counts.astype(np.float64)
    targets = labels.astype(np.float64)
    targets = targets[:, targets.any(axis=0)]
    if not targets.size:
        raise Inapplicable("all targets are zero")
    return rows.T @ targets, (targets**2).sum(axis=0)
