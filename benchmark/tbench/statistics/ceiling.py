"""What a perfect metric could reach, the truth being what it is: another repetition would rank otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from tbench.statistics.correlation import Agreement, Array, Mean, agreement
from tbench.statistics.draws import drawn_taus
from tbench.statistics.study import Study, mean_known


@dataclass(frozen=True, eq=False)
class Ceiling:
    """by_dataset: tau of one half of the seeds with the other. taus (datasets, metrics): of metrics with the latter."""

    by_dataset: tuple[float | None, ...]
    taus: Array

    @property
    def mean(self) -> Mean:
        return Mean.of(self.by_dataset)

    def share(self) -> Array:
        """Of the ceiling, what each metric reaches over the datasets on which both are known: (metrics,)."""
        ceilings = np.array([np.nan if value is None else value for value in self.by_dataset])
        both = np.isfinite(self.taus) & np.isfinite(ceilings)[:, None]
        reached = mean_known(np.where(both, self.taus, np.nan), axis=0)
        possible = mean_known(np.where(both, ceilings[:, None], np.nan), axis=0)
        share: Array = np.where(possible > 0, reached / np.where(possible > 0, possible, 1.0), np.nan)
        return share


def split_half(study: Study) -> Ceiling:
    """How well one half of the seeds predicts the other, and how well metrics predict that very other half.

    Means over all ways to part the seeds; of an odd number the smaller part is what is predicted, so that of three
    seeds two predict a fresh one. The part that predicts is noisy itself: it is what repeating the fine-tuning would
    give, and a metric that passes it ranks better than that. Candidates that lack a seed are left out.
    """
    ceilings: list[float | None] = []
    taus = []
    for scores, truths in zip(study.scores, study.truths, strict=True):
        whole = np.isfinite(truths).all(axis=0)
        halves = [*_halves(truths[:, whole])]
        ceilings.append(Mean.of(agreement(rest, fresh).tau_w for rest, fresh in halves).value)
        repeats, metrics, _ = scores.shape
        if halves:
            rows = scores[:, :, whole].reshape(repeats * metrics, -1)
            found = drawn_taus(rows, np.array([fresh for _, fresh in halves]))
            taus.append(mean_known(mean_known(found, axis=0).reshape(repeats, metrics), axis=0))
        else:
            taus.append(np.full(metrics, np.nan))
    return Ceiling(tuple(ceilings), np.stack(taus))


def parametric_ceiling(truth: ArrayLike, sd: ArrayLike, seed: int, draws: int = 10_000) -> float | None:
    """The mean tau of truth (n,) with itself plus normal noise of standard deviation sd, a number or (n,).

    For truths of which only a spread is known. The noise that is in them already makes it a little too high.
    """
    values = np.asarray(truth, dtype=np.float64)
    noise = np.random.default_rng(seed).standard_normal((draws, values.size)) * np.asarray(sd, dtype=np.float64)
    if agreement(values, values) == Agreement():
        return None
    return float(drawn_taus(values, values + noise).mean())


def _halves(truths: Array) -> Iterator[tuple[Array, Array]]:
    """The mean over the larger part of the seeds and that over the smaller one."""
    seeds = range(len(truths))
    size = len(truths) // 2
    for fresh in combinations(seeds, size) if size else ():
        rest = [seed for seed in seeds if seed not in fresh]
        yield truths[rest].mean(axis=0), truths[[*fresh]].mean(axis=0)
