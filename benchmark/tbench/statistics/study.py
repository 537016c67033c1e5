"""What metrics say of candidates on several datasets, beside the truth: what all tests and intervals start from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tbench.statistics.correlation import Array
from tbench.statistics.draws import drawn_taus
from tbench.statistics.scaled import Scaled, scaled_scores

Members = NDArray[np.bool_]  # (draws, n): the candidates that take part


@dataclass(frozen=True, eq=False)
class Study:
    """scores (datasets, repeats, metrics, n), larger is better; truths (datasets, seeds, n). NaN is missing.

    Repeats score other images of the same dataset, or draw anew what the metric draws. Each is held against the truth
    averaged over seeds; the tau of a cell is the mean over repeats, that of a metric the mean over datasets, each over
    those for which it is defined.

    scaled: what the scores of some metrics (by their places) are made of, since they depend on the pool: in smaller
    pools they are made anew.
    """

    scores: Array
    truths: Array
    scaled: Mapping[int, Scaled] = field(default_factory=dict)

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
        if truths is not None and members is not None:
            raise ValueError("draws are of truths or of members, not of both")
        held = self.truth[:, None, :] if truths is None else truths
        found = []
        for dataset, (scores, truth) in enumerate(zip(self.scores, held, strict=True)):
            repeats, metrics, n = scores.shape
            taus = drawn_taus(scores.reshape(repeats * metrics, n), truth, members).reshape(-1, repeats, metrics)
            if members is not None:
                for place, scaled in self.scaled.items():
                    for repeat, parts in enumerate(scaled.parts[dataset]):
                        anew = scaled_scores(parts, scaled.weights, members)
                        taus[:, repeat, place] = drawn_taus(truth, anew, members)[:, 0]  # the measure is symmetric
            found.append(mean_known(taus, axis=1))
        return np.stack(found, axis=1)

    def by_repeat(self) -> Array:
        """The tau of each repeat: (repeats, datasets, metrics)."""
        alone = [Study(self.scores[:, [repeat]], self.truths).cells()[0] for repeat in range(self.scores.shape[1])]
        return np.stack(alone)


def mean_known(values: Array, axis: int) -> Array:
    """The mean over an axis of what is not NaN; NaN where nothing is known."""
    known = np.isfinite(values)
    count = known.sum(axis=axis)
    sums = np.where(known, values, 0.0).sum(axis=axis)
    means: Array = np.where(count > 0, sums / np.maximum(count, 1), np.nan)
    return means
