"""What metrics cost on this machine: beside their literal forms, and in units of what no method can do without."""

from __future__ import annotations

import resource
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tbench.evidence.graph import Cost, Evidence, Root
from tbench.metric import Catalogue, Metric
from tbench.registry import Registry
from tbench.spec import needs, parse
from tbench.stopwatch import Timing, one_thread, steady

Literal = Callable[..., float]
Listener = Callable[[str, int, int], None]  # what comes next, how many steps are done, of how many


@dataclass(frozen=True)
class Size:
    """Of the made-up evidence."""

    samples: int
    columns: int
    classes: int
    sources: int = 1000
    references: int = 5000


SIZES = {"medium": Size(5000, 512, 10), "large": Size(10000, 2048, 100)}
WARM_UP = Size(60, 8, 3, 5, 60)  # so that what is imported or set up at the first call is not measured


@dataclass(frozen=True)
class Measured:
    """One metric: its value, its own time, that of each evidence node it rests on, and what its literal form gives."""

    label: str
    value: float
    own: Timing
    evidence: Mapping[str, Cost]
    literal: Timing | None = None
    literal_value: float | None = None

    @property
    def difference(self) -> float | None:
        """Of the two values, relative to the greater one."""
        if self.literal_value is None:
            return None
        greater = max(abs(self.value), abs(self.literal_value))
        return abs(self.value - self.literal_value) / greater if greater else 0.0

    @property
    def seconds(self) -> float:
        """Wall time with all evidence that it rests on, as if nobody shared it."""
        return self.own.seconds + sum(cost.seconds for cost in self.evidence.values())

    @property
    def cpu_seconds(self) -> float:
        return self.own.cpu_seconds + sum(cost.cpu_seconds for cost in self.evidence.values())


@dataclass(frozen=True)
class Together:
    """Metrics that share their evidence: each node is counted once.

    peak_bytes: the most memory that the process held up to here, inputs included and no literal form yet begun.
    """

    name: str
    metrics: Sequence[Measured]
    peak_bytes: int

    @property
    def evidence(self) -> Mapping[str, Cost]:
        return {node: cost for metric in self.metrics for node, cost in metric.evidence.items()}

    @property
    def seconds(self) -> float:
        own = sum(metric.own.seconds for metric in self.metrics)
        return own + sum(cost.seconds for cost in self.evidence.values())

    @property
    def cpu_seconds(self) -> float:
        own = sum(metric.own.cpu_seconds for metric in self.metrics)
        return own + sum(cost.cpu_seconds for cost in self.evidence.values())


@dataclass(frozen=True)
class Floor:
    """A float64 Gram F^T F and the eigen-decomposition of a matrix of its size, by NumPy."""

    gram: Timing
    eigh: Timing

    @property
    def seconds(self) -> float:
        return self.gram.seconds + self.eigh.seconds

    @property
    def cpu_seconds(self) -> float:
        return self.gram.cpu_seconds + self.eigh.cpu_seconds


@dataclass(frozen=True)
class Report:
    size: Size
    floor: Floor
    sets: Sequence[Together]


def bench(
    size: Size,
    specs: Sequence[str] = (),
    *,
    sets: Sequence[str] = ("core",),
    literals: bool = True,
    seed: int = 0,
    tell: Listener | None = None,
) -> Report:
    """Measure metrics on made-up evidence, with one thread.

    sets: those that installed packages bring, each with the literal forms of its metrics. specs: measured as one set,
    `asked`, in place of these.
    literals: measure these forms, too, once everything else is measured.

    UsageError for a metric that is not installed, Inapplicable for one that needs evidence which is not made up.
    """
    catalogue = Catalogue.installed()
    registry = Registry.installed("literals")
    asked = {"asked": specs} if specs else {name: [*registry.load(name)] for name in sets}
    chosen = {name: [catalogue.metric(text) for text in texts] for name, texts in asked.items()}
    metrics = [metric for members in chosen.values() for metric in members]
    forms: list[Mapping[str, Literal]] = [registry.load(name) for name in registry.names()] if literals else []
    known = _by_spec(forms, catalogue, {metric.core.name for metric in metrics})
    progress = _Progress(tell, 1 + len(metrics) + sum(metric.spec in known for metric in metrics))
    with one_thread():
        _warm_up(catalogue, metrics, seed)
        inputs = made_up(size, seed)
        progress.next("the floor")
        floor = _floor(np.asarray(inputs["features"], dtype=np.float64))
        found = [_together(name, members, _evidence(catalogue, inputs), progress) for name, members in chosen.items()]
        given = _evidence(catalogue, inputs)
        for place, together in enumerate(found):
            beside = []
            for metric, measured in zip(chosen[together.name], together.metrics, strict=True):
                if form := known.get(metric.spec):
                    progress.next(f"{metric.label}, literally")
                    measured = _literally(measured, form, given)
                beside.append(measured)
            found[place] = replace(together, metrics=beside)
    return Report(size, floor, found)


