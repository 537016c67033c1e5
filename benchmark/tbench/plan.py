"""Which tasks a run consists of: what the store holds already is left out, cheap work comes before dear work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tbench.halving import work
from tbench.protocol import Protocol, Run
from tbench.results import Key, Kind, Status
from tbench.suite import Suite

if TYPE_CHECKING:
    from tbench.metric import Metric

SCORE_SECONDS = 0.01  # what scoring one cell of a small dataset is expected to take, beside one extraction per task
EXTRACTION_SECONDS = 0.15


@dataclass(frozen=True)
class Task:
    """Work on one candidate, one dataset and one seed: scores of several metrics, or several fine-tuning runs.

    whole: its cells are decided together, so that it cannot be done in part. tried: steps that a calibration makes.
    """

    kind: Kind
    suite: str
    dataset: str
    candidate: str
    seed: int
    specs: tuple[str, ...]
    whole: bool = False
    tried: int = 0

    def cells(self) -> list[Key]:
        return [Key(self.kind, self.suite, self.dataset, self.candidate, spec, self.seed) for spec in self.specs]

    def without(self, done: Iterable[Key]) -> Task:
        left = set(self.cells()) - set(done)
        if self.whole and left:
            return self
        return replace(self, specs=tuple(key.spec for key in self.cells() if key in left))


@dataclass(frozen=True)
class Plan:
    """tasks in the order in which they are to be done; remembered: cells that the store holds.

    score_seconds: what the scores of one task are expected to take where the suite says so.
    """

    tasks: tuple[Task, ...]
    remembered: int
    score_seconds: float | None = None

    @property
    def cells(self) -> int:
        return sum(len(task.specs) for task in self.tasks)

    def seconds(self, protocol: Protocol) -> float:
        """Expected CPU seconds of all tasks, from what suite and protocol declare."""
        return sum(self.seconds_of(task, protocol) for task in self.tasks)

    def seconds_of(self, task: Task, protocol: Protocol) -> float:
        if task.kind == "truth":
            return protocol.seconds * (work(protocol).steps / protocol.steps if task.whole else len(task.specs))
        if task.kind == "calibration":
            return protocol.seconds * min(1.0, task.tried / protocol.steps) * len(task.specs)
        if self.score_seconds is not None:
            return self.score_seconds
        return EXTRACTION_SECONDS + SCORE_SECONDS * len(task.specs)


def make_plan(
    suite: Suite,
    protocol: Protocol,
    metrics: Sequence[Metric],
    seeds: Sequence[int],
    known: Mapping[Key, Status],
    *,
    again: bool = False,
    cited: bool = False,
    calibrate: int | None = None,
) -> Plan:
    """Scores first, then fine-tuning; within each, one dataset after the other, so that each is prepared once.

    A cell that failed is tried again; with again, so is every other. None of a candidate on what it has seen. cited:
    the truth was published, and nothing is fine-tuned. calibrate: instead of fine-tuning, make so many steps for the
    first seed to estimate what it would take.
    """
    scores = tuple(metric.spec for metric in metrics)
    wanted: list[tuple[Kind, tuple[str, ...], Sequence[int]]] = [("score", scores, seeds)]
    if calibrate:
        wanted.append(("calibration", (protocol.calibration,), seeds[:1]))
    elif not cited:
        wanted.append(("truth", tuple(run.spec for run in protocol.runs()), seeds))
    tasks: list[Task] = []
    remembered = 0
    for kind, specs, of_seeds in wanted:
        for dataset in suite.datasets:
            for seed in of_seeds:
                for candidate in suite.candidates:
                    if (candidate, dataset) in suite.seen:
                        continue
                    whole = kind == "truth" and protocol.halving
                    task = Task(kind, suite.name, dataset, candidate, seed, specs, whole, calibrate or 0)
                    done = [] if again else [key for key in task.cells() if known.get(key, "failed") != "failed"]
                    left = task.without(done)
                    remembered += len(task.specs) - len(left.specs)
                    if left.specs:
                        tasks.append(left)
    return Plan(tuple(tasks), remembered, suite.score_seconds)


def run_of(spec: str, protocol: Protocol) -> Run:
    """The point of the protocol's grid that a spec of a truth stands for."""
    return next(run for run in protocol.runs() if run.spec == spec)
