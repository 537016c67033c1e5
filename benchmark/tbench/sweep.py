"""The fine-tuning runs of one candidate, one dataset and one seed, each of which can be killed and goes on."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from tbench.api import Network, Split
from tbench.calibration import calibrate
from tbench.checkpoint import Checkpoint, Checkpoints, UnusableError
from tbench.executors import Notice
from tbench.failure import reason, unable
from tbench.halving import rungs
from tbench.outcome import outcome, tenths
from tbench.plan import Task, run_of
from tbench.probe import Part
from tbench.protocol import Protocol
from tbench.provenance import now
from tbench.results import Key, Record
from tbench.stock import Stock
from tbench.training import Target, Training

PARTS: tuple[Part, ...] = ("train", "val", "test")
LABEL = "finetune"


class Sweep:
    """provenance: what the records of this task tell; asked for once the candidate is there."""

    def __init__(
        self,
        task: Task,
        protocol: Protocol,
        stock: Stock,
        checkpoints: Checkpoints,
        device: str,
        provenance: Callable[[], Mapping[str, Any]],
    ) -> None:
        self._task = task
        self._protocol = protocol
        self._stock = stock
        self._checkpoints = checkpoints
        self._device = device
        self._provenance = provenance
        self._ready: Target | None = None
        self._begun: set[Key] = set()
        self._obstacles: dict[str, bool] = {}  # to checkpoints, and whether they were told

    def records(self) -> Iterator[Record | Notice]:
        if self._task.kind == "calibration":
            return self._calibrated()
        return self._halved() if self._protocol.halving else self._one_by_one()

    def _one_by_one(self) -> Iterator[Record | Notice]:
        for key in self._task.cells:
            try:
                training = yield from self._training(key)
                checkpoint = self._checkpoint(key)
                training.advance(self._protocol.steps, partial(self._safely, checkpoint.keep))
                record = self._finished(key, training)
            except Exception as error:
                yield unable(key, "failed", reason(error), LABEL)
            else:
                yield record
                self._safely(checkpoint.remove)
            yield from self._told()

    def _halved(self) -> Iterator[Record | Notice]:
        """All records at the end, once it is known who is left; until then checkpoints hold what is known.

        These stay if a run failed: when it is tried again, the others need not be.
        """
        protocol = self._protocol
        grid = [replace(self._task.cells[0], spec=run.spec) for run in protocol.runs()]
        told: dict[Key, Record] = {}
        going = grid
        for rung in rungs(len(grid), protocol.steps):
            stopped: dict[Key, Record] = {}
            for key in going:
                try:
                    training = yield from self._climbed(key, rung.step)
                    stopped[key] = self._stopped(key, training, rung.step)
                except Exception as error:
                    told[key] = unable(key, "failed", reason(error), LABEL)
            order = sorted(stopped, key=lambda key: _preference(stopped[key]))
            going = order[: rung.kept]
            told |= {key: stopped[key] for key in order[rung.kept :]}
        for key in going:
            try:
                training = yield from self._climbed(key, protocol.steps)
                told[key] = self._finished(key, training)
            except Exception as error:
                told[key] = unable(key, "failed", reason(error), LABEL)
        for key in self._task.cells:
            yield told[key]
        if not any(record.status == "failed" for record in told.values()):
            for key in grid:
                self._safely(self._checkpoint(key).remove)
        yield from self._told()

    def _calibrated(self) -> Iterator[Record | Notice]:
        for key in self._task.cells:
            try:
                network = self._stock.candidate(key.candidate).load()
                target = self._target(network)
                told = calibrate(network, target, self._protocol, key.seed, self._task.tried, self._device)
                provenance = self._provenance()
            except Exception as error:
                yield unable(key, "failed", reason(error), "calibration")
                continue
            yield Record(
                key,
                "ok",
                told.sweep.seconds,
                seconds=told.spent.seconds,
                cpu_seconds=told.spent.cpu_seconds,
                details={"protocol": self._protocol.name, **told.details()},
                provenance=provenance,
                time=now(),
            )

    def _climbed(self, key: Key, step: int) -> Generator[Notice, None, Training]:
        """Trained up to a step and judged there, unless it had gone further before it was killed."""
        training = yield from self._training(key)
        if training.step <= step:
            checkpoint = self._checkpoint(key)
            training.advance(step, partial(self._safely, checkpoint.keep))
            training.validate()
            self._safely(checkpoint.write, training)
        return training

    def _training(self, key: Key) -> Generator[Notice, None, Training]:
        """As its checkpoint has it, or fresh."""
        network = self._stock.candidate(key.candidate).load()
        training = Training(network, self._target(network), run_of(key.spec, self._protocol), key.seed, self._device)
        whose = f"{key.candidate} on {key.dataset}, seed {key.seed}, {_point(training)}"
        try:
            state = self._checkpoint(key).read()
        except UnusableError as why:
            yield Notice(f"{whose}: {why}; the run starts anew")
        else:
            if state:
                training.restore(state)
                if key not in self._begun:
                    yield Notice(f"{whose}: goes on at step {training.step} of {self._protocol.steps}")
        self._begun.add(key)
        return training

    def _checkpoint(self, key: Key) -> Checkpoint:
        return self._checkpoints.of(key, self._provenance())

    def _safely(self, act: Callable[..., None], *given: Training) -> None:
        """What stands in the way of a checkpoint costs a run nothing, unless it is killed."""
        try:
            act(*given)
        except OSError as error:
            where = f"checkpoints in {self._checkpoints.folder} cannot be written or removed"
            self._obstacles.setdefault(
                f"{where} ({error.strerror or error}): runs that are cut short start anew", False
            )

    def _told(self) -> Iterator[Notice]:
        yield from (Notice(text) for text, known in self._obstacles.items() if not known)
        self._obstacles = dict.fromkeys(self._obstacles, True)

    def _target(self, network: Network) -> Target:
        """Prepared once; each run has a network of its own, but all of them take images alike."""
        if self._ready is None:
            dataset = self._stock.dataset(self._task.dataset)
            splits: dict[str, Split] = {
                part: self._stock.split(self._task.dataset, part, self._task.seed) for part in PARTS
            }
            self._ready = Target.prepare(network, splits, dataset.classes, dataset.measure)
        return self._ready

    def _finished(self, key: Key, training: Training) -> Record:
        assert self._ready
        told = outcome(training, self._ready)
        return Record(
            key,
            "ok",
            told.test,
            seconds=told.timing.seconds,
            cpu_seconds=told.timing.cpu_seconds,
            details=self._details(training, told.validation, told.training) | {"curve": list(told.curve)},
            provenance=self._provenance(),
            time=now(),
        )

    def _stopped(self, key: Key, training: Training, step: int) -> Record:
        """What there is to say of a run if it does not go on; its test images were never looked at.

        One that went further when another had failed is told of as it was at this step, but for its seconds.
        """
        last = min(step, training.step)
        return Record(
            key,
            "inapplicable",
            reason=f"stopped at step {step} of {self._protocol.steps}: the better half of the grid went on (halving)",
            seconds=training.clock.seconds,
            cpu_seconds=training.clock.cpu_seconds,
            details=self._details(training, training.validations[last], "stopped")
            | {
                "steps": last,
                "diverged": training.diverged and training.step == last,
                "curve": list(tenths(training.losses[:last])),
            },
            provenance=self._provenance(),
            time=now(),
        )

    def _details(self, training: Training, validation: float, status: str) -> dict[str, Any]:
        assert self._ready
        return {
            "protocol": self._protocol.name,
            "learning_rate": training.run.learning_rate,
            "weight_decay": training.run.weight_decay,
            "steps": self._protocol.steps,
            "validation": validation,
            "measure": self._ready.measure,
            "training": status,
        }


def _preference(stopped: Record) -> tuple[bool, float, float, float]:
    """Those first that go on: as the best of a finished sweep is chosen, but never one that diverged before others."""
    told = stopped.details
    return told["diverged"], -told["validation"], told["learning_rate"], told["weight_decay"]


def _point(training: Training) -> str:
    return f"learning rate {training.run.learning_rate}, weight decay {training.run.weight_decay}"
