"""What it is worth to follow a metric: the truth of what it would have picked."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tbench.statistics.correlation import Agreement, agreement, rounded


@dataclass(frozen=True)
class Selection:
    """Of the k candidates with the highest scores: expected values where ties leave the choice open.

    regret: best truth - best truth among them. rel: the latter as a share of the former; None where that is not
    positive. recall: the probability that (one of) the best is among them.
    """

    regret: float
    rel: float | None
    recall: float


@dataclass(frozen=True)
class Fidelity:
    """Does a larger gap in score promise a larger gap in truth? Over pairs of candidates; None where not defined."""

    pearson: float | None
    spearman: float | None


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


def fidelity(scores: ArrayLike, truth: ArrayLike) -> Fidelity:
    """Correlations over pairs of the gap in score, which is positive, with the gap in truth the same way round.

    Pairs with equal scores promise nothing and are left out. For the question see Singh et al., How not to benchmark
    your SITE metric, ICLR 2026.
    """
    x, y = rounded(scores), rounded(truth)
    if agreement(x, y) == Agreement():
        return Fidelity(None, None)
    first, second = np.triu_indices(x.size, 1)
    gaps = x[first] / 2 - x[second] / 2  # halves, so that the largest floats have a gap
    promised, kept = np.abs(gaps), np.sign(gaps) * (y[first] / 2 - y[second] / 2)
    measures = agreement(promised[promised > 0], kept[promised > 0])
    return Fidelity(measures.pearson, measures.spearman)