def made_up(size: Size, seed: int) -> dict[str, object]:
    """Evidence as a network gives it: rectified float32 features whose classes differ, probabilities of source classes.

    Every class occurs, as often as any other. The reference set has no classes.
    """
    draws = np.random.default_rng(seed)
    labels = draws.permutation(np.arange(size.samples) % size.classes)
    directions = draws.normal(scale=1.5 / np.sqrt(size.columns), size=(size.classes, size.columns)).astype(np.float32)
    features = _rectified(draws, size.samples, size.columns, directions[labels])
    preferred = draws.normal(scale=2.0, size=(size.classes, size.sources)).astype(np.float32)
    odds = np.exp(2 * draws.standard_normal((size.samples, size.sources), dtype=np.float32) + preferred[labels])
    odds /= odds.sum(axis=1, keepdims=True)
    references = _rectified(draws, size.references, size.columns, np.float32(0.0))
    return {
        "features": features,
        "labels": labels,
        "source_probabilities": odds,
        "reference_features": references,
        "seed": seed,
        "device": "cpu",
    }


def _rectified(
    draws: np.random.Generator, rows: int, columns: int, offset: NDArray[np.float32] | np.float32
) -> NDArray[np.float32]:
    """Correlated columns of falling variance, cut off below zero."""
    table = draws.standard_normal((rows, columns), dtype=np.float32)
    table *= np.linspace(1.5, 0.5, columns, dtype=np.float32)
    table += draws.standard_normal((rows, 1), dtype=np.float32) * draws.standard_normal(columns, dtype=np.float32)
    table += offset + np.float32(0.5)
    return np.maximum(table, 0, out=table)


def _by_spec(sets: Iterable[Mapping[str, Literal]], catalogue: Catalogue, names: set[str]) -> dict[str, Literal]:
    """The literal forms of these metrics, by the spec that spells out every setting."""
    found: dict[str, Literal] = {}
    for forms in sets:
        for text, form in forms.items():
            if parse(text).metric.name in names:
                found[catalogue.metric(text).spec] = form
    return found


def _evidence(catalogue: Catalogue, inputs: Mapping[str, object]) -> Evidence:
    roots = {name: Root.of(value) for name, value in inputs.items()}
    return Evidence(roots, catalogue.nodes, whose=f"what is made up for a measurement ({', '.join(inputs)})")


class _Progress:
    def __init__(self, tell: Listener | None, total: int) -> None:
        self._tell = tell
        self._done = 0
        self._total = total

    def next(self, what: str) -> None:
        if self._tell:
            self._tell(what, self._done, self._total)
        self._done += 1


def _warm_up(catalogue: Catalogue, metrics: Iterable[Metric], seed: int) -> None:
    evidence = _evidence(catalogue, made_up(WARM_UP, seed))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of evidence that nobody will see
        for metric in metrics:
            metric.judge(evidence)


def _floor(rows: NDArray[np.float64]) -> Floor:
    gram, first = steady(lambda: rows.T @ rows)
    return Floor(first, steady(lambda: np.linalg.eigh(gram))[1])


def _together(name: str, metrics: Iterable[Metric], evidence: Evidence, progress: _Progress) -> Together:
    measured = []
    for metric in metrics:
        progress.next(metric.label)
        verdict = metric.judge(evidence, repeat=True)
        measured.append(Measured(metric.label, verdict.value, verdict.timing, verdict.evidence))
    return Together(name, measured, _peak_bytes())


def _literally(measured: Measured, form: Literal, evidence: Evidence) -> Measured:
    given: dict[str, Any] = {need: evidence[need] for need in needs(form)}
    value, timing = steady(lambda: form(**given))
    return replace(measured, literal=timing, literal_value=float(value))


def _peak_bytes() -> int:
    """Where the kernel does not tell it of this program alone, what started the program may count, too."""
    if (status := Path("/proc/self/status")).exists():
        (kibibytes,) = (line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(kibibytes) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
