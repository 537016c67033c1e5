"""How well scores rank candidates as the truth does."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg, stats

Array = NDArray[np.float64]
"""Numbers of any shape; NaN where one is not known."""

DIGITS = 10  # significant digits that take part in a ranking: the last bit of a float must not decide it
BLOCK = 1 << 21  # pairs that are compared at once


@dataclass(frozen=True)
class Agreement:
    """Of scores with the truth, each in [-1, 1]; None where it is not defined.

    tau_w: weighted Kendall tau (Vigna, A weighted correlation index for rankings with ties, WWW 2015), additive
    hyperbolic weights, ranked by either variable and averaged. tau: Kendall's tau-b. All three measures of order
    leave tied pairs out of the norm.
    """

    tau_w: float | None = None
    tau: float | None = None
    pearson: float | None = None
    spearman: float | None = None


@dataclass(frozen=True)
class Mean:
    """The mean of those values that are defined, how many these are, and of how many."""

    value: float | None
    count: int
    total: int

    @classmethod
    def of(cls, values: Iterable[float | None]) -> Mean:
        everything = list(values)
        defined = [value for value in everything if value is not None]
        return cls(math.fsum(defined) / len(defined) if defined else None, len(defined), len(everything))


def agreement(scores: ArrayLike, truth: ArrayLike) -> Agreement:
    """Scores (n,) against truth (n,), larger is better in both.

    Nothing is defined for fewer than two candidates, for a constant score or truth, or if any number is not finite.
    Both are rounded to ten significant digits first.
    """
    x, y = rounded(scores), rounded(truth)
    if x.shape != y.shape or x.ndim != 1:
        raise ValueError(f"scores {x.shape} and truth {y.shape} must be two vectors of one length")
    if not (orders(x) and orders(y)):
        return Agreement()
    ranks = stats.rankdata(x), stats.rankdata(y)  # sums of the largest floats overflow
    return Agreement(
        tau_w=_defined(stats.weightedtau(*ranks).statistic),
        tau=_defined(stats.kendalltau(*ranks, variant="b").statistic),
        pearson=_defined(stats.pearsonr(_unit(x), _unit(y)).statistic),
        spearman=_defined(stats.spearmanr(*ranks).statistic),
    )


def agreements(scores: ArrayLike, truth: ArrayLike) -> list[Agreement]:
    """The same for each row of scores (rows, n), many at once."""
    x, y = rounded(scores), rounded(truth)
    found = [Agreement()] * len(x)
    ordering = np.isfinite(x).all(axis=1) & (x != x[:, :1]).any(axis=1)
    if not (orders(y) and ordering.any()):
        return found
    rows = x[ordering]
    ranks, of_truth = stats.rankdata(rows, axis=1), stats.rankdata(y)
    measures = zip(*_taus(ranks, of_truth), _correlations(rows, y), _correlations(ranks, of_truth), strict=True)
    for place, several in zip(np.flatnonzero(ordering).tolist(), measures, strict=True):
        found[place] = Agreement(*map(_defined, several))
    return found


def tau_by_truth(scores: ArrayLike, truth: ArrayLike) -> float | None:
    """The weighted tau of scores (n,) with truth (n,) whose weights are ranked by the truth alone, ties by the scores.

    Not symmetric, unlike that of `agreement`. None under the same conditions.
    """
    x, y = rounded(scores), rounded(truth)
    if not (orders(x) and orders(y)):
        return None
    x, y = stats.rankdata(x), stats.rankdata(y)
    return _defined(stats.weightedtau(y, x, rank=_ranks_from_top(y[None], x[None])[0]).statistic)


def between_seeds(truths: ArrayLike) -> Agreement:
    """Means over the pairs of seeds of how the truths of two seeds agree; truths (seeds, candidates).

    Its tau_w is the noise ceiling: what a metric would reach that knew one seed and were held against another.
    """
    pairs = [agreement(one, other) for one, other in combinations(np.asarray(truths, dtype=np.float64), 2)]
    return Agreement(*(Mean.of(getattr(pair, field.name) for pair in pairs).value for field in fields(Agreement)))


def row_means(values: ArrayLike) -> Array:
    """The mean of each row of values (rows, columns), where NaN is missing, as if all were there: (rows,).

    Gaps are what rows and columns add up to, fitted by least squares to what is known. Each row must know a value.
    """
    table = np.asarray(values, dtype=np.float64)
    if np.isfinite(table).all():
        means: Array = table.mean(axis=1)
        return means
    rows, columns = np.nonzero(np.isfinite(table))
    design = np.zeros((len(rows), sum(table.shape)))
    design[np.arange(len(rows)), rows] = 1
    design[np.arange(len(rows)), table.shape[0] + columns] = 1
    effects = linalg.lstsq(design, table[rows, columns])[0]
    of_rows, of_columns = np.split(effects, [table.shape[0]])
    fitted: Array = of_rows + of_columns.mean()
    return fitted


def weighted_taus(scores: ArrayLike, truth: ArrayLike) -> Array:
    """The weighted tau of each row of scores (rows, n) with the truth (n,): SciPy's, many at once. NaN where undefined.

    With r the rank and w = 1 / (1 + r), the weight of a pair (i, j) is w_i + w_j; by symmetry it is enough to sum w_i.
    """
    return _taus(np.atleast_2d(np.asarray(scores, dtype=np.float64)), np.asarray(truth, dtype=np.float64))[0]


def orders(values: ArrayLike) -> bool:
    """Do these numbers order anything? Two of them at least, all finite, not all equal in ten significant digits."""
    array = rounded(values)
    return bool(array.size >= 2 and np.isfinite(array).all() and (array != array[0]).any())


def rounded(values: ArrayLike) -> Array:
    """To ten significant digits."""
    array = np.asarray(values, dtype=np.float64)
    values = array.ravel().tolist()
    texts = f"%.{DIGITS - 1}e " * len(values) % tuple(values)
    return np.array([*map(float, texts.split())], dtype=np.float64).reshape(array.shape)


def _taus(x: Array, y: Array) -> tuple[Array, Array]:
    """Weighted and plain (tau-b), of each row of x with y."""
    rows = max(1, BLOCK // max(1, y.size**2))
    blocks = [_block_of_taus(x[start : start + rows], y) for start in range(0, len(x), rows)]
    weighted, plain = zip(*blocks, strict=True)
    return np.concatenate(weighted), np.concatenate(plain)


def _block_of_taus(x: Array, y: Array) -> tuple[Array, Array]:
    signs_x = np.sign(x[:, :, None] - x[:, None, :])
    signs_y = np.sign(y[:, None] - y[None, :])
    agree = np.einsum("rij,ij->ri", signs_x, signs_y)
    untied_x = np.abs(signs_x).sum(axis=2)
    untied_y = np.abs(signs_y).sum(axis=1)
    several_y = np.broadcast_to(y, x.shape)
    halves = []
    for weights in (1.0 / (1.0 + _ranks_from_top(x, several_y)), 1.0 / (1.0 + _ranks_from_top(several_y, x))):
        with np.errstate(invalid="ignore"):
            norm = np.sqrt((weights * untied_x).sum(axis=1)) * np.sqrt((weights * untied_y).sum(axis=1))
            halves.append((weights * agree).sum(axis=1) / norm)
    with np.errstate(invalid="ignore"):
        plain = agree.sum(axis=1) / np.sqrt(untied_x.sum(axis=1)) / np.sqrt(untied_y.sum())
    return np.mean(halves, axis=0), np.clip(plain, -1, 1)


def _correlations(x: Array, y: Array) -> Array:
    """Pearson's, of each row of x with y."""
    rows = np.array([_unit(row) for row in x])
    rows -= rows.mean(axis=1, keepdims=True)
    other = _unit(y) - _unit(y).mean()
    found: Array = np.clip(rows @ other / np.linalg.norm(rows, axis=1) / np.linalg.norm(other), -1, 1)
    return found


def _ranks_from_top(first: Array, second: Array) -> NDArray[np.intp]:
    """0 for the largest of each row by `first`, ties by `second`."""
    order = np.argsort(second, axis=1, kind="stable")
    order = np.take_along_axis(order, np.argsort(np.take_along_axis(first, order, 1), axis=1, kind="stable"), 1)
    ranks = np.empty(first.shape, dtype=np.intp)
    np.put_along_axis(ranks, order[:, ::-1], np.broadcast_to(np.arange(first.shape[1]), first.shape), axis=1)
    return ranks


def _unit(values: Array) -> Array:
    """Within [-1, 1], so that no square overflows or vanishes."""
    scaled = values / np.abs(values).max()
    centred = scaled - scaled.mean()
    unit: Array = centred / np.abs(centred).max()
    return unit


def _defined(value: Any) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None
