"""Which of several metrics can be told apart, across datasets and across candidates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from tbench.statistics.correlation import Array, Mean, agreement, rounded
from tbench.statistics.hierarchy import kendalls_w
from tbench.statistics.permutation import holm

ROPE = 0.02  # taus that differ by less are as good as equal
PRIOR = 0.5  # the weight of a dataset on which both are equal, beside 1 for each that there is
DRAWS = 10_000


@dataclass(frozen=True)
class Friedman:
    """ranks: the mean rank of each metric, 1 is best. statistic, p: chi-squared. f, f_p: after Iman and Davenport; f is
    infinite where all datasets rank alike. w: Kendall's, of datasets. datasets: how many know all metrics."""

    ranks: tuple[float, ...]
    statistic: float
    p: float
    f: float
    f_p: float
    w: float
    datasets: int


@dataclass(frozen=True)
class Posterior:
    """How probable it is that the first of two metrics is better, that they are as good as equal, that it is worse."""

    better: float
    equal: float
    worse: float


def friedman(table: ArrayLike) -> Friedman | None:
    """Table (datasets, metrics), larger is better; datasets that miss a metric are left out.

    As in Demšar, Statistical comparisons of classifiers over multiple data sets, JMLR 2006. None for fewer than two
    datasets or three metrics, or where all are tied.
    """
    values = _complete(table)
    datasets, metrics = values.shape
    w = kendalls_w(values)
    if datasets < 2 or metrics < 3 or w is None:
        return None
    ranks = stats.rankdata(-values, axis=1).mean(axis=0)
    found = stats.friedmanchisquare(*values.T)
    statistic, most = float(found.statistic), datasets * (metrics - 1)
    f = (datasets - 1) * statistic / (most - statistic) if most - statistic > 1e-9 * most else math.inf
    f_p = float(stats.f.sf(f, metrics - 1, (metrics - 1) * (datasets - 1)))
    return Friedman(tuple(ranks.tolist()), statistic, float(found.pvalue), f, f_p, w, datasets)


def critical_difference(metrics: int, datasets: int, level: float = 0.05) -> float:
    """By how much mean ranks must differ by Nemenyi's test (Demšar, JMLR 2006)."""
    if metrics < 2 or datasets < 1:
        raise ValueError(f"{metrics} metrics on {datasets} datasets cannot be compared")
    quantile = stats.studentized_range.ppf(1 - level, metrics, np.inf) / math.sqrt(2)
    return float(quantile * math.sqrt(metrics * (metrics + 1) / (6 * datasets)))


def wilcoxon_pairs(table: ArrayLike) -> Array:
    """Two-sided p of Wilcoxon's signed-rank test of each pair of metrics, Holm over all pairs: (metrics, metrics).

    Table (datasets, metrics); each pair over the datasets that know both. NaN on the diagonal and where there are none.
    Datasets without a difference are left out, as in the original; if none differs, p is 1.
    """
    values = rounded(table)
    metrics = values.shape[1]
    ps = np.full((metrics, metrics), np.nan)
    for one, other in combinations(range(metrics), 2):
        differences = _differences(values[:, one], values[:, other])
        if differences.size:
            some = differences[differences != 0]  # with zeros, SciPy goes through all signs, of them and of the others
            ps[one, other] = stats.wilcoxon(some).pvalue if some.size else 1.0
    corrected = holm(ps)
    found: Array = np.where(np.isfinite(corrected), corrected, corrected.T)
    return found


