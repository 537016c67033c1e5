"""A metric as it was asked for: the function, its settings, the transforms round it; and what it says of evidence."""

from __future__ import annotations

import math
import numbers
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from tbench.api import VOCABULARY, Score
from tbench.errors import PluginError, TbenchError, UsageError
from tbench.evidence.changed import LABELS, SAMPLES_OF, changed
from tbench.evidence.graph import Cost, Evidence
from tbench.registry import Registry
from tbench.spec import Piece, bind, defaults, needs, parse, shortened, spelled_out, split_specs
from tbench.stopwatch import Timing, once, steady

INNER = "inner"  # what a transform calls the metric that it wraps, if it calls it
Call = Callable[[Callable[[], tuple[Score, Timing]]], tuple[Score, Timing]]


def directly(measured: Callable[[], tuple[Score, Timing]]) -> tuple[Score, Timing]:
    """In this process."""
    return measured()


@dataclass(frozen=True)
class Applied:
    """A plug-in function with the settings that it is to be called with."""

    name: str
    function: Callable[..., Any]
    settings: Mapping[str, object]
    label: str  # as short as it can be written
    origin: str = ""  # the package that brings it, with its version

    @property
    def asks(self) -> tuple[str, ...]:
        """The evidence that it asks for."""
        return tuple(need for need in needs(self.function) if need != INNER)

    @property
    def wraps(self) -> bool:
        """Whether it is a transform that calls the metric, and does not only change features."""
        return INNER in needs(self.function)


@dataclass(frozen=True)
class Verdict:
    """What a metric said, what it took, and what the evidence that it rests on took, node by node."""

    value: float
    terms: Mapping[str, float]
    scaled: Mapping[str, float]
    timing: Timing
    evidence: Mapping[str, Cost]


@dataclass(frozen=True)
class Metric:
    """spec: every setting spelled out, the same for two ways of writing one thing. label: as short as it can be."""

    spec: str
    label: str
    origin: str  # the package that brings the metric, with its version
    core: Applied
    transforms: tuple[Applied, ...] = ()

    def judge(self, evidence: Evidence, *, repeat: bool = False, call: Call = directly) -> Verdict:
        """The score of the evidence's candidate, timed once or (repeat) until the time is steady.

        call: where the metric's function runs; all evidence is computed in this process. Only what a transform has
        computed anew for the calls that it makes is computed there, and is the metric's own work.
        """
        evidence, called, inner = self._seen(evidence)
        spared = frozenset() if inner else self.spared
        wanted = [(evidence, need) for need in called.asks if need not in spared]
        given = dict.fromkeys(called.asks) | {need: where[need] for where, need in wanted}
        if inner:
            wanted += inner.metric.untouched(evidence)
            for where, need in wanted:
                where[need]  # computed here and now
            given[INNER] = inner

        def measured() -> tuple[Score, Timing]:
            value, timing = (steady if repeat else once)(lambda: self._called(called, given))
            return self._score(value), timing

        score, timing = call(measured)
        costs: dict[str, Cost] = {}
        for where, need in wanted:
            costs |= where.cost(need)
        for warning in dict.fromkeys(warning for where, need in wanted for warning in where.warnings(need)):
            warnings.warn(warning, stacklevel=2)
        return Verdict(score.value, score.terms, score.scaled, timing, dict(sorted(costs.items())))

    def untouched(self, evidence: Evidence) -> list[tuple[Evidence, str]]:
        """Of what it rests on, that which is the same whatever the labels are: the nearest such, and where it is."""
        evidence, called, inner = self._seen(evidence)
        spared = frozenset() if inner else self.spared
        found = [each for need in called.asks if need not in spared for each in evidence.apart_from(LABELS, need)]
        return found + (inner.metric.untouched(evidence) if inner else [])

    def _seen(self, evidence: Evidence) -> tuple[Evidence, Applied, Inner | None]:
        """The evidence as it comes to the function that is called first; that function, which is the metric's own or
        that of the last transform that calls it, and then what it calls."""
        wraps = [place for place, piece in enumerate(self.transforms) if piece.wraps]
        last = wraps[-1] if wraps else -1
        for transform in self.transforms[last + 1 :]:
            evidence = evidence.moved(transform.label, transform.function, transform.settings)
        if not wraps:
            return evidence, self.core, None
        return evidence, self.transforms[last], Inner(replace(self, transforms=self.transforms[:last]), evidence)

    @property
    def foreign(self) -> bool:
        """Whether another package than tbench brings what is called: the metric, or a transform that calls it."""
        called = [self.origin, *(piece.origin for piece in self.transforms if piece.wraps)]
        return any(origin.partition(" ")[0].lower() != "tbench" for origin in called)

    @property
    def asked(self) -> tuple[str, ...]:
        """The evidence that metric and transforms ask for under their settings, each once."""
        wanted = [need for need in self.core.asks if need not in self.spared]
        return tuple(dict.fromkeys([*wanted, *(need for piece in self.transforms for need in piece.asks)]))

    @property
    def spared(self) -> frozenset[str]:
        """Evidence that the function does not need under its settings."""
        spares = getattr(self.core.function, "spares", None)
        return frozenset(spares(defaults(self.core.function) | dict(self.core.settings))) if spares else frozenset()

    def _called(self, called: Applied, given: Mapping[str, object]) -> object:
        """What asks the interpreter to end is meant for a script, and is a failure of the metric here."""
        try:
            return called.function(**given, **called.settings)
        except (Exception, KeyboardInterrupt):
            raise
        except BaseException as error:
            what = f"raised {type(error).__name__}"
            raise TbenchError(f"metric {self.label} from {self.origin} {what}; it must return one number") from error

    def _score(self, value: object) -> Score:
        score = value if isinstance(value, Score) else Score(value)  # type: ignore[arg-type]
        if strangers := sorted(score.scaled.keys() - score.terms.keys()):
            told = f"scaled {', '.join(strangers)}"
            raise TbenchError(f"metric {self.label} from {self.origin} returned {told}, which is none of its terms")
        terms, scaled = (
            {name: self._number(number) for name, number in of.items()} for of in (score.terms, score.scaled)
        )
        return Score(self._number(score.value), terms, scaled)

    def _number(self, value: object) -> float:
        with suppress(OverflowError):
            if isinstance(value, numbers.Real) and math.isfinite(number := float(value)):
                return number
        shown = type(value).__name__
        for plain in (float, complex):
            if isinstance(value, plain):
                shown = plain.__repr__(value)  # a subclass may say anything of itself
        raise TbenchError(f"metric {self.label} from {self.origin} returned {shown}; it must return one finite number")


