"""Doing one task: the cells of one candidate, one dataset and one seed, each a record the moment it exists."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from tbench.checkpoint import Checkpoints
from tbench.errors import Inapplicable, SaturationWarning
from tbench.evidence.algebra import algebra
from tbench.evidence.graph import Evidence, Root
from tbench.evidence.shelf import Shelf
from tbench.executors import Notice
from tbench.failure import reason, unable
from tbench.metric import Catalogue
from tbench.plan import Task
from tbench.probe import Probe
from tbench.protocol import Protocol
from tbench.provenance import device_name, machine, now, versions
from tbench.results import Record
from tbench.stock import Stock
from tbench.stopwatch import one_thread
from tbench.sweep import Sweep


class Workshop:
    """One per process: does tasks one after the other, and keeps what the next one is likely to need."""

    def __init__(
        self,
        protocol: Protocol,
        reference: str,
        probe: Probe,
        device: str,
        precision: str,
        shelf: Path,
        checkpoints: Checkpoints,
    ) -> None:
        self._protocol = protocol
        self._reference = reference
        self._device = device
        self._precision = precision
        self._shelf = Shelf(shelf)
        self._checkpoints = checkpoints
        self._stock = Stock(probe)
        self._probe = probe
        self._catalogue = Catalogue.installed()
        self._metric = cache(self._catalogue.metric)
        with one_thread():
            _warm_up(device)

    def __call__(self, task: Task) -> Iterator[Record | Notice]:
        with one_thread():
            yield from map(self._with_probe, self._scores(task)) if task.kind == "score" else self._truths(task)

    def _scores(self, task: Task) -> Iterator[Record | Notice]:
        evidence: Evidence | None = None
        for key in task.cells():
            label = key.spec
            try:
                metric = self._metric(key.spec)
                label = metric.label
                evidence = evidence or self._evidence(task)
                with warnings.catch_warnings(record=True) as warned:
                    warnings.simplefilter("always")
                    verdict = metric.judge(evidence, repeat=True)
            except Inapplicable as answer:
                yield unable(key, "inapplicable", str(answer), label)
            except Exception as error:
                yield unable(key, "failed", reason(error), label)
            else:
                timing = verdict.timing
                yield Record(
                    key,
                    "ok",
                    verdict.value,
                    seconds=timing.seconds,
                    cpu_seconds=timing.cpu_seconds,
                    evidence={node: asdict(cost) for node, cost in verdict.evidence.items()},
                    details={
                        "label": label,
                        "repeats": timing.repeats,
                        "spread": timing.spread,
                        "terms": verdict.terms,
                        "saturated": _told(warned, saturation=True),
                        "warnings": _told(warned, saturation=False),
                    },
                    provenance=self._provenance(task, metric.origin)
                    | {"device": device_name(self._device), "precision": self._precision},
                    time=now(),
                )
            if evidence:
                yield from map(Notice, evidence.notices)
                evidence.notices.clear()

    def _truths(self, task: Task) -> Iterator[Record | Notice]:
        def provenance() -> dict[str, Any]:
            plugin = self._stock.origin("models", task.candidate)
            return self._provenance(task, plugin) | {"device": device_name(self._device)}

        sweep = Sweep(task, self._protocol, self._stock, self._checkpoints, self._device, provenance)
        yield from sweep.records()

    def _evidence(self, task: Task) -> Evidence:
        roots = self._stock.roots(task.candidate, task.dataset, task.seed) | {
            "reference_images": self._stock.reference(self._reference),
            "device": Root.of(self._device, device_name(self._device)),
            "precision": Root.of(self._precision, self._precision),
            "seed": Root.of(seed_of(task)),
        }
        return Evidence(roots, self._catalogue.nodes, self._shelf, f"{task.candidate} on {task.dataset}")

    def _with_probe(self, said: Record | Notice) -> Record | Notice:
        """A score that says which images it was made of, and so does one that could not be made."""
        if isinstance(said, Notice) or not self._probe.words:
            return said
        return replace(said, provenance={**said.provenance, "probe": self._probe.words})

    def _provenance(self, task: Task, plugin: str) -> dict[str, Any]:
        return {
            **versions(),
            "machine": machine(),
            "plugin": plugin,
            "weights": self._stock.candidate(task.candidate).fingerprint,
            "data": self._stock.content(task.dataset, task.seed),
        }


def _told(warned: Iterable[warnings.WarningMessage], *, saturation: bool) -> list[str]:
    """The messages, each once: those of saturation, or all others."""
    chosen = (one for one in warned if issubclass(one.category, SaturationWarning) == saturation)
    return sorted({str(one.message) for one in chosen})


def _warm_up(device: str) -> None:
    """What libraries do once, at their first call, is not to be charged to the candidate that happens to come first."""
    with torch.inference_mode():
        functional.conv2d(torch.zeros(8, 3, 32, 32), torch.zeros(8, 3, 3, 3)).flatten(1).softmax(dim=1)
    algebra(device).gram(np.eye(64)).solve(np.eye(64), shift=1.0)
    algebra(device).gram(np.eye(64)).spectrum()


def seed_of(task: Task) -> int:
    """A seed of its own for each candidate, dataset and run seed, the same on every machine."""
    text = f"{task.dataset} {task.candidate} {task.seed}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
