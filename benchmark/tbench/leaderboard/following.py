"""What follows from fine-tuning only what scores put first, dataset by dataset, and what that is worth in the mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tbench.leaderboard.metrics import Kind
from tbench.statistics import Mean, Selection, fidelity, rounded, selection

PICKS = (1, 3)
MEASURES = (*(f"{measure}@{k}" for measure in ("regret", "Rel", "recall") for k in PICKS), "fidelity")
RANDOM = "a random pick"

Scores = Mapping[str, float]  # or truths, of candidates


@dataclass(frozen=True)
class Scorer:
    """Something that scores candidates: dataset -> repeat -> candidate, larger is better.

    A repeat without scores is there and empty; None is one that stands for all. saturated: so is some score.
    """

    label: str
    kind: Kind
    scores: Mapping[str, Mapping[int | None, Scores]]
    saturated: bool = False


@dataclass(frozen=True)
class Followed:
    """One repeat on one dataset, among the candidates that are ranked there.

    picks: of the highest scores, for each of PICKS. tied: there are several scores, and all are equal.
    """

    repeat: int | None
    ranked: tuple[str, ...]
    picks: tuple[Selection | None, ...]
    fidelity: float | None
    tied: bool

    @property
    def values(self) -> tuple[float | None, ...]:
        """Of each of MEASURES."""
        known = [(one.regret, one.rel, one.recall) if one else (None, None, None) for one in self.picks]
        return (*(value for several in zip(*known, strict=True) for value in several), self.fidelity)


@dataclass(frozen=True)
class Worth:
    """Of one scorer. cells: by dataset. totals: of each, how many candidates have a truth.

    means: of each of MEASURES, over repeats and then over datasets, where it is defined.
    """

    scorer: Scorer
    cells: Mapping[str, tuple[Followed, ...]]
    totals: Mapping[str, int]
    means: Mapping[str, float | None]

    @property
    def whole(self) -> bool:
        """Every repeat scores every candidate."""
        return all(len(one.ranked) == self.totals[dataset] for dataset, cells in self.cells.items() for one in cells)

    @property
    def ranked(self) -> list[tuple[int, int]]:
        """For each dataset, how many candidates have a score in all repeats that have any; and how many there are."""
        there = {dataset: [{*one.ranked} for one in cells if one.ranked] for dataset, cells in self.cells.items()}
        return [(len(set.intersection(*sets)) if sets else 0, self.totals[name]) for name, sets in there.items()]

    @property
    def tied(self) -> bool:
        """All scores are equal, wherever there are several."""
        several = [one for cells in self.cells.values() for one in cells if len(one.ranked) > 1]
        return bool(several) and all(one.tied for one in several)


def worth_of(scorer: Scorer, truth: Mapping[str, Scores]) -> Worth:
    """truth: dataset -> candidate, as shares of what can be reached at most."""
    cells = {
        dataset: tuple(_follow(repeat, scores, of) for repeat, scores in scorer.scores.get(dataset, {}).items())
        for dataset, of in truth.items()
    }
    values = [[one.values for one in several] for several in cells.values()]
    means = {
        measure: Mean.of(Mean.of(one[place] for one in several).value for several in values).value
        for place, measure in enumerate(MEASURES)
    }
    return Worth(scorer, cells, {dataset: len(of) for dataset, of in truth.items()}, means)


def random_pick(truth: Mapping[str, Scores]) -> Scorer:
    """Equal scores: each choice is as likely, so that what they are worth is what a random pick is worth, expected."""
    return Scorer(RANDOM, "floor", {dataset: {None: dict.fromkeys(of, 0.0)} for dataset, of in truth.items()})


def best_of(truth: Mapping[str, Scores]) -> float | None:
    """What is reached by fine-tuning the best on each dataset, the mean over these."""
    return Mean.of(max(of.values(), default=None) for of in truth.values()).value


def _follow(repeat: int | None, scores: Scores, truth: Scores) -> Followed:
    ranked = tuple(name for name in truth if name in scores)
    x, y = [scores[name] for name in ranked], [truth[name] for name in ranked]
    return Followed(
        repeat,
        ranked,
        tuple(selection(x, y, k) for k in PICKS),
        fidelity(x, y),
        len(ranked) > 1 and len({*rounded(x).tolist()}) == 1,
    )
