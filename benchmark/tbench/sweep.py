"""The fine-tuning runs of one candidate, one dataset and one seed, each of which can be killed and goes on."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any

from tbench.api import Network, Split
from tbench.checkpoint import Checkpoint, Checkpoints, UnusableError
from tbench.executors import Notice
from tbench.failure import reason, unable
from tbench.finetune import outcome
from tbench.plan import Task, run_of
from tbench.protocol import Protocol
from tbench.provenance import now
from tbench.results import Key, Record
from tbench.stock import Part, Stock
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

    def records(self) -> Iterator[Record | Notice]:
        for key in self._task.cells():
            try:
                training = yield from self._training(key)
                checkpoint = self._checkpoint(key)
                training.advance(self._protocol.steps, checkpoint.keep)
                record = self._finished(key, training)
            except Exception as error:
                yield unable(key, "failed", reason(error), LABEL)
                continue
            yield record
            checkpoint.remove()

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
                yield Notice(f"{whose}: goes on at step {training.step} of {self._protocol.steps}")
        return training

    def _checkpoint(self, key: Key) -> Checkpoint:
        return self._checkpoints.of(key, self._provenance())

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
            details=self._details(training)
            | {"validation": told.validation, "training": told.training, "curve": list(told.curve)},
            provenance=self._provenance(),
            time=now(),
        )

    def _details(self, training: Training) -> dict[str, Any]:
        assert self._ready
        return {
            "protocol": self._protocol.name,
            "learning_rate": training.run.learning_rate,
            "weight_decay": training.run.weight_decay,
            "steps": self._protocol.steps,
            "measure": self._ready.measure,
        }


def _point(training: Training) -> str:
    return f"learning rate {training.run.learning_rate}, weight decay {training.run.weight_decay}"