@dataclass(frozen=True)
class Inner:
    """A metric that can be called again and again, on evidence some of which is given anew or on some samples only.

    What rests on neither is computed once; the labels and what rests on them are taken anew for every call.
    """

    metric: Metric
    evidence: Evidence

    def __call__(self, rows: NDArray[Any] | None = None, **given: object) -> Score:
        """rows: the samples that are left, all if None. given: evidence by name, of these. UsageError: no such name."""
        if unknown := sorted(set(given) - {*VOCABULARY, *self.evidence.nodes}):
            raise UsageError(f"metric {self.metric.label} is called with {', '.join(unknown)}, which is no evidence")
        verdict = self.metric.judge(changed(self.evidence, given, rows))
        return Score(verdict.value, verdict.terms, verdict.scaled)


@dataclass(frozen=True)
class Catalogue:
    """The installed plug-ins that make up metrics."""

    metrics: Registry
    transforms: Registry
    evidence: Registry

    @classmethod
    def installed(cls) -> Catalogue:
        return cls(*(Registry.installed(kind) for kind in ("metrics", "transforms", "evidence")))

    @property
    def nodes(self) -> Nodes:
        return Nodes(self.evidence)

    def metric(self, text: str) -> Metric:
        """The metric that a spec asks for. UsageError: unknown name or setting. PluginError: broken package."""
        spec = parse(text)
        core = _applied(self.metrics, spec.metric)
        transforms = tuple(_applied(self.transforms, piece) for piece in spec.transforms)
        rests_on = self._rests_on(core.function) if transforms else set()
        if not all(piece.wraps for piece in transforms) and "features" not in rests_on:
            raise UsageError(f"{text}: {core.name} does not rest on features, so a transform would change nothing")
        if transforms and rests_on.isdisjoint(SAMPLES_OF):
            raise UsageError(f"{text}: {core.name} rests on nothing per sample, so every call would say the same")
        pieces = (core, *transforms)
        return Metric(
            "+".join(str(spelled_out(piece.name, piece.function, piece.settings)) for piece in pieces),
            "+".join(piece.label for piece in pieces),
            self.metrics.origin(core.name),
            core,
            transforms,
        )

    def choose(self, words: str, of_suite: Sequence[str]) -> tuple[list[Metric], list[str]]:
        """The metrics of a comma list, and a line for each that cannot be had.

        `all`: every installed metric, and those that the suite lists beside (compositions, variants). Then names that
        clash and packages that are broken are told and left out; a metric asked for by name must be there.
        """
        if words != "all":
            return [self.metric(text) for text in split_specs(words)], []
        complaints = self.metrics.clashes() + self.transforms.clashes()
        refused = {name for name, entries in self.metrics.shelf.items() if len(entries) > 1}
        found: dict[str, Metric] = {}
        for text in dict.fromkeys([*of_suite, *self.metrics.names()]):
            if parse(text).metric.name in refused:
                continue
            try:
                metric = self.metric(text)
            except PluginError as error:
                complaints.append(str(error))
            else:
                found.setdefault(metric.spec, metric)
        return list(found.values()), list(dict.fromkeys(complaints))

    def _rests_on(self, function: Callable[..., object]) -> set[str]:
        graph = Evidence({}, self.nodes)
        return {name for need in needs(function) for name in graph.below(need)}


class Nodes(Mapping[str, Callable[..., object]]):
    """The evidence nodes that are installed, imported when asked for."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def __getitem__(self, name: str) -> Callable[..., object]:
        if name not in self._registry.shelf:
            raise KeyError(name)
        node: Callable[..., object] = self._registry.load(name)
        return node

    def __iter__(self) -> Iterator[str]:
        return iter(self._registry)

    def __len__(self) -> int:
        return len(self._registry.shelf)


def _applied(registry: Registry, piece: Piece) -> Applied:
    function = registry.load(piece.name)
    settings = bind(piece, function)
    label = str(shortened(piece.name, function, settings))
    return Applied(piece.name, function, settings, label, registry.origin(piece.name))
