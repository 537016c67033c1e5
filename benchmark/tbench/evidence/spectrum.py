"""Eigen-decompositions of the features' scatter and of their Gram, by way of the smaller side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tbench.api import Spectrum

if TYPE_CHECKING:
    from tbench.api import FloatArray


def spectrum(features: NDArray[Any]) -> Spectrum:
    """Of the total scatter, the sum over samples of (f - mean)(f - mean)^T, for features (N, D)."""
    rows = features - features[0].astype(np.float64)  # to shift by a sample first leaves constant columns exactly zero
    rows -= rows.mean(axis=0)
    return _decomposed(rows)


def gram_spectrum(features: NDArray[Any]) -> Spectrum:
    """Of the uncentred Gram F^T F, for features F (N, D)."""
    return _decomposed(np.asarray(features, dtype=np.float64))


def _decomposed(rows: FloatArray) -> Spectrum:
    """Of rows^T rows, or where N < D of rows rows^T = U diag(values) U^T and then vectors = rows^T U / sqrt(values).

    A value that is only rounding noise gives no vector that way: its column is zero.
    """
    samples, dims = rows.shape
    if dims <= samples:
        values, vectors = np.linalg.eigh(rows.T @ rows)
        return Spectrum(values[::-1].clip(min=0), vectors[:, ::-1])
    values, left = np.linalg.eigh(rows @ rows.T)
    values, left = values[::-1].clip(min=0), left[:, ::-1]
    sound = values > 10 * dims * np.finfo(np.float64).eps * values[0]
    scale = np.divide(1, np.sqrt(values), out=np.zeros_like(values), where=sound)
    return Spectrum(values, rows.T @ left * scale)
