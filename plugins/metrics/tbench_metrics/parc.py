"""PARC: Bolya, Mittapalli, Hoffman, Scalable diverse model selection for accessible transfer learning, NeurIPS 2021."""

from __future__ import annotations

import warnings
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tbench.api import Inapplicable, ScoreWarning, UsageError, class_labels, evidence, published

if TYPE_CHECKING:
    from tbench.api import FloatArray, IntArray, Spectrum

ROUNDING = 1e-12  # below this, relative to values of order 1, differences are rounding noise
LEVEL_BITS = 21  # of a pair's 63 bits: the others hold its feature dissimilarity, at most 2 / ROUNDING
BLOCK, CHUNK = 256, 2**20  # rows whose pairs are written, and pairs that are ranked, at a time


@published("class-default", dims=None)
@published("nlp-cosine", dims=None, distance="cosine")
@published("nlp-euclidean", dims=None, distance="euclidean")
@published("nlp-dot", dims=None, distance="dot")
@evidence(spares=lambda settings: ["spectrum"] if settings["dims"] is None else [])
def parc(
    features: FloatArray,
    labels: NDArray[Any],
    spectrum: Spectrum | None,
    *,
    dims: int | None = 32,
    distance: str = "correlation",
    samples: int = 5000,
) -> float:
    """Spearman correlation, times 100, of feature dissimilarity and label dissimilarity over all pairs of samples.

    features (N, D), labels (N,) classes or (N, L) multi-label 0/1. Dissimilarity is 1 - Pearson correlation of two
    rows, of the standardised features and of the one-hot (or multi-label) labels. In [-100, 100]. Samples whose feature
    row or label row is constant have no correlation and are left out.

    Equal dissimilarities tie, to 12 digits. The published code computes those of the labels in floating point, where
    they come out equal only if the number of classes is a power of two; otherwise rounding orders them, so that its
    values depend on the order of the samples and on the machine, and are not to be had again.

    dims: keep so many principal components, exactly (dbolya/parc takes a randomised PCA with a fixed seed); none keeps
        the features as they are. 32 is the paper's headline setting and that of SFDA and PED.
    distance: correlation, or cosine, euclidean or dot (minus the inner product), of the same standardised features and
        one-hot labels, as in Ba1Jun/model-selection-nlp. All rows have a euclidean and a dot dissimilarity, and all but
        those of zeros a cosine.
    samples: take at most so many samples, evenly spaced in class order, as memory grows with their square. The method
        was made for about 500; SFDA and PED cut at 15000.

    as=class-default follows dbolya/parc where nothing is asked for, as=nlp-... Ba1Jun/model-selection-nlp; neither
    limits the samples.
    """
    if (dims is not None and dims < 2) or samples < 2:
        raise UsageError(f"parc: dims (or none) and samples must be at least 2, not {dims} and {samples}")
    if distance not in ("correlation", "cosine", "euclidean", "dot"):
        raise UsageError(f"parc: unknown distance {distance!r}; it is correlation, cosine, euclidean or dot")
    multi_label = labels.ndim == 2 and labels.dtype.kind in "iu"
    if not multi_label and class_labels(labels).max() == 0:
        raise Inapplicable("one class")
    rows = np.asarray(features, dtype=np.float64)
    if dims is not None:
        assert spectrum is not None  # spared only where dims is none
        rows = _components(rows, spectrum, dims)
    if len(rows) > samples:
        warnings.warn(f"parc: {samples} of {len(rows)} samples taken", ScoreWarning, stacklevel=2)
        order = np.arange(len(rows)) if multi_label else np.argsort(labels, kind="stable")
        chosen = np.sort(order[np.linspace(0, len(rows) - 1, samples).astype(np.int64)])
        rows, labels = rows[chosen], labels[chosen]

    rows = _standardised(rows)
    if not rows.any():
        raise Inapplicable("the features are the same for all samples")
    vectors, offsets, defined = _parts(rows, distance)
    kind, levels, known = _label_levels(labels, distance)
    defined &= known[kind]
    if not defined.all():
        what = "constant" if distance == "correlation" else "zero"
        message = f"parc: {(~defined).sum()} samples with a {what} feature or label row left out"
        warnings.warn(message, ScoreWarning, stacklevel=2)
    if defined.sum() < 2:
        raise Inapplicable(f"no {distance} between samples is defined; are there fewer than two feature columns?")
    bits = int(levels.max()).bit_length()
    if bits > LEVEL_BITS:
        raise Inapplicable(f"more than {2**LEVEL_BITS} different label dissimilarities")
    return 100 * _spearman(_pairs(vectors[defined], offsets[defined], kind[defined], levels, bits), bits)


def _label_levels(labels: NDArray[Any], distance: str) -> tuple[IntArray, NDArray[Any], NDArray[np.bool_]]:
    """The kind of label row of each sample (N,), and of any two of the G kinds the rank (G, G), from 0 upwards, of
    their dissimilarity; last, whether a kind has one (G,)."""
    if labels.ndim == 1:
        classes = int(labels.max()) + 1
        return labels, 1 - np.eye(classes, dtype=np.int64), np.ones(classes, dtype=bool)
    kinds, kind = np.unique(labels, axis=0, return_inverse=True)
    vectors, offsets, known = _parts(kinds.astype(np.float64), distance)
    everything = slice(None)
    blocks = [slice(start, start + BLOCK) for start in range(0, len(kinds), BLOCK)]
    values = reduce(np.union1d, (_apart(vectors, offsets, rows, everything) for rows in blocks), np.empty(0, np.int64))
    ranks = np.cumsum(np.diff(values, prepend=values[0]) > 1)  # one unit apart is still rounding
    levels = np.empty((len(kinds), len(kinds)), dtype=np.int32)
    for rows in blocks:
        levels[rows] = ranks[np.searchsorted(values, _apart(vectors, offsets, rows, everything))]
    return kind, levels, known


