"""LogME: You et al., LogME: practical assessment of pre-trained models for transfer learning, ICML 2021."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tbench.api import Inapplicable, SaturationWarning, Score, UsageError, evidence, published

if TYPE_CHECKING:
    from tbench.api import FloatArray, Moments, Spectrum

STEPS = 11
SETTLED = 1e-3  # what the last step may change the score by
EPS = np.finfo(np.float64).eps


@published("thuml", logdet="thin")
@published("thuml-icml", method="icml")
@published("tllib", method="icml", eps=0.0)
@evidence(solver="iterative")
def logme(
    features: NDArray[Any],
    labels: NDArray[Any],
    groups: Moments,
    gram_spectrum: Spectrum,
    *,
    logdet: str = "full",
    method: str = "fixed-point",
    eps: float = 1e-5,
) -> Score:
    """Largest log evidence per sample of a Bayesian linear model t = F m + noise, averaged over the target columns t.

    m ~ N(0, I / alpha), noise ~ N(0, 1 / beta), both found by fixed-point iteration. features (N, D) are used as they
    are, not centred. Columns are the classes (one-hot), the labels (multi-label, 0/1) or the targets (regression).
    A column of zeros, such as a label that no sample has, says nothing and is left out; thuml/LogME counts unused
    class numbers, with a large bogus evidence. Unbounded; invariant to rotation of the features.

    A column is left when alpha / beta rests, or after 11 steps, as in all released code. Few rest by then, but their
    evidence hardly moves any more. Where the last step still changed the score by more than 1e-3: SaturationWarning,
    and the term converged is 0.

    logdet: eigenvalues in the determinant: all D (full), or min(N, D) (thin) as in thuml/LogME (preset thuml) and its
        copies in SFDA, PED, Model Spider and stable_transfer, which overstates the evidence where N < D and makes no
        difference elsewhere.
    method: when to stop and what counts as residual, in thuml/LogME: fixed-point (tolerance 1e-3; You et al., JMLR
        2022) or icml (tolerance 1e-2, and eps within the evidence too; the paper above; preset thuml-icml).
    eps: added to the denominators of alpha and beta; 1e-5 in thuml/LogME, 0 in thuml's Transfer-Learning-Library, which
        has the method icml (preset tllib).
    """
    if logdet not in ("full", "thin"):
        raise UsageError(f"logme: unknown logdet {logdet!r}; it is full or thin")
    if method not in ("fixed-point", "icml"):
        raise UsageError(f"logme: unknown method {method!r}; it is fixed-point or icml")
    if not eps >= 0:
        raise UsageError(f"logme: eps={eps} must not be negative")
    samples, dims = features.shape
    products, lengths = _against(features, labels, groups)
    sigma = gram_spectrum.values
    sound = gram_spectrum.sound(samples)
    if not sound.any():
        raise Inapplicable("the features are all zero")
    sigma = np.where(sound, sigma, 0.0)
    inverse = np.divide(1, np.sqrt(sigma), out=np.zeros_like(sigma), where=sound)
    # With F = U diag(s) V^T, the coordinates of the targets are U^T t = diag(1/s) V^T F^T t: no N x D matrix U.
    coordinates = inverse[:, None] * (gram_spectrum.vectors.T @ products)
    alphas = dims if logdet == "thin" else len(sigma)
    last, before = _log_evidence(sigma, coordinates**2, lengths, samples, alphas, eps, icml=method == "icml")
    value = float(last.mean() / samples)
    converged = abs(value - float(before.mean() / samples)) <= SETTLED
    if not converged:
        warnings.warn(f"logme: the evidence had not settled after {STEPS} steps", SaturationWarning, stacklevel=2)
    return Score(value, {"converged": float(converged)})


def _log_evidence(
    sigma: FloatArray, x2: FloatArray, lengths: FloatArray, samples: int, alphas: int, eps: float, *, icml: bool
) -> tuple[FloatArray, FloatArray]:
    """(T,) of each target column t, and what it was before the last step.

    x2 (R, T): squared coordinates of t along the eigenvectors; lengths (T,): |t|^2. alphas: how often log(alpha) is
    left of D log(alpha) - logdet(alpha I + beta F^T F), besides the terms of sigma; the null directions take D - R of
    them away, unless the determinant is thin.
    """
    values = sigma[:, None]
    outside = np.maximum(lengths - x2.sum(axis=0), 0.0)  # of |t|^2, what no linear model reaches
    alpha, beta = np.ones_like(lengths), np.ones_like(lengths)
    m2, r2 = np.zeros_like(lengths), np.zeros_like(lengths)
    within = eps if icml else 0.0

    def found() -> FloatArray:
        quadratic = beta * (r2 + within) + alpha * (m2 + within)
        determinant = alphas * np.log(alpha) - np.log(alpha + beta * values).sum(axis=0)
        return np.asarray((determinant + samples * np.log(beta / (2 * np.pi)) - quadratic) / 2)

    moving = np.arange(len(lengths))  # columns that have not come to rest
    before = None
    for step in range(STEPS):
        if step == STEPS - 1:
            before = found()
        ratio = alpha[moving] / beta[moving]
        weight = 1 / (values + ratio)
        shrunk = ratio * weight
        free = samples - len(sigma) + shrunk.sum(axis=0)  # N - gamma, without cancellation
        floor = EPS * lengths[moving]  # of rounding in both norms
        m2[moving] = np.maximum((values * x2[:, moving] * weight**2).sum(axis=0), floor / sigma[0])  # |m|^2
        r2[moving] = np.maximum((x2[:, moving] * shrunk**2).sum(axis=0) + outside[moving], floor)  # |t - F m|^2
        alpha[moving] = (values * weight).sum(axis=0) / (m2[moving] + eps)
        beta[moving] = free / (r2[moving] + eps)
        change = np.abs(alpha[moving] / beta[moving] - ratio) / ratio
        moving = moving[change >= 1e-2 if icml else change > 1e-3]
        if not moving.size:
            break
    after = found()
    return after, after if before is None else before


def _against(features: NDArray[Any], labels: NDArray[Any], groups: Moments) -> tuple[FloatArray, FloatArray]:
    """F^T t (D, T) and |t|^2 (T,) of the target columns that are not zero throughout; for classes, sums and counts."""
    if labels.ndim == 1:
        if len(groups.counts) == 1:
            raise Inapplicable("one class")
        counts = groups.counts.astype(np.float64)
        return (counts[:, None] * groups.class_means).T, counts
    targets = labels.astype(np.float64)
    targets = targets[:, targets.any(axis=0)]
    if not targets.size:
        raise Inapplicable("all targets are zero")
    return features.astype(np.float64, copy=False).T @ targets, (targets**2).sum(axis=0)
