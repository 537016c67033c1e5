"""DDS: Dwivedi, Huang, Cichy and Roig, Duality diagram similarity: a generic framework [...], ECCV 2020."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.metrics.pairwise import laplacian_kernel

from tbench.api import Inapplicable, UsageError, evidence

if TYPE_CHECKING:
    from tbench.api import FloatArray

ROUNDING = 1e-12  # relative size below which a difference is rounding noise
KERNELS = ("laplacian", "rbf", "linear", "pearson", "euclidean", "cosine")
ANGLES = ("pearson", "cosine")  # one minus a similarity of order one: where all are alike, only its rounding is left
NORMALISATIONS = ("none", "centring", "znorm")


@evidence(spares=lambda settings: ["seed"] if settings["samples"] is None else [])
def dds(
    features: FloatArray,
    probe_features: FloatArray,
    seed: int | None,
    *,
    kernel: str = "laplacian",
    normalisation: str = "znorm",
    debiased: bool = True,
    samples: int | None = 200,
) -> float:
    """Centred kernel alignment <A, B> / (|A| |B|) of the images in the candidate and in a probe of the target; <= 1.

    features (N, D), probe_features (N, P). Each network's features are normalised, A and B are the N x N tables of how
    alike its images are, less their means. The default is the best of the paper's combinations. The values are those of
    cvai-repo/duality-diagram-similarity.

    kernel: laplacian (of L1 distances over the number of columns), rbf (its variance 1/4 of the median of all N^2
        squared distances, the zeros from an image to itself included) or linear; or a table of dissimilarities as it
        stands: pearson (1 - correlation of rows; a row without direction correlates with none), cosine, euclidean.
    normalisation: of columns: none, centring (mean 0) or znorm (mean 0, variance 1; a constant one stays 0).
    debiased: leave the diagonal out and take the means off so that the alignment of independent features has mean 0;
        it can then be negative, and needs at least 4 images. Without, the value is in [0, 1] for the three kernels.
    samples: at most so many images, drawn with the seed; 200 in the paper; none takes all N.

    Inapplicable where one network says the same of all pairs of images.
    """
    if kernel not in KERNELS:
        raise UsageError(f"dds: unknown kernel {kernel!r}; it is {', '.join(KERNELS)}")
    if normalisation not in NORMALISATIONS:
        raise UsageError(f"dds: unknown normalisation {normalisation!r}; it is {', '.join(NORMALISATIONS)}")
    if samples is not None and samples < 4:
        raise UsageError(f"dds: samples must be at least 4 or none, not {samples}")
    drawn = np.arange(len(features))
    if samples is not None and samples < len(drawn):
        drawn = np.random.default_rng(seed).choice(drawn, samples, replace=False)
    if len(drawn) < 4:
        raise Inapplicable(f"{len(drawn)} images; 4 are needed")
    centred = []
    for rows in (features, probe_features):
        table = _table(_normalised(rows[drawn], normalisation), kernel)
        size = max(np.linalg.norm(table), len(drawn) if kernel in ANGLES else 0.0)
        table = _debiased(table) if debiased else table - table.mean(0) - table.mean(1)[:, None] + table.mean()
        length = np.linalg.norm(table)
        if length <= ROUNDING * len(drawn) * size:
            raise Inapplicable("a network says the same of all pairs of images")
        centred.append(table / length)
    return float(np.einsum("ij,ij->", *centred))


def _normalised(features: FloatArray, normalisation: str) -> FloatArray:
    rows = np.array(features, dtype=np.float64)
    if normalisation == "none":
        return rows
    size = np.abs(rows).max(axis=0)
    rows -= rows.mean(axis=0)
    if normalisation == "znorm":
        spread = rows.std(axis=0)
        sound = spread > ROUNDING * size
        rows *= np.divide(1, spread, out=np.zeros_like(spread), where=sound)
    return rows


def _table(rows: FloatArray, kernel: str) -> FloatArray:
    """(N, N) of rows (N, D)."""
    if kernel == "laplacian":
        return np.asarray(laplacian_kernel(rows))
    if kernel == "linear":
        return np.asarray(rows @ rows.T)
    if kernel in ("rbf", "euclidean"):
        distances = np.asarray(cdist(rows, rows, "sqeuclidean" if kernel == "rbf" else "euclidean"))
        if kernel == "euclidean":
            return distances
        median = np.median(distances)
        if median == 0:
            raise Inapplicable("half of the pairs of images are copies, so that the rbf kernel has no width")
        return np.asarray(np.exp(-distances / (median / 2)))
    size = np.linalg.norm(rows, axis=1)
    if kernel == "pearson":
        rows = rows - rows.mean(axis=1, keepdims=True)
    length = np.linalg.norm(rows, axis=1)
    units = rows * np.divide(1, length, out=np.zeros_like(length), where=length > ROUNDING * size)[:, None]
    return np.asarray(1 - units @ units.T)


def _debiased(table: FloatArray) -> FloatArray:
    """Without its diagonal, less what makes every row and column sum to 0 (Szekely and Rizzo, 2014)."""
    count = len(table)
    table = table - np.diag(np.diagonal(table))
    means = table.sum(axis=0) / (count - 2)
    means -= means.sum() / (2 * (count - 1))
    table -= means + means[:, None]
    np.fill_diagonal(table, 0)
    return table
