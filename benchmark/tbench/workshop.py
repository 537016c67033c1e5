"""Doing one task: the cells of one candidate, one dataset and one seed, each a record the moment it exists."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache, lru_cache, partial
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from tbench.api import Touch
from tbench.checkpoint import Checkpoints
from tbench.errors import Inapplicable, SaturationWarning
from tbench.evidence.algebra import algebra
from tbench.evidence.graph import Evidence, Root
from tbench.evidence.layers import Layers
from tbench.evidence.pool import Pool
from tbench.evidence.shelf import Shelf
from tbench.executors import Notice
from tbench.failure import reason, unable
from tbench.isolation import Isolation
from tbench.metric import Call, Catalogue, Metric
from tbench.plan import Task, models
from tbench.properties import Properties
from tbench.protocol import Protocol
from tbench.provenance import device_name, machine, now, versions
from tbench.results import Key, Record
from tbench.stock import Stock
from tbench.stopwatch import one_thread
from tbench.suite import Suite
from tbench.sweep import Sweep
from tbench.tuned import Tuned

FINE_TUNED: Touch = "fine-tuned weights"
NOWHERE_APART = Isolation()


@dataclass(frozen=True)
class Means:
    """What work is done with: the device, the precision of features, the folder where what is dear is kept, and which
    metrics are called apart."""

    device: str
    precision: str
    folder: Path
    isolation: Isolation = NOWHERE_APART


class Workshop:
    """One per process: does tasks one after the other, and keeps what the next one is likely to need."""

    def __init__(self, suite: Suite, protocol: Protocol, means: Means) -> None:
        self._suite = suite
        self._protocol = protocol
        self._means = means
        self._shelf = Shelf(means.folder / "evidence")
        self._checkpoints = Checkpoints(means.folder / "checkpoints")
        self._stock = Stock(suite.probe)
        self._catalogue = Catalogue.installed()
        self._metric = cache(self._catalogue.metric)
        self._needs = cache(self._needs_of)
        self._pool = lru_cache(1)(self._pool_of)
        self._notices: list[str] = []
        self._heard: set[str] = set()  # metrics that printed, which is told once
        with one_thread():
            _warm_up(means.device)

    def __call__(self, task: Task) -> Iterator[Record | Notice]:
        with one_thread():
            if task.kind == "score":
                yield from map(self._with_probe, self._scores(task))
            else:
                yield from self._sweep(task).records()

    def _scores(self, task: Task) -> Iterator[Record | Notice]:
        layers = self._layers(task.candidates, task.dataset, task.seed)
        for _, cells in groupby(task.cells, key=lambda key: key.candidate):
            yield from self._scores_of_one([*cells], layers)

    def _scores_of_one(self, cells: Sequence[Key], layers: Layers | None) -> Iterator[Record | Notice]:
        """Of one candidate."""
        first = cells[0]
        evidence = self._evidence_or_why_not(first.candidate, first.dataset, first.seed, layers)
        for key in cells:
            label = key.spec
            try:
                metric = self._metric(key.spec)
                label = metric.label
                if isinstance(evidence, Exception):
                    raise evidence
                with warnings.catch_warnings(record=True) as warned:
                    warnings.simplefilter("always")
                    verdict = metric.judge(evidence, repeat=True, call=self._call(metric, evidence.whose))
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
                        **({"scaled": verdict.scaled} if verdict.scaled else {}),
                        "saturated": _told(warned, saturation=True),
                        "warnings": _told(warned, saturation=False),
                        **self._needs(key.spec),
                        **({"layers": layers.count} if layers else {}),
                    },
                    provenance=self._provenance(key, metric.origin) | self._rests_on(key.spec),
                    time=now(),
                )
            yield from map(Notice, self._notices)
            self._notices.clear()

    def _call(self, metric: Metric, whose: str) -> Call:
        def hear(printed: str) -> None:
            if metric.spec not in self._heard:
                self._heard.add(metric.spec)
                self._notices.append(f"metric {metric.label} from {metric.origin} printed, for {whose}, {printed}")

        return self._means.isolation.call(metric, hear)

    def _rests_on(self, spec: str) -> dict[str, str]:
        """What the value of a score depends on that is not in its key."""
        tuned = {"finetuning": self._protocol.middle.spec} if FINE_TUNED in self._needs(spec)["touches"] else {}
        return {"precision": self._means.precision} | tuned

    def _needs_of(self, spec: str) -> dict[str, Any]:
        """What a page says of a metric without having it at hand."""
        metric = self._metric(spec)
        known = Properties.of(metric, self._catalogue.nodes)
        own = known.solvers.get(metric.core.name, "closed")  # what its evidence searches for is charged to that
        return {"touches": sorted(known.touches), "solver": own, "blind": known.blind}

    def _sweep(self, task: Task) -> Sweep:
        first = task.cells[0]

        def provenance() -> dict[str, Any]:
            return self._provenance(first, self._stock.origin("models", first.candidate))

        return Sweep(task, self._protocol, self._stock, self._checkpoints, self._means.device, provenance)

    def _evidence_or_why_not(
        self, candidate: str, dataset: str, seed: int, layers: Layers | None
    ) -> Evidence | Exception:
        """Asked for once: what is not on this machine takes its time to say so."""
        try:
            return self._evidence(candidate, dataset, seed, layers)
        except Exception as error:
            return error

    def _evidence(self, candidate: str, dataset: str, seed: int, layers: Layers | None) -> Evidence:
        roots = self._stock.roots(candidate, dataset, seed) | self._surroundings(candidate, dataset, seed)
        if layers:
            roots |= layers.roots(candidate)
        whose = f"{candidate} on {dataset}"
        return Evidence(
            roots,
            self._catalogue.nodes,
            self._shelf,
            whose,
            self._notices,
            pool=self._pool(dataset, seed),
        )

    def _layers(self, candidates: Sequence[str], dataset: str, seed: int) -> Layers | None:
        """One pass for all these candidates, where their family knows how."""
        if len(candidates) == 1:
            return None
        try:
            network = self._stock.together(candidates)
        except Exception as error:
            told = f"{', '.join(candidates)}: not in one pass ({reason(error)}), so one after the other"
            self._notices.append(told)
            return None
        if network is None:
            return None
        roots = self._stock.roots(candidates[0], dataset, seed) | self._surroundings(candidates[0], dataset, seed)
        whose = f"{' and '.join(candidates)} on {dataset}"
        shared = Evidence(roots | {"network": network}, self._catalogue.nodes, self._shelf, whose, self._notices)
        return Layers(shared, candidates)

    def _pool_of(self, dataset: str, seed: int) -> Callable[[str], Pool]:
        """What every candidate of the suite says of a node, whichever of them are asked for: what a pool says depends
        on its members."""

        def members() -> Iterator[Evidence]:
            for several in models(self._suite.pool(dataset)):
                layers = self._layers(several, dataset, seed)
                for candidate in several:
                    yield self._evidence(candidate, dataset, seed, layers)

        return cache(lambda node: Pool.of(node, members()))

    def _surroundings(self, candidate: str, dataset: str, seed: int) -> dict[str, Root]:
        """The evidence that comes from suite, protocol and device."""
        members = self._suite.pool(dataset)
        tuned = Tuned(
            self._stock.candidate(candidate),
            self._stock.dataset(dataset),
            partial(self._stock.split, dataset, "train", seed),
            self._protocol,
            seed,
            self._means.device,
        )
        return {
            "reference_images": self._stock.reference(self._suite.reference),
            **self._stock.common(self._suite.common),
            "pool_place": Root.of(members.index(candidate) if candidate in members else -1),
            "finetuned_network": Root(tuned.network, cost=tuned.cost),
            "device": Root.of(self._means.device, device_name(self._means.device)),
            "precision": Root.of(self._means.precision, self._means.precision),
            "seed": Root.of(seed_of(dataset, candidate, seed)),
            "common_seed": Root.of(seed_of(dataset, "", seed)),
        }

    def _with_probe(self, said: Record | Notice) -> Record | Notice:
        """A score that says which images it was made of, and so does one that could not be made."""
        if isinstance(said, Notice) or not self._suite.probe.words:
            return said
        return replace(said, provenance={**said.provenance, "probe": self._suite.probe.words})

    def _provenance(self, key: Key, plugin: str) -> dict[str, Any]:
        return {
            **versions(),
            "machine": machine(),
            "device": device_name(self._means.device),
            "plugin": plugin,
            "weights": self._stock.candidate(key.candidate).fingerprint,
            "data": self._stock.content(key.dataset, key.seed),
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


def seed_of(dataset: str, candidate: str, seed: int) -> int:
    """A seed of its own for each candidate, dataset and run seed, the same on every machine."""
    text = f"{dataset} {candidate} {seed}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
