"""What it is worth to follow a metric: the truth of what it would have picked."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tbench.statistics.correlation import Array, orders, rounded

NOISE = 1e-12  # what gaps that are all the same may differ by, where the largest number is a half


@dataclass(frozen=True)
class Selection:
    """Of the k candidates with the highest scores: expected values where ties leave the choice open.

    regret: best truth - best truth among them. rel: the latter as a share of the former; None where that is not
    positive. recall: the probability that (one of) the best is among them.
    """

    regret: float
    rel: float | None
    recall: float


def selection(scores: ArrayLike, truth: ArrayLike, k: int) -> Selection | None:
    """Scores (n,) and truth (n,), larger is better. None for fewer than k candidates or a number that is not finite.

    Of candidates that tie for the last places each choice is as likely.
    """
    x, y = rounded(scores), rounded(truth)
    if k < 1 or x.shape != y.shape or x.ndim != 1:
        raise ValueError(f"{k} of scores {x.shape} and truth {y.shape} cannot be picked")
    if x.size < k or not (np.isfinite(x).all() and np.isfinite(y).all()):
        return None
    last = np.sort(x)[-k]
    sure, open_ = y[x > last], np.sort(y[x == last])
    places = k - sure.size
    floor = sure.max() if sure.size else -math.inf
    found = np.maximum(open_, floor)
    # the largest of `places` out of the tied is the one at place i if the others are among the i before it
    ways = np.array([math.comb(place, places - 1) / math.comb(open_.size, places) for place in range(open_.size)])
    best = float(y.max())
    reached = math.fsum(ways * found)
    return Selection(
        max(0.0, best - reached), reached / best if best > 0 else None, min(1.0, math.fsum(ways[found == best]))
    )


def fidelity(scores: ArrayLike, truth: ArrayLike) -> float | None:
    """Does a larger gap in score promise a larger gap in truth? Scores (n,) and truth (n,), larger is better.

    Pearson's correlation, over pairs of candidates, of the gap in score, which is positive, with the gap in truth the
    same way round. Pairs with equal scores promise nothing and are left out. None where it is not defined. For the
    question see Singh et al., How not to benchmark your SITE metric, ICLR 2026.
    """
    x, y = rounded(scores), rounded(truth)
    if x.shape != y.shape or x.ndim != 1:
        raise ValueError(f"scores {x.shape} and truth {y.shape} must be two vectors of one length")
    if not (orders(x) and orders(y)):
        return None
    order = np.argsort(x)
    first, second = np.triu_indices(x.size, 1)
    gaps, kept = (of[second] - of[first] for of in (_halved(x)[order], _halved(y)[order]))
    return _pearson(gaps[gaps > 0], kept[gaps > 0])


def _halved(values: Array) -> Array:
    """Within [-1/2, 1/2], so that no gap overflows and no square vanishes."""
    halved: Array = values / np.abs(values).max() / 2
    return halved


def _pearson(one: Array, other: Array) -> float | None:
    """None where either does not vary by more than rounding."""
    offsets = [values - values.mean() for values in (one, other)]
    if any(np.abs(offset).max() <= NOISE for offset in offsets):
        return None
    units = [offset / np.linalg.norm(offset) for offset in offsets]
    return float(np.clip(units[0] @ units[1], -1, 1))
