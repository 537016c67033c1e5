"""How far a weighted tau could have come out otherwise: with other candidates, another truth, other images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

from tbench.statistics.correlation import Array
from tbench.statistics.study import Members, Study, mean_known

DRAWS = 10_000


@dataclass(frozen=True, eq=False)
class Interval:
    """Of several numbers at once: low, high and the standard deviation, arrays of one shape."""

    low: Array
    high: Array
    sd: Array


def subsets(n: int, size: int, seed: int, draws: int = DRAWS) -> Members:
    """Subsets of `size` out of n candidates, no candidate twice: all where they are no more than `draws`. (draws, n)

    Duplicates would tie a candidate with itself, which the measure does not take as an error.
    """
    if not 0 <= size <= n:
        raise ValueError(f"no {size} of {n} candidates can be drawn")
    if comb(n, size) <= draws:
        chosen = np.array([*combinations(range(n), size)], dtype=np.intp).reshape(comb(n, size), size)
    else:
        order = np.random.default_rng(seed).permuted(np.broadcast_to(np.arange(n), (draws, n)), axis=1)
        chosen = order[:, :size]
    members = np.zeros((len(chosen), n), dtype=bool)
    np.put_along_axis(members, chosen, True, axis=1)
    return members


def other_candidates(study: Study, seed: int, draws: int = DRAWS) -> Array:
    """How the taus of random halves of the pool scatter round their mean, as wide as those of whole pools would.

    (draws, datasets, metrics). Half of the candidates, drawn without putting back, scatter as whole pools drawn from
    all candidates there could be, to first order: m of n vary by 1/m - 1/n, and n of very many by 1/n (Politis, Romano
    and Wolf, Subsampling, 1999, with the correction for a finite pool). The factor makes up for an odd n.
    """
    n = study.candidates
    size = n // 2
    cells = study.cells(members=subsets(n, size, seed, draws))
    return _scatter(cells, size / (n - size))


def other_seeds(study: Study, seed: int, draws: int = DRAWS) -> Array | None:
    """The scatter that comes from the seeds of the truth: (draws, datasets, metrics); None if no truth has two.

    Each candidate's seeds are drawn anew, with putting back, on each dataset. That k of k seeds vary too little by a
    share of 1/k is made up for.
    """
    counts = np.isfinite(study.truths).sum(axis=1)
    if not (counts > 1).any():
        return None
    random = np.random.default_rng(seed)
    truth = study.truth
    known_first = np.sort(study.truths, axis=1)  # NaN last
    redrawn = []
    for several, count, centre in zip(known_first, counts, truth, strict=True):
        places = (random.random((draws, *several.shape)) * count).astype(np.intp)
        drawn = np.take_along_axis(several[None], places, axis=1)
        share = np.arange(len(several))[:, None] < count  # as many as there are seeds
        means = np.where(share, drawn, 0.0).sum(axis=1) / np.maximum(count, 1)
        stretch = np.where(count > 1, np.sqrt(count / np.maximum(count - 1, 1)), 0.0)
        redrawn.append(np.where(count > 1, centre + stretch * (means - centre), centre))
    return _scatter(study.cells(np.stack(redrawn)))


def other_repeats(study: Study, seed: int, draws: int = DRAWS) -> Array | None:
    """The scatter that comes from the repeats of the scores, drawn anew on each dataset; None if there is but one.

    (draws, datasets, metrics). All metrics share the draw, since they share the images.
    """
    taus = study.by_repeat()
    repeats, datasets = taus.shape[:2]
    if repeats < 2:
        return None
    places = np.random.default_rng(seed).integers(repeats, size=(draws, repeats, datasets))
    drawn = taus[places, np.arange(datasets)]
    return _scatter(mean_known(drawn, axis=1), repeats / (repeats - 1))


def together(scatters: Sequence[Array], seed: int, draws: int = DRAWS) -> Array:
    """The scatter of several parts that do not depend on one another: (draws, ...), a random row of each added up."""
    random = np.random.default_rng(seed)
    parts = [scatter[random.integers(len(scatter), size=draws)] for scatter in scatters]
    added: Array = np.sum(parts, axis=0)
    return added


def interval(values: Array, scatter: Array, level: float = 0.95) -> Interval:
    """Of taus (...) by what scatters round them (draws, ...): equal tails, within [-1, 1]."""
    tail = (1 - level) / 2
    low, high = np.nanquantile(np.where(np.isfinite(values), scatter, 0.0), [tail, 1 - tail], axis=0)
    return Interval(
        np.clip(values + low, -1, 1),
        np.clip(values + high, -1, 1),
        np.where(np.isfinite(values), np.nanstd(np.where(np.isfinite(values), scatter, 0.0), axis=0, ddof=1), np.nan),
    )


def left_out(study: Study, families: Sequence[str]) -> Mapping[str, Array]:
    """Each family -> the mean tau of each metric, (metrics,), without its candidates.

    families: of each candidate in turn. All names different leave out one candidate at a time.
    """
    names = [*dict.fromkeys(families)]
    members = np.array([[family != name for family in families] for name in names])
    means = mean_known(study.cells(members=members), axis=1)
    return dict(zip(names, means, strict=True))


def by_size(study: Study, sizes: Sequence[int], seed: int, draws: int = 1000) -> Mapping[int, Array]:
    """Size of a random pool -> the mean taus of each draw and metric, (draws, metrics)."""
    return {
        size: mean_known(study.cells(members=subsets(study.candidates, size, seed, draws)), axis=1) for size in sizes
    }


def _scatter(draws: Array, variance: float = 1.0) -> Array:
    """Round the mean over draws, and `variance` times as wide; a tau that is not defined in a draw says nothing."""
    scatter: Array = np.sqrt(variance) * (draws - mean_known(draws, axis=0))
    return scatter
