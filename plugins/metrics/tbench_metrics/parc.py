"""PARC: Bolya, Mittapalli, Hoffman, Scalable diverse model selection for accessible transfer learning, NeurIPS 2021."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import squareform
from scipy.stats import rankdata

from tbench.api import Inapplicable, SaturationWarning, UsageError, class_labels

if TYPE_CHECKING:
    from tbench.api import FloatArray, Spectrum

ROUNDING = 1e-12  # below this, relative to values of order 1, differences are rounding noise


def parc(
    features: FloatArray, labels: NDArray[Any], spectrum: Spectrum, *, dims: int | None = 32, samples: int = 5000
) -> float:
    """Spearman correlation, times 100, of feature dissimilarity and label dissimilarity over all pairs of samples.

    features (N, D), labels (N,) classes or (N, L) multi-label 0/1. Dissimilarity is 1 - Pearson correlation of two
    rows, of the standardised features and of the one-hot (or multi-label) labels. Equal dissimilarities are exact ties
    here; in dbolya/parc rounding splits those of the labels unless the number of classes is a power of two.
    In [-100, 100]. Samples whose feature row or label row is constant have no correlation and are left out.

    dims: keep so many principal components, exactly (dbolya/parc takes a randomised PCA with a fixed seed); none keeps
        the features as they are. 32 is the paper's headline setting and that of SFDA and PED.
    samples: take at most so many samples, evenly spaced in class order, as memory grows with their square. The method
        was made for about 500; SFDA and PED cut at 15000.
    """
    if (dims is not None and dims < 2) or samples < 2:
        raise UsageError(f"parc: dims (or none) and samples must be at least 2, not {dims} and {samples}")
    table = _table(labels)
    rows = np.asarray(features, dtype=np.float64)
    mean = rows.mean(axis=0)
    if spectrum.values[0] <= len(rows) * ROUNDING**2 * (mean @ mean):
        raise Inapplicable("the features are the same for all samples")
    if dims is not None:
        rows = (rows - mean) @ _directions(spectrum, dims, max(rows.shape))
    if len(rows) > samples:
        warnings.warn(f"parc: {samples} of {len(rows)} samples taken", SaturationWarning, stacklevel=2)
        order = np.argsort(table, kind="stable") if table.ndim == 1 else np.arange(len(rows))
        chosen = np.sort(order[np.linspace(0, len(rows) - 1, samples).astype(np.int64)])
        rows, table = rows[chosen], table[chosen]

    units = _unit_rows(_standardised(rows))
    label_units = _unit_rows(table) if table.ndim == 2 else np.ones((len(rows), 1))
    defined = units.any(axis=1) & label_units.any(axis=1)
    if not defined.all():
        message = f"parc: {(~defined).sum()} samples with a constant feature or label row left out"
        warnings.warn(message, SaturationWarning, stacklevel=2)
    if defined.sum() < 2:
        raise Inapplicable("no correlation between samples is defined; are there fewer than two feature columns?")
    apart = _dissimilarities(units[defined])
    if table.ndim == 1:
        return 100 * _rank_biserial(apart, squareform(table[defined, None] != table[defined], checks=False))
    label_apart = _dissimilarities(label_units[defined])
    _require_spread(apart, label_apart)
    return float(100 * np.corrcoef(rankdata(apart), rankdata(label_apart))[0, 1])


def _rank_biserial(apart: FloatArray, different: NDArray[np.bool_]) -> float:
    """Spearman correlation of a variable with a two-valued one, (R1 - R0) sqrt(p (1 - p)) / sd of the midranks R.

    Only the midranks of the pairs of one class are looked up, which spares an argsort of all pairs.
    """
    _require_spread(apart, different)
    ordered, same = np.sort(apart), np.sort(apart[~different])
    midranks = (np.searchsorted(ordered, same, "left") + np.searchsorted(ordered, same, "right") + 1) / 2
    count, p = len(apart), 1 - len(same) / len(apart)
    low = midranks.mean()
    high = ((count + 1) / 2 - (1 - p) * low) / p  # the mean of all ranks is (count + 1) / 2
    ties = np.diff(np.flatnonzero(np.diff(ordered)), prepend=-1, append=count - 1).astype(np.float64)
    variance = (count**2 - 1) / 12 - (ties**3 - ties).sum() / (12 * count)
    return float((high - low) * np.sqrt(p * (1 - p) / variance))


def _require_spread(apart: FloatArray, label_apart: NDArray[Any]) -> None:
    if not (apart.size and apart.min() < apart.max() and label_apart.min() < label_apart.max()):
        raise Inapplicable("all pairs of samples are equally far apart, in features or in labels")


def _table(labels: NDArray[Any]) -> NDArray[Any]:
    """The labels, classes (N,) or multi-label (N, L)."""
    if labels.ndim == 2 and labels.dtype.kind in "iu":
        return labels
    if class_labels(labels).max() == 0:
        raise Inapplicable("one class")
    return labels


def _directions(spectrum: Spectrum, dims: int, size: int) -> FloatArray:
    """(D, M) principal axes above rounding noise. The score sees their signs: the largest entry of each is positive.

    That is scikit-learn's convention too.
    """
    rank = int((spectrum.values > 10 * size * np.finfo(np.float64).eps * spectrum.values[0]).sum())
    vectors = spectrum.vectors[:, : min(dims, rank)]
    largest = np.take_along_axis(vectors, np.abs(vectors).argmax(axis=0)[None], axis=0)
    return np.asarray(vectors * np.sign(largest))


def _standardised(rows: FloatArray) -> FloatArray:
    """Columns of mean 0 and variance 1 (ddof 0); constant columns become 0."""
    centred = rows - rows.mean(axis=0)
    deviation = np.sqrt((centred**2).mean(axis=0))
    varies = deviation > ROUNDING * np.abs(rows).max(axis=0)
    standard: FloatArray = np.divide(centred, deviation, out=np.zeros_like(centred), where=varies)
    return standard


def _unit_rows(rows: NDArray[Any]) -> FloatArray:
    """Rows less their mean and of length 1, so that their products are correlations; constant rows become 0."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    units: FloatArray = np.divide(centred, length, out=np.zeros_like(centred), where=length > ROUNDING)
    return units


def _dissimilarities(units: FloatArray) -> FloatArray:
    """1 - correlation for every pair of rows, each pair once; rounded, for copies of a sample to tie."""
    return squareform(1 - units @ units.T, checks=False).round(12)
