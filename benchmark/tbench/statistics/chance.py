"""How well chance ranks candidates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tbench.statistics.correlation import Array, orders, rounded, weighted_taus

ROWS = 1 << 10  # random rankings that are compared at once


@dataclass(frozen=True)
class Null:
    """What random rankings reach: a quantile and the standard deviation of their mean weighted tau."""

    quantile: float
    sd: float


def null_quantile(truths: Sequence[ArrayLike], draws: int, seed: int, level: float = 0.95) -> Null | None:
    """Of the mean over datasets of the weighted tau between a random ranking and each dataset's truth (candidates,).

    Datasets whose truth ranks nothing are passed over; None if none is left.
    """
    means = null_means(truths, draws, seed)
    return Null(float(np.quantile(means, level)), float(np.std(means, ddof=1))) if means.size else None


def null_means(truths: Sequence[ArrayLike], draws: int, seed: int) -> Array:
    """The same means themselves, one for each draw; empty if none is left."""
    random = np.random.default_rng(seed)
    rankable = [truth for truth in map(rounded, truths) if orders(truth)]
    taus = [_taus_of_random(random.random((draws, truth.size)), truth) for truth in rankable]
    means: Array = np.mean(taus, axis=0) if taus else np.empty(0)
    return means


def _taus_of_random(x: Array, y: Array) -> Array:
    """Weighted taus where no two scores of a row are equal, as is the case of random numbers.

    If the truth has no ties either, all follows from how many candidates that the truth puts below one (above it) have
    a smaller (larger) score: ranks by either, and a norm that is the same for every row.
    """
    if len(np.unique(y)) < y.size:
        return weighted_taus(x, y)
    best_first = np.ascontiguousarray(x[:, np.argsort(-y)].T)
    blocks = [_untied_taus(best_first[:, start : start + ROWS]) for start in range(0, len(x), ROWS)]
    return np.concatenate(blocks)


def _untied_taus(x: Array) -> Array:
    """Of scores (n, rows) of candidates in the order of the truth, best first."""
    n = len(x)
    below, above = np.zeros(x.shape, dtype=np.int16), np.zeros(x.shape, dtype=np.int16)
    for place in range(n):
        larger = x[place] > x[place + 1 :]
        below[place] = larger.sum(axis=0, dtype=np.int16)
        above[place + 1 :] += larger
    places = np.arange(n)[:, None]
    agree = 2.0 * (below + above) - (n - 1)
    by_score = 1.0 / (1.0 + np.arange(n))[above + (n - 1 - places) - below]
    taus: Array = ((by_score + 1.0 / (1.0 + places)) * agree).sum(axis=0) / (2 * (n - 1) * by_score[:, 0].sum())
    return taus
