"""Weighted taus of many metrics at once, over many draws of candidates, of truths, or of both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tbench.statistics.correlation import Array, rounded

BLOCK = 1 << 23  # comparisons of a candidate with all others, over metrics and draws, that are held at once

MOST = 1 << 20  # candidates

Counts = NDArray[np.float32]  # of candidates: exact up to 2 ** 24


@dataclass(frozen=True)
class _Columns:
    """Of metrics that score the same candidates: larger, same (n, n, metrics), [i, j] for j against i; tied metrics."""

    larger: Counts
    same: Counts
    tied: NDArray[np.intp]


def drawn_taus(scores: ArrayLike, truths: ArrayLike, members: ArrayLike | None = None) -> Array:
    """The weighted tau of each metric in each draw: (draws, metrics), NaN where it is not defined.

    scores (metrics, n), NaN where a metric says nothing. truths (draws, n), or (n,) for the same in each draw, NaN
    where unknown. members (draws, n): the candidates that take part; all of them if it is left out.

    The measure is that of `agreement`: numbers are rounded to ten significant digits, and candidates without score or
    truth are no part of the pool. Of a pair that both sides tie, either may be ranked first: the value is the same.
    """
    if np.shape(scores)[-1] >= MOST:
        raise ValueError(f"{np.shape(scores)[-1]} candidates are too many to compare each with each")
    x, y = rounded(np.atleast_2d(np.asarray(scores, dtype=np.float64))), rounded(truths)
    draws = max(len(np.atleast_2d(y)), 1 if members is None else len(np.asarray(members)))
    y = np.broadcast_to(y, (draws, x.shape[1]))
    present = np.isfinite(y) & np.broadcast_to(True if members is None else np.asarray(members, dtype=bool), y.shape)
    found = np.full((draws, len(x)), np.nan)
    known = np.isfinite(x)
    for pattern in np.unique(known, axis=0):
        if pattern.sum() < 2:
            continue
        alike = np.flatnonzero((known == pattern).all(axis=1))
        columns = _columns(x[np.ix_(alike, pattern)])
        step = max(1, BLOCK // (int(pattern.sum()) * (int(pattern.sum()) + 3 * len(alike))))
        for start in range(0, draws, step):
            rows = slice(start, start + step)
            taus = _block(columns, y[rows][:, pattern], present[rows][:, pattern])
            found[rows, alike] = taus
    return found


def _columns(x: Array) -> _Columns:
    mine, others = x.T[:, None, :], x.T[None, :, :]
    same = (mine == others) & ~np.eye(x.shape[1], dtype=bool)[:, :, None]
    return _Columns((others > mine).astype(np.float32), same.astype(np.float32), np.flatnonzero(same.any(axis=(0, 1))))


def _block(columns: _Columns, y: Array, present: NDArray[np.bool_]) -> Array:
    """Counts are products of matrices, one for each candidate: those that take part in a draw by what metrics say."""
    n = y.shape[1]
    mine, others = y.T[:, :, None], y[None, :, :]
    there = present.astype(np.float32)
    above = ((others > mine) & present[None]).astype(np.float32)  # (n, draws, n)
    below = ((others < mine) & present[None]).astype(np.float32)
    level = there[None] - above - below
    level[np.arange(n), :, np.arange(n)] = 0
    earlier = np.tril(np.ones((n, n), dtype=np.float32), -1)

    larger = columns.larger
    smaller = 1 - larger - columns.same
    smaller[np.arange(n), np.arange(n)] = 0
    agree = (above - below) @ (larger - smaller)  # (n, draws, metrics)
    by_score = there[None] @ larger
    others_present = (there.sum(axis=1)[:, None] - there).T
    untied_x = np.broadcast_to(others_present[:, :, None], agree.shape)
    untied_y = above.sum(axis=2) + below.sum(axis=2)
    if columns.tied.size:
        same = columns.same[:, :, columns.tied]
        by_score[:, :, columns.tied] += above @ same + level @ (same * earlier[:, :, None])
        untied_x = untied_x.copy()
        untied_x[:, :, columns.tied] -= there[None] @ same
    by_truth = above.sum(axis=2)[:, :, None]
    if level.any():
        by_truth = by_truth + level @ larger + level @ (columns.same * earlier[:, :, None])
    return _mean_of_both(_weights(by_score), _weights(by_truth), agree, untied_x, untied_y, present)


def _weights(ranks: Counts) -> Array:
    of_rank: Array = 1.0 / (1.0 + np.arange(len(ranks) + 1, dtype=np.float64))
    return of_rank[ranks.astype(np.int32)]


def _mean_of_both(
    by_score: Array, by_truth: Array, agree: Counts, untied_x: Counts, untied_y: Counts, present: NDArray[np.bool_]
) -> Array:
    """(draws, metrics): half the ratio of the sums under either order of importance."""
    member = present.T[:, :, None]
    halves = []
    for weights in (by_score, by_truth):
        held = np.where(member, weights, 0.0)
        agreed = np.einsum("nbm,nbm->bm", np.broadcast_to(held, agree.shape), agree)
        of_x = np.einsum("nbm,nbm->bm", np.broadcast_to(held, agree.shape), untied_x)
        of_y = np.einsum("nbm,nb->bm", np.broadcast_to(held, agree.shape), untied_y)
        with np.errstate(invalid="ignore", divide="ignore"):
            halves.append(np.where((of_x > 0) & (of_y > 0), agreed / np.sqrt(of_x * of_y), np.nan))
    taus: Array = np.clip((halves[0] + halves[1]) / 2, -1, 1)
    return taus