def signed_rank(first: ArrayLike, second: ArrayLike, seed: int, rope: float = ROPE, draws: int = DRAWS) -> Posterior:
    """The Bayesian signed-rank test of two metrics over datasets (n,) (Benavoli et al., A Bayesian Wilcoxon signed-rank
    test based on the Dirichlet process, ICML 2014; Time for a change, JMLR 2017).

    The posterior is a Dirichlet process: weights of the datasets, and of one more on which both are equal. A draw says
    "better" if the mean of two differences, drawn by these weights, is most often above the region of practical
    equivalence. Datasets that miss one of both are left out.
    """
    differences = np.append(0.0, _differences(rounded(first), rounded(second)))
    sums = (differences[:, None] + differences) / 2
    random = np.random.default_rng(seed)
    weights = random.dirichlet([PRIOR, *[1.0] * (differences.size - 1)], size=draws)
    regions = (sums > rope, np.abs(sums) <= rope, sums < -rope)
    mass = np.stack([((weights @ region) * weights).sum(axis=1) for region in regions], axis=1)
    most = mass >= mass.max(axis=1, keepdims=True) - 1e-12
    better, equal, worse = (most / most.sum(axis=1, keepdims=True)).mean(axis=0).tolist()
    return Posterior(better, equal, worse)


def differing(values: ArrayLike, scatter: ArrayLike) -> Array:
    """Two-sided p of the difference of each pair of metrics, Holm over all pairs: (metrics, metrics), NaN if unknown.

    values (metrics,); scatter (draws, metrics), how they vary together: each difference is held against the standard
    deviation of its own scatter, as a normal number.
    """
    of, around = np.asarray(values, dtype=np.float64), np.asarray(scatter, dtype=np.float64)
    sds = np.sqrt(np.maximum(_variances_of_differences(around), 0.0))
    gaps = np.abs(of[:, None] - of)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(gaps > 0, gaps / sds, 0.0)
    ps = 2 * stats.norm.sf(z)
    ps[np.tril_indices(of.size)] = np.nan
    corrected = holm(np.where(np.isfinite(gaps), ps, np.nan))
    found: Array = np.where(np.isfinite(corrected), corrected, corrected.T)
    return found


def rank_classes(values: Sequence[float], ps: ArrayLike, level: float = 0.05) -> tuple[int, ...]:
    """The class of each metric, 1 is best: all that cannot be told from the best of the class, p >= level.

    The best of what is left leads the next class, and what ranks below it cannot be in the one before. Within a class
    there is no order; neighbours of different classes may still not be told apart, since each is compared with its
    leader alone. Values (metrics,), ps (metrics, metrics).
    """
    apart = np.asarray(ps) < level
    classes = [0] * len(values)
    waiting = sorted(range(len(values)), key=lambda place: -values[place])
    number = 0
    while waiting:
        number += 1
        leader, *rest = waiting
        waiting = []
        classes[leader] = number
        for place in rest:
            if apart[leader, place] or (waiting and values[place] < values[waiting[0]]):
                waiting.append(place)
            else:
                classes[place] = number
    return tuple(classes)


def setup_stability(tables: ArrayLike) -> Mean:
    """The mean Kendall tau-b between the orders in which pairs of set-ups put the metrics: (set-ups, metrics).

    Agostinelli et al., How stable are transferability metrics evaluations?, ECCV 2022. Each pair over the metrics that
    both know; pairs without an order are counted, and not in the mean.
    """
    setups = np.asarray(tables, dtype=np.float64)
    taus = []
    for one, other in combinations(setups, 2):
        known = np.isfinite(one) & np.isfinite(other)
        taus.append(agreement(one[known], other[known]).tau)
    return Mean.of(taus)


def _complete(table: ArrayLike) -> Array:
    values = rounded(table)
    complete: Array = values[np.isfinite(values).all(axis=1)]
    return complete


def _differences(one: Array, other: Array) -> Array:
    both = np.isfinite(one) & np.isfinite(other)
    return rounded(one[both] - other[both])


def _variances_of_differences(scatter: Array) -> NDArray[np.float64]:
    """(metrics, metrics), over the draws in which both are defined."""
    known = np.isfinite(scatter)
    filled = np.where(known, scatter, 0.0)
    both = known.T.astype(np.float64) @ known
    squares = (filled**2).T @ known
    sums = filled.T @ known
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_square = (squares + squares.T - 2 * filled.T @ filled) / both
        variances = np.where(both > 1, (mean_square - ((sums - sums.T) / both) ** 2) * both / (both - 1), np.nan)
    return variances