def _parts(rows: FloatArray, distance: str) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
    """u (n, D) and b (n,) such that b_i + b_j - u_i u_j, in [0, 2], is (a multiple of) the dissimilarity of two rows.

    Last, whether a row has any: a correlation needs a row that is not constant, a cosine one that is not zero.
    """
    if distance == "correlation":
        rows = rows - rows.mean(axis=1, keepdims=True)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    sound = length > ROUNDING
    bounded = distance in ("correlation", "cosine")
    units = np.divide(rows, length if bounded else length.max(), out=np.zeros_like(rows), where=sound)
    offsets = np.full(len(rows), 0.5) if distance != "euclidean" else np.einsum("nd,nd->n", units, units) / 2
    return units, offsets, sound[:, 0] if bounded else np.ones(len(rows), dtype=bool)


def _apart(vectors: FloatArray, offsets: FloatArray, rows: slice, others: slice) -> IntArray:
    """Dissimilarities of some rows with others, as whole numbers of 1e-12, for equals to tie."""
    apart = offsets[rows, None] + offsets[others] - vectors[rows] @ vectors[others].T
    whole: IntArray = np.rint(apart.clip(min=0) / ROUNDING).astype(np.int64)
    return whole


def _pairs(vectors: FloatArray, offsets: FloatArray, kind: IntArray, levels: NDArray[Any], bits: int) -> IntArray:
    """Of every pair of samples one number, its label level in the last bits, feature dissimilarity before; sorted.

    So a single array of N(N-1)/2 holds all there is to rank.
    """
    count, filled = len(vectors), 0
    pairs = np.empty(count * (count - 1) // 2, dtype=np.int64)
    for start in range(0, count, BLOCK):
        rows, later = slice(start, start + BLOCK), slice(start, None)
        block = (_apart(vectors, offsets, rows, later) << bits) | levels[kind[rows]][:, kind[later]]
        new = block[np.tri(*block.shape) == 0]
        pairs[filled : filled + len(new)] = new
        filled += len(new)
    pairs.sort()
    return pairs


def _spearman(pairs: IntArray, bits: int) -> float:
    """Correlation of the midranks of feature dissimilarities and of label levels."""
    count = len(pairs)
    counts, sums, ties = np.zeros(1 << bits), np.zeros(1 << bits), 0.0  # sums: of midranks, in each label level
    start = 0
    while start < count:
        last = pairs[min(start + CHUNK, count) - 1] >> bits
        stop = int(np.searchsorted(pairs, (last + 1) << bits))  # equals stay together
        apart, level = pairs[start:stop] >> bits, pairs[start:stop] & ((1 << bits) - 1)
        firsts = np.flatnonzero(np.diff(apart, prepend=-1))
        sizes = np.diff(firsts, append=len(apart))
        midranks = np.repeat(start + firsts + (sizes + 1) / 2, sizes)
        counts += np.bincount(level, minlength=len(counts))
        sums += np.bincount(level, weights=midranks, minlength=len(sums))
        ties += _excess(sizes)
        start = stop
    label_midranks = np.cumsum(counts) - (counts - 1) / 2
    whole = _excess(np.array([count]))
    spread = (whole - ties) * (whole - _excess(counts)) / 144
    if spread <= 0:
        raise Inapplicable("all pairs of samples are equally far apart, in features or in labels")
    middle = (count + 1) / 2
    return float((label_midranks - middle) @ (sums - counts * middle) / np.sqrt(spread))


def _excess(sizes: NDArray[Any]) -> float:
    """How much ties of these sizes take from 12 times the sum of squared rank deviations."""
    sizes = sizes.astype(np.float64)
    return float((sizes**3 - sizes).sum())


def _components(rows: FloatArray, spectrum: Spectrum, dims: int) -> FloatArray:
    """The rows along the principal axes that are above rounding noise, at most dims of them.

    The score sees the axes' signs: the largest entry of each is positive, which is scikit-learn's convention too.
    """
    mean = rows.mean(axis=0)
    if spectrum.values[0] <= len(rows) * ROUNDING**2 * (mean @ mean):
        raise Inapplicable("the features are the same for all samples")
    vectors = spectrum.vectors[:, : min(dims, int(spectrum.sound(len(rows)).sum()))]
    largest = np.take_along_axis(vectors, np.abs(vectors).argmax(axis=0)[None], axis=0)
    return np.asarray((rows - mean) @ (vectors * np.sign(largest)))


def _standardised(rows: FloatArray) -> FloatArray:
    """Columns of mean 0 and variance 1 (ddof 0); constant columns become 0."""
    centred = rows - rows.mean(axis=0)
    deviation = np.sqrt((centred**2).mean(axis=0))
    varies = deviation > ROUNDING * np.abs(rows).max(axis=0)
    standard: FloatArray = np.divide(centred, deviation, out=np.zeros_like(centred), where=varies)
    return standard
