"""Could the agreement be chance? Permutation of the candidates, and Holm's correction for many questions at once."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from math import factorial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tbench.statistics.correlation import Array
from tbench.statistics.study import Study, mean_known

EXACT = 8  # candidates of which all permutations are tried
DRAWS = 10_000
ROUNDING = 1e-9  # two orders that are the same may differ so much in their tau


@dataclass(frozen=True, eq=False)
class Permutation:
    """One-sided p of each metric on each dataset, cells (datasets, metrics), and of its mean, means (metrics,).

    NaN where the tau is not defined. exact: by all `draws` permutations; otherwise by that many random ones, and the
    smallest possible p is 1 / (1 + draws).
    """

    cells: Array
    means: Array
    draws: int
    exact: bool


def permutation_test(study: Study, seed: int, draws: int = DRAWS) -> Permutation:
    """How often shuffled candidates agree as well with the truth as those that were scored.

    Each draw gives the truths of one candidate, on all datasets, to another. So what datasets have in common stays: an
    order that knows nothing but fits one of eleven similar datasets by luck fits all, and its mean is no better
    evidence than one of them. Orders drawn for each dataset on its own would take it for eleven.
    """
    orders = shuffles(study.candidates, seed, draws)
    null = study.cells(study.truth[:, orders])
    exact = study.candidates <= EXACT
    observed = study.cells()[0]
    return Permutation(
        _share(observed, null, exact),
        _share(mean_known(observed, axis=0), mean_known(null, axis=1), exact),
        len(orders),
        exact,
    )


def shuffles(n: int, seed: int, draws: int = DRAWS) -> NDArray[np.intp]:
    """(rows, n): every order of n candidates up to eight, that many random ones beyond."""
    if n <= EXACT:
        return np.array([*permutations(range(n))], dtype=np.intp).reshape(factorial(n), n)
    random = np.random.default_rng(seed)
    return random.permuted(np.broadcast_to(np.arange(n), (draws, n)), axis=1)


def holm(ps: ArrayLike) -> Array:
    """p values of any shape, corrected for there being so many; NaN asks no question.

    Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 1979.
    """
    values = np.asarray(ps, dtype=np.float64)
    corrected = np.full(values.shape, np.nan)
    asked = np.isfinite(values)
    several = values[asked]
    order = np.argsort(several, kind="stable")
    stepped = np.maximum.accumulate(several[order] * np.arange(several.size, 0, -1))
    adjusted = np.empty_like(several)
    adjusted[order] = np.minimum(stepped, 1.0)
    corrected[asked] = adjusted
    return corrected


def _share(observed: Array, null: Array, exact: bool) -> Array:
    """Of draws that reach what was observed; what was observed is one of them unless all were tried."""
    reached = (null >= observed - ROUNDING).sum(axis=0)
    share = reached / len(null) if exact else (1 + reached) / (1 + len(null))
    found: Array = np.where(np.isfinite(observed), share, np.nan)
    return found
