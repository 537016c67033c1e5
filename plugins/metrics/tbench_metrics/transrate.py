"""TransRate: Huang et al., Frustratingly easy transferability estimation, ICML 2022."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tbench.api import Inapplicable, UsageError, evidence, published

if TYPE_CHECKING:
    from tbench.api import Algebra, FloatArray, IntArray, Moments, Spectrum

ROUNDING = 1e-12  # relative size below which a difference is rounding noise
EPS = float(np.finfo(np.float64).eps)


@evidence(spares=lambda settings: () if settings["form"] == "projected" else ("spectrum",))
@published("authors-unit", form="unit")
@published("authors-projected", form="projected")
@published("awesome", scale="frobenius", weights="counts")
def transrate(
    features: NDArray[Any],
    labels: IntArray,
    moments: Moments,
    spectrum: Spectrum | None,
    algebra: Algebra,
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
        centred again. The authors' repository (Long-Kai/TransRate) has two others. unit (preset authors-unit): rows are
        brought to length 1, centred, and brought to length 1 again. projected (authors-projected): classes are centred,
        and in place of the eigenvalues of a covariance S stand the singular values of S cov^+ cov_between.
    eps: squared distortion; 1e-4 in the listing. The repository's tables take one each, from 1e-5 to 1e-1.
    scale: what the listing's Z is divided by, to compare networks whose features differ in size: its Frobenius norm, as
        in secret-hammer/Awesome-Model-Transferability-Evaluation, together with weights=counts (preset awesome), or
        the root mean square length of its rows (rms), which does not grow with N.
    weights: w_c is n_c / N (counts) or 1 / K (classes); as published means classes for the listing, else counts.
    divide: the rates by the rank of the matrix of all features (rank), by D (dim), or not (none); as published means
        not for the listing, else by rank.
    normalize: the repository's forms divide eigenvalues by the sum of those of all features; false leaves that out.
    """
    _require("form", form, "listing", "unit", "projected")
    _require("scale", scale, "frobenius", "rms", None)
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
    if moments.total.trace <= moments.samples * ROUNDING**2 * (moments.mean @ moments.mean):
        raise Inapplicable("the features are the same for all samples")
    samples, dims = features.shape
    if divide == "published":
        divide = None if form == "listing" else "rank"

    if form == "projected":
        assert spectrum is not None
        total, within, rank = _projected(features, labels, moments, spectrum, eps, normalize=normalize)
    elif form == "unit":
        rows = features.astype(np.float64)
        _scale_to_unit(rows, 0.0)
        rows -= rows.mean(axis=0)
        _scale_to_unit(rows, ROUNDING)
        if not rows.any():
            raise Inapplicable("the features of all samples point the same way")
        gram = algebra.gram(rows)
        distortion = eps * (gram.trace / samples if normalize else 1)
        values = gram.eigenvalues()
        total, rank = float(np.log1p(values / (samples * distortion)).sum() / 2), _rank(values, dims)
        within = _rates(rows, labels, 0.0, distortion, algebra)
    else:
        sizes = {"frobenius": moments.total.trace, "rms": moments.total.trace / samples, None: 1.0}
        distortion = eps * sizes[scale]
        total = moments.total.log_determinant(samples * distortion) / 2
        rank = _rank(moments.total.eigenvalues(), dims) if divide == "rank" else 0
        within = _rates(features, labels, moments.mean, distortion, algebra)

    as_counts = form != "listing" if weights == "published" else weights == "counts"
    shares = moments.counts / samples if as_counts else np.full(len(within), 1 / len(within))
    value = float(total - shares @ within)
    divisors: dict[str | None, int] = {"rank": rank, "dim": dims, None: 1}
    return value / divisors[divide]


def _rates(
    rows: NDArray[Any], labels: IntArray, origin: FloatArray | float, distortion: float, algebra: Algebra
) -> FloatArray:
    """(K,) R of the rows of each class, seen from the origin."""
    classes = (rows[labels == c] - origin for c in range(labels.max() + 1))
    return np.array([algebra.gram(own).log_determinant(len(own) * distortion) / 2 for own in classes])


def _rank(values: FloatArray, dims: int) -> int:
    """As numpy.linalg.matrix_rank counts the singular values of a D x D matrix."""
    return int((values > values.max() * dims * EPS).sum())


def _scale_to_unit(rows: FloatArray, shortest: float) -> None:
    """In place: rows get length 1; those that are not longer than the shortest to have a direction become zero."""
    length = np.sqrt(np.einsum("nd,nd->n", rows, rows))
    rows *= np.divide(1, length, out=np.zeros_like(length), where=length > shortest)[:, None]


def _projected(
    features: NDArray[Any], labels: IntArray, moments: Moments, spectrum: Spectrum, eps: float, *, normalize: bool
) -> tuple[float, FloatArray, int]:
    """The rate of cov cov^+ cov_between, (K,) those of the classes, and its rank.

    cov_between = Y diag(s) Y^T has rank K - 1 at most, so S cov^+ cov_between has the singular values of the slim
    S (cov^+ Y diag(s)): no D x D matrix for a class. cov cov^+ cov_between is cov_between itself.
    """
    samples, dims = features.shape
    between = np.sqrt(moments.counts / samples)[:, None] * moments.offsets
    _, root, axes = np.linalg.svd(between, full_matrices=False)
    squares = root**2
    if squares.sum() <= ROUNDING**2 * moments.total.trace / samples:
        raise Inapplicable("the class means are all the same")
    distortion = eps * (squares.sum() if normalize else 1)
    kept = spectrum.sound(samples)
    vectors = spectrum.vectors[:, kept]
    slim = vectors @ ((vectors.T @ (axes.T * squares)) * (samples / spectrum.values[kept, None]))
    within = []
    for c, mean in enumerate(moments.class_means):
        rows = features[labels == c] - mean
        triangle = np.linalg.qr(rows.T @ (rows @ slim) / len(rows), mode="r")  # with the same singular values
        singular = np.linalg.svd(triangle, compute_uv=False)
        within.append(np.log1p(singular / distortion).sum() / 2)
    return float(np.log1p(squares / distortion).sum() / 2), np.array(within), _rank(squares, dims)


def _require(name: str, value: str | None, *words: str | None) -> None:
    if value not in words:
        raise UsageError(f"transrate: unknown {name} {value!r}; it is {', '.join(word or 'none' for word in words)}")
