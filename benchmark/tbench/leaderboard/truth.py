"""The ground truth: of the runs of one sweep, the one that validation prefers; its test result, and nothing else's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean, stdev

from tbench.results import Record

Cell = tuple[str, str, int]  # dataset, candidate, seed
Truths = Mapping[Cell, "Truth"]
Means = Mapping[str, Mapping[str, "MeanTruth"]]  # dataset -> candidate


@dataclass(frozen=True)
class Truth:
    """What fine-tuning one candidate on one dataset with one seed came to. runs: to their end, or stopped early."""

    best: Record
    runs: tuple[Record, ...]

    @property
    def test(self) -> float:
        assert self.best.value is not None
        return self.best.value

    @property
    def training(self) -> str:
        return str(self.best.details.get("training", "ok"))


@dataclass(frozen=True)
class MeanTruth:
    """Over the seeds. sd: of one seed, None for a single one. training: what its best runs came to, if not all ok.

    What was published counts as a single one.
    """

    value: float
    sd: float | None
    seeds: int
    training: tuple[str, ...]


def find_truths(records: Iterable[Record]) -> dict[Cell, Truth]:
    """Among the ok runs of each sweep the best validation result decides; between equals, the smaller learning rate.

    A run that was stopped early stands for nothing, but it is part of what the sweep took.
    """
    sweeps: dict[Cell, list[Record]] = defaultdict(list)
    for record in records:
        if (record.status == "ok" and record.value is not None) or was_stopped(record):
            sweeps[record.key.dataset, record.key.candidate, record.key.seed].append(record)
    found: dict[Cell, Truth] = {}
    for cell, runs in sorted(sweeps.items()):
        if finished := [run for run in runs if run.status == "ok"]:
            found[cell] = Truth(min(finished, key=_preference), tuple(runs))
    return found


def was_stopped(run: Record) -> bool:
    """By successive halving, before its end."""
    return run.details.get("training") == "stopped"


def mean_truths(truths: Truths) -> dict[str, dict[str, MeanTruth]]:
    """dataset -> candidate -> truth, averaged over seeds."""
    found: dict[str, dict[str, list[Truth]]] = defaultdict(lambda: defaultdict(list))
    for (dataset, candidate, _), truth in truths.items():
        found[dataset][candidate].append(truth)
    return {
        dataset: {candidate: _mean(several) for candidate, several in candidates.items()}
        for dataset, candidates in found.items()
    }


def published_truths(values: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, MeanTruth]]:
    """The same of values that others measured."""
    return {
        dataset: {candidate: MeanTruth(value, None, 1, ()) for candidate, value in candidates.items()}
        for dataset, candidates in values.items()
    }


def _mean(truths: list[Truth]) -> MeanTruth:
    tests = [truth.test for truth in truths]
    worse = tuple(sorted({truth.training for truth in truths} - {"ok"}))
    return MeanTruth(fmean(tests), stdev(tests) if len(tests) > 1 else None, len(tests), worse)


def _preference(run: Record) -> tuple[float, float, float, str]:
    details = run.details
    return -details["validation"], details["learning_rate"], details["weight_decay"], run.key.spec
