"""A score in units of what it is for labels that mean nothing: its z-score against permutations of the labels.

The idea is that of permutation tests of classifiers (Ojala and Garriga, Permutation tests for studying classifier
performance, JMLR 2010); no published transferability score is calibrated so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tbench.api import Inapplicable, Score, UsageError

if TYPE_CHECKING:
    from tbench.api import Inner

ROUNDING = 1e-9  # of the scores' own size: a spread below says nothing of labels


def calibrated(inner: Inner, labels: NDArray[Any], seed: int, *, permutations: int = 20) -> Score:
    """(score - mean) / sd, mean and sd being those of the metric's scores for permuted labels.

    labels (N,) or (N, L), whose rows are permuted, so that classes keep their sizes. Transforms written before it are
    applied anew to each permutation (`sfda+ped+calibrated`). Takes permutations + 1 times as long as the metric does.

    In-sample scores grow with the width of the features, whatever these know of the labels; so does the null, and the
    z-score of features that know nothing stays near 0: with R permutations it is distributed about as
    sqrt(1 + 1/R) t(R - 1). Its own error is about z / sqrt(2 R). Scores of different metrics compare in it.

    Terms: raw, null_mean, null_sd (over R - 1), and p, the share of all R + 1 labellings that score at least as high as
    the true one. Inapplicable ("undefined: saturated") where all permutations score the same, but for rounding: the
    metric is at its bound, or does not look at labels.

    permutations: R, at least 2. 20 make a p of at least 1/21.
    """
    if permutations < 2:
        raise UsageError(f"calibrated: permutations must be at least 2, not {permutations}")
    raw = inner().value
    draws = np.random.default_rng(seed)
    null = np.array([inner(labels=draws.permutation(labels)).value for _ in range(permutations)])
    mean, sd = float(null.mean()), float(null.std(ddof=1))
    size = max(abs(raw), float(np.abs(null).max()))
    if not sd > ROUNDING * size:
        raise Inapplicable(f"undefined: saturated: {permutations} permutations of the labels all score {mean:.6g}")
    as_high = int((null >= raw - ROUNDING * size).sum())
    p = (1 + as_high) / (1 + permutations)
    return Score((raw - mean) / sd, {"raw": raw, "null_mean": mean, "null_sd": sd, "p": p})
