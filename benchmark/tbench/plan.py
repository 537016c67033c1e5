"""Which tasks a run consists of: what the store holds already is left out, cheap work comes before dear work."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

from tbench.garbage import uncollected
from tbench.halving import work
from tbench.protocol import Protocol, Run
from tbench.results import Key, Kind, Status
from tbench.suite import Suite

if TYPE_CHECKING:
    from tbench.metric import Metric

SCORE_SECONDS = 0.05  # what scoring one cell of a small dataset is expected to take, beside one extraction per task
EXTRACTION_SECONDS = 0.15


@dataclass(frozen=True)
class Task:
    """Cells that are done together, all of one kind, one dataset and one seed.

    Scores: of one candidate, or of several layers of one model, whose features take one pass. Fine-tuning runs: of one
    candidate. whole: they are decided together, so that they cannot be done in part. tried: steps that a calibration
    makes.
    """

    cells: tuple[Key, ...]
    whole: bool = False
    tried: int = 0

    @property
    def kind(self) -> Kind:
        return self.cells[0].kind

    @property
    def dataset(self) -> str:
        return self.cells[0].dataset

    @property
    def seed(self) -> int:
        return self.cells[0].seed

    @property
    def candidates(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(key.candidate for key in self.cells))

    def without(self, done: Set[Key]) -> Task | None:
        """What is left of it, if anything is."""
        left = tuple(key for key in self.cells if key not in done)
        if not left:
            return None
        return self if self.whole else replace(self, cells=left)


@dataclass(frozen=True)
class Plan:
    """tasks in the order in which they are to be done; remembered: cells that the store holds.

    score_seconds: what the scores of one task are expected to take where the suite says so. tuning: metrics, by their
    specs, whose every score takes a fine-tuning run of its own.
    """

    tasks: tuple[Task, ...]
    remembered: int
    score_seconds: float | None = None
    tuning: frozenset[str] = frozenset()

    @property
    def cells(self) -> int:
        return sum(len(task.cells) for task in self.tasks)

    def seconds(self, protocol: Protocol) -> float:
        """Expected CPU seconds of all tasks, from what suite and protocol declare."""
        return sum(self.seconds_of(task, protocol) for task in self.tasks)

    def seconds_of(self, task: Task, protocol: Protocol) -> float:
        if task.kind == "truth":
            return protocol.seconds * (work(protocol).steps / protocol.steps if task.whole else len(task.cells))
        if task.kind == "calibration":
            return protocol.seconds * min(1.0, task.tried / protocol.steps) * len(task.cells)
        tuning = protocol.seconds * sum(key.spec in self.tuning for key in task.cells)
        if self.score_seconds is not None:
            return self.score_seconds * len(task.candidates) + tuning
        return EXTRACTION_SECONDS * len(task.candidates) + SCORE_SECONDS * len(task.cells) + tuning


@uncollected()
def make_plan(
    suite: Suite,
    protocol: Protocol,
    metrics: Sequence[Metric],
    seeds: Sequence[int],
    known: Mapping[Key, Status],
    *,
    again: bool = False,
    tuning: frozenset[str] = frozenset(),
    cited: bool = False,
    calibrate: int | None = None,
) -> Plan:
    """Scores first, then fine-tuning; within each, one dataset after the other, so that each is prepared once.

    A cell that failed is tried again; with again, so is every other. None of a candidate on what it has seen. cited:
    the truth was published, and nothing is fine-tuned. tuning: metrics that fine-tune for themselves. calibrate:
    instead of fine-tuning, make so many steps for the first seed to estimate what it would take.
    """
    scores = tuple(metric.spec for metric in metrics)
    wanted: list[tuple[Kind, tuple[str, ...], Sequence[int]]] = [("score", scores, seeds)]
    if calibrate:
        wanted.append(("calibration", (protocol.calibration,), seeds[:1]))
    elif not cited:
        wanted.append(("truth", tuple(run.spec for run in protocol.runs()), seeds))
    done = set() if again else {key for key, status in known.items() if status != "failed"}
    tasks: list[Task] = []
    remembered = 0
    for kind, specs, of_seeds in wanted:
        for dataset, seed in product(suite.datasets, of_seeds):
            unseen = [candidate for candidate in suite.candidates if (candidate, dataset) not in suite.seen]
            for together in models(unseen) if kind == "score" else [[candidate] for candidate in unseen]:
                cells = tuple(Key(kind, suite.name, dataset, name, spec, seed) for name in together for spec in specs)
                task = Task(cells, whole=kind == "truth" and protocol.halving, tried=calibrate or 0)
                left = task.without(done) if cells else None
                remembered += len(cells) - (len(left.cells) if left else 0)
                if left:
                    tasks.append(left)
    return Plan(tuple(tasks), remembered, suite.score_seconds, tuning)


def models(candidates: Iterable[str]) -> Iterable[list[str]]:
    """The layers of each model together, in the order in which models come first."""
    models: dict[str, list[str]] = defaultdict(list)
    for name in candidates:
        models[name.rpartition("@")[0] or name].append(name)
    return models.values()


def run_of(spec: str, protocol: Protocol) -> Run:
    """The point of the protocol's grid that a spec of a truth stands for."""
    return next(run for run in protocol.runs() if run.spec == spec)
