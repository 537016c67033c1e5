"""Scores that depend on who else is in the pool: sums of parts that are scaled over the pool."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tbench.statistics.correlation import Array


@dataclass(frozen=True, eq=False)
class Scaled:
    """parts (datasets, repeats, n, parts), NaN where a candidate has none; weights (parts,)."""

    parts: Array
    weights: Array


def scaled_scores(parts: ArrayLike, weights: ArrayLike, members: ArrayLike) -> Array:
    """In each pool, of parts (n, parts): their weighted sum, each scaled to [0, 1] over the members (draws, n).

    (draws, n), NaN for who has not all parts, for who is no member, and where no part tells members apart; of a part in
    which they all agree nothing is counted.
    """
    values, inside = np.asarray(parts, dtype=np.float64), np.asarray(members, dtype=bool)
    inside = inside & np.isfinite(values).all(axis=1)
    within = np.where(inside[:, :, None], values, np.nan)
    lowest = np.where(inside[:, :, None], values, np.inf).min(axis=1, keepdims=True)
    spread = np.where(inside[:, :, None], values, -np.inf).max(axis=1, keepdims=True) - lowest
    shares = np.where(spread > 0, (within - lowest) / np.where(spread > 0, spread, 1.0), 0.0)
    told = inside & (spread > 0).any(axis=2)
    scores: Array = np.where(told, shares @ np.asarray(weights, dtype=np.float64), np.nan)
    return scores
