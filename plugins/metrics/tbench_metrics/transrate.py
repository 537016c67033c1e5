"""TransRate: Huang et al., Frustratingly easy transferability estimation, ICML 2022."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tbench.api import Inapplicable, UsageError

if TYPE_CHECKING:
    from tbench.api import FloatArray, IntArray, Moments

ROUNDING = 1e-12  # relative size below which a difference is rounding noise
EPS = float(np.finfo(np.float64).eps)


def transrate(
    features: NDArray[Any],
    labels: IntArray,
    moments: Moments,
    *,
    form: str = "listing",
    eps: float = 1e-4,
    scale: str | None = None,
    weights: str = "published",
    divide: str | None = "published",
    normalize: bool = True,
) -> float:
    """R(Z) - sum_c w_c R(Z_c): coding rate of the centred features Z, less that within classes, in nats.

    R(Z) = 1/2 logdet(I + Z^T Z / (n eps)) for the n rows of Z. features (N, D), labels (N,). Unbounded. Invariant to
    rotation, the listing and the projected form to translation too; the listing depends on the scale of the features.

    form: listing is the ten lines printed in the paper, as in thuml's Transfer-Learning-Library: classes are not
        centred again. The authors' repository (Long-Kai/TransRate) has two others. unit: rows are brought to length 1,
        centred, and brought to length 1 again. projected: classes are centred, and in place of the eigenvalues of a
        covariance S stand the singular values of S cov^+ cov_between.
    eps: squared distortion; 1e-4 in the listing. The repository's tables take one each, from 1e-5 to 1e-1.
    scale: frobenius divides the listing's Z by its Frobenius norm, as in
        secret-hammer/Awesome-Model-Transferability-Evaluation, together with weights=counts.
    weights: w_c is n_c / N (counts) or 1 / K (classes); as published means classes for the listing, else counts.
    divide: the rates by the rank of the matrix of all features (rank), by D (dim), or not (none); as published means
        not for the listing, else by rank.
    normalize: the repository's forms divide eigenvalues by the sum of those of all features; false leaves that out.
    """
    _require("form", form, "listing", "unit", "projected")
    _require("scale", scale, "frobenius", None)
    _require("weights", weights, "published", "counts", "classes")
    _require("divide", divide, "published", "rank", "dim", None)
    if scale and form != "listing":
        raise UsageError("transrate: scale belongs to form=listing")
    if not normalize and form == "listing":
        raise UsageError("transrate: normalize belongs to form=unit and form=projected")
    if not eps > 0:
        raise UsageError(f"transrate: eps={eps} must be positive")
    if len(moments.counts) == 1:
        raise Inapplicable("one class")
    if np.trace(moments.total) <= moments.samples * ROUNDING**2 * (moments.mean @ moments.mean):
        raise Inapplicable("the features are the same for all samples")

    if form == "projected":
        matrix, total, within = _projected(features, labels, moments, eps, normalize=normalize)
    elif form == "unit":
        rows = _unit_rows(np.asarray(features, dtype=np.float64), 0.0)
        rows = _unit_rows(rows - rows.mean(axis=0), ROUNDING)
        if not rows.any():
            raise Inapplicable("the features of all samples point the same way")
        matrix = _gram(rows)
        total, within = _rates(rows, labels, matrix, eps * (np.trace(matrix) / len(rows) if normalize else 1))
    else:
        matrix = moments.total
        total, within = _rates(features - moments.mean, labels, matrix, eps * (np.trace(matrix) if scale else 1))

    as_counts = form != "listing" if weights == "published" else weights == "counts"
    shares = moments.counts / moments.samples if as_counts else np.full(len(within), 1 / len(within))
    if divide == "published":
        divide = None if form == "listing" else "rank"
    value = float(total - shares @ within)
    if divide is None:
        return value
    dims = features.shape[1]
    return value / (dims if divide == "dim" else int(np.linalg.matrix_rank(matrix, hermitian=True, rtol=dims * EPS)))


def _rates(rows: FloatArray, labels: IntArray, gram: FloatArray, distortion: float) -> tuple[float, FloatArray]:
    """R of all rows, whose Gram is known, and (K,) of the rows of each class."""
    classes = (rows[labels == c] for c in range(labels.max() + 1))
    within = [_rate(_gram(own), len(own) * distortion) for own in classes]
    return _rate(gram, len(rows) * distortion), np.array(within)


def _rate(gram: FloatArray, distortion: float) -> float:
    """1/2 logdet(I + gram / distortion)."""
    matrix = gram / distortion
    matrix.flat[:: len(matrix) + 1] += 1
    return float(np.log(np.diagonal(np.linalg.cholesky(matrix))).sum())


def _gram(rows: FloatArray) -> FloatArray:
    """Z^T Z or Z Z^T, whichever is smaller: logdet(I + Z^T Z) = logdet(I + Z Z^T), and both have one rank."""
    return rows @ rows.T if len(rows) < rows.shape[1] else rows.T @ rows


def _unit_rows(rows: FloatArray, shortest: float) -> FloatArray:
    """Rows of length 1; those that are not longer than the shortest to have a direction become zero."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    units: FloatArray = np.divide(rows, length, out=np.zeros_like(rows), where=length > shortest)
    return units


def _projected(
    features: NDArray[Any], labels: IntArray, moments: Moments, eps: float, *, normalize: bool
) -> tuple[FloatArray, float, FloatArray]:
    """The diagonal matrix of the singular values of cov cov^+ cov_between, its rate, and (K,) those of the classes.

    cov_between = Y diag(s) Y^T has rank K - 1 at most, so S cov^+ cov_between has the singular values of the slim
    S (cov^+ Y diag(s)): no D x D matrix for a class. cov cov^+ cov_between is cov_between itself.
    """
    between = np.sqrt(moments.counts / moments.samples)[:, None] * (moments.class_means - moments.mean)
    _, root, axes = np.linalg.svd(between, full_matrices=False)
    spectrum = root**2
    if spectrum.sum() <= ROUNDING**2 * np.trace(moments.total) / moments.samples:
        raise Inapplicable("the class means are all the same")
    distortion = eps * (spectrum.sum() if normalize else 1)
    values, vectors = np.linalg.eigh(moments.total / moments.samples)
    kept = values > 10 * max(features.shape) * EPS * values[-1]
    slim = vectors[:, kept] @ ((vectors[:, kept].T @ (axes.T * spectrum)) / values[kept, None])
    within = []
    for c, mean in enumerate(moments.class_means):
        rows = features[labels == c] - mean
        singular = np.linalg.svd(rows.T @ (rows @ slim) / len(rows), compute_uv=False)
        within.append(np.log1p(singular / distortion).sum() / 2)
    return np.diag(spectrum), float(np.log1p(spectrum / distortion).sum() / 2), np.array(within)


def _require(name: str, value: str | None, *words: str | None) -> None:
    if value not in words:
        raise UsageError(f"transrate: unknown {name} {value!r}; it is {', '.join(word or 'none' for word in words)}")
