"""What a pool's truths have in common: where one list fits all datasets, a metric has nothing to tell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from tbench.statistics.correlation import Array, orders, rounded
from tbench.statistics.study import mean_known

TRIVIAL = 0.8  # the W beyond which a pool says little without the floor that knows the other datasets


@dataclass(frozen=True)
class Concordance:
    """w: Kendall's, None where it is not defined. won: the largest share of datasets on which one candidate is best.

    winner: its place. candidates, datasets: behind w. head_room: the mean over datasets of 1 - the best truth.
    """

    w: float | None
    won: float
    winner: int
    candidates: int
    datasets: int
    head_room: float

    @property
    def trivial(self) -> bool:
        return self.w is not None and self.w > TRIVIAL


def concordance(truth: ArrayLike) -> Concordance:
    """Of truth (datasets, n) as shares, NaN where unknown; datasets whose truth orders nothing are passed over.

    ValueError if none is left. Candidates that tie for the best have all won.
    """
    values = rounded(truth)
    values = values[[orders(row[np.isfinite(row)]) for row in values]]
    if not len(values):
        raise ValueError("no dataset orders any candidates")
    whole = np.isfinite(values).all(axis=0)
    best = np.nanmax(values, axis=1)
    wins = (values == best[:, None]).sum(axis=0)
    return Concordance(
        kendalls_w(values[:, whole]),
        float(wins.max() / len(values)),
        int(wins.argmax()),
        int(whole.sum()),
        len(values),
        float(np.mean(1 - best)),
    )


def kendalls_w(table: ArrayLike) -> float | None:
    """The agreement of judges, table (judges, objects), in [0, 1], corrected for ties.

    Kendall and Babington Smith, The problem of m rankings, Annals of Mathematical Statistics 1939. None for one judge,
    one object or nothing but ties.
    """
    values = rounded(table)
    judges, objects = values.shape
    if judges < 2 or objects < 2:
        return None
    ranks = stats.rankdata(values, axis=1)
    sums = ranks.sum(axis=0)
    spread = ((sums - sums.mean()) ** 2).sum()
    most = judges**2 * (objects**3 - objects) - judges * sum(_ties(row) for row in ranks)
    return float(12 * spread / most) if most > 0 else None


def ranks_elsewhere(truth: ArrayLike) -> Array:
    """The floor that knows the truths of all other datasets: (datasets, n) from truth (datasets, n), NaN if unknown.

    The mean over the others of the share of candidates that one leaves behind or equals there.
    """
    values = rounded(truth)
    shares = np.full(values.shape, np.nan)
    for row, found in zip(values, shares, strict=True):
        known = np.isfinite(row)
        found[known] = stats.rankdata(row[known]) / max(1, known.sum())
    others = ~np.eye(len(values), dtype=bool)
    return np.stack([mean_known(shares[rest], axis=0) for rest in others]) if len(values) else shares


def _ties(ranks: NDArray[np.float64]) -> int:
    counts = np.unique(ranks, return_counts=True)[1]
    return int((counts**3 - counts).sum())
