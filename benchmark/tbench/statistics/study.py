"""What metrics say of candidates on several datasets, beside the truth: what all tests and intervals start from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tbench.statistics.correlation import Array
from tbench.statistics.draws import drawn_taus

Members = NDArray[np.bool_]  # (draws, n): the candidates that take part


@dataclass(frozen=True, eq=False)
class Study:
    """scores (datasets, repeats, metrics, n), larger is better; truths (datasets, seeds, n). NaN is missing.

    Repeats score other images of the same dataset, or draw anew what the metric draws. Each is held against the truth
    averaged over seeds; the tau of a cell is the mean over repeats, that of a metric the mean over datasets, each over
    those for which it is defined.
    """

    scores: Array
    truths: Array

    def __post_init__(self) -> None:
        if self.scores.ndim != 4 or self.truths.ndim != 3:
            raise ValueError(f"scores {self.scores.shape} must have four axes and truths {self.truths.shape} three")
        if (self.scores.shape[0], self.scores.shape[3]) != (self.truths.shape[0], self.truths.shape[2]):
            raise ValueError(
                f"scores {self.scores.shape} and truths {self.truths.shape} differ in datasets or candidates"
            )

    @property
    def candidates(self) -> int:
        return int(self.scores.shape[3])

    @property
    def truth(self) -> Array:
        """(datasets, n), averaged over seeds."""
        return mean_known(self.truths, axis=1)

    def cells(self, truths: Array | None = None, members: Members | None = None) -> Array:
        """The tau of each metric on each dataset in each draw: (draws, datasets, metrics).

        truths (datasets, draws, n) take the place of the mean truth.
        """
        held = self.truth[:, None, :] if truths is None else truths
        found = []
        for scores, truth in zip(self.scores, held, strict=True):
            repeats, metrics, n = scores.shape
            taus = drawn_taus(scores.reshape(repeats * metrics, n), truth, members)
            found.append(mean_known(taus.reshape(-1, repeats, metrics), axis=1))
        return np.stack(found, axis=1)

    def by_repeat(self) -> Array:
        """The tau of each repeat: (repeats, datasets, metrics)."""
        alone = [Study(self.scores[:, [repeat]], self.truths).cells()[0] for repeat in range(self.scores.shape[1])]
        return np.stack(alone)


def rescored(of: Callable[[NDArray[np.bool_]], Study], members: Iterable[NDArray[np.bool_]]) -> Array:
    """The cells of metrics whose scores depend on the pool: `of` scores each subset anew. (draws, datasets, metrics)"""
    return np.concatenate([of(subset).cells(members=subset[None]) for subset in members])


def mean_known(values: Array, axis: int) -> Array:
    """The mean over an axis of what is not NaN; NaN where nothing is known."""
    known = np.isfinite(values)
    count = known.sum(axis=axis)
    sums = np.where(known, values, 0.0).sum(axis=axis)
    means: Array = np.where(count > 0, sums / np.maximum(count, 1), np.nan)
    return means
