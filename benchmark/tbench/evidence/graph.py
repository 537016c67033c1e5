"""Evidence asked for by name: each node computed once, timed on its own, the dear ones kept on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from difflib import get_close_matches
from functools import cache, partial
from typing import TYPE_CHECKING, Any, TypeVar
from warnings import catch_warnings

import numpy as np

from tbench.api import VOCABULARY
from tbench.errors import EvidenceError, Inapplicable, MissingEvidence, SaturationWarning, UsageError
from tbench.evidence.admission import OF_ONE_WIDTH, PER_SAMPLE, PER_SOURCE_SAMPLE, admit, check_lengths, check_widths
from tbench.evidence.identity import code_of, digest, libraries
from tbench.evidence.shelf import DamagedError, Shelf
from tbench.provenance import machine
from tbench.spec import needs
from tbench.stopwatch import Timing, once
from tbench.vocabulary import OF_POOL

if TYPE_CHECKING:
    from tbench.evidence.pool import Pool

SHARD = 500  # rows of what is kept in shards: the most that a kill can cost
PATIENCE = 3600.0  # seconds to wait for somebody who computes the same; a shard takes minutes, and the dead free theirs
BESIDE_FEATURES = [name for name in OF_ONE_WIDTH[0] if name != "features"]
AUDIBLE = 5.0  # seconds of waiting that are told

Node = Callable[..., object]
Value = TypeVar("Value")


@dataclass(frozen=True)
class Cost:
    """What one node took when it was computed, and where."""

    seconds: float
    cpu_seconds: float
    machine: str

    @classmethod
    def here(cls, timing: Timing) -> Cost:
        return cls(timing.seconds, timing.cpu_seconds, machine())

    @classmethod
    def of(cls, parts: Sequence[Cost]) -> Cost:
        """Of all parts together; machines that are not the same are all named."""
        machines = " and ".join(sorted({part.machine for part in parts}))
        return cls(sum(part.seconds for part in parts), sum(part.cpu_seconds for part in parts), machines)


@dataclass(frozen=True)
class Root:
    """Evidence that comes from outside the graph. Only what rests on roots with an identity can be kept on disk.

    identity: may be told only when it is asked for, where telling it is dear. cost: what getting it took, known once
    it is loaded; most roots cost nothing.
    """

    load: Callable[[], object]
    identity: str | Callable[[], str | None] | None = None
    cost: Callable[[], Cost] | None = None

    @classmethod
    def of(cls, value: object, identity: str | None = None) -> Root:
        """A value that is there already."""
        return cls(lambda: value, identity)

    @property
    def known_as(self) -> str | None:
        return self.identity() if callable(self.identity) else self.identity


@dataclass(frozen=True)
class Part:
    """A value, or some rows of one, whoever computed it: what it cost, and what was warned of."""

    value: Any
    cost: Cost
    warned: Sequence[Warning]


@dataclass
class Evidence:
    """All that can be said about one candidate on one dataset. A failure is remembered as a value is.

    whose: named in messages. notices: what a user should hear, such as a damaged file that was computed again. pool:
    what each candidate of a suite says of a node, itself included; evidence asks for it as pool_of_<node>.
    """

    roots: Mapping[str, Root]
    nodes: Mapping[str, Node]
    shelf: Shelf | None = None
    whose: str = ""
    notices: list[str] = field(default_factory=list)
    pool: Callable[[str], Pool] | None = None
    costs: dict[str, Cost] = field(default_factory=dict)
    warned: dict[str, list[Warning]] = field(default_factory=dict)
    _known: dict[str, object] = field(default_factory=dict)
    _failed: dict[str, Exception] = field(default_factory=dict)
    _moved: dict[str, Evidence] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        """The value, read-only. Inapplicable, EvidenceError or the node's own exception where there is none."""
        if name in self._failed:
            raise self._failed[name]
        if name not in self._known:
            try:
                value = admit(name, self._find(name))
                if name in (*PER_SAMPLE, *PER_SOURCE_SAMPLE):
                    check_lengths(self._known | {name: value})
                if any(name in names for names in OF_ONE_WIDTH):
                    check_widths(self._known | {name: value})
            except Exception as error:
                self._failed[name] = error
                raise
            self._known[name] = value
        return self._known[name]

    def below(self, name: str) -> tuple[str, ...]:
        """The name and all that it rests on, each once, in the order in which they are computed."""
        order: dict[str, None] = {}

        def visit(name: str) -> None:
            if name not in order:
                if name not in self.roots and name in self.nodes:
                    for need in needs(self.nodes[name]):
                        visit(need)
                order[name] = None

        visit(name)
        return tuple(order)

    def behind(self, name: str) -> tuple[str, ...]:
        """The same, and what lies behind the pools among it, which is each candidate's own; names may come twice."""
        below = self.below(name)
        nodes = (node for other in below if other not in self.roots and (node := pooled(other)))
        return (*below, *(other for node in nodes for other in self.behind(node)))

    def cost(self, name: str) -> dict[str, Cost]:
        """What every node that this name rests on took, itself included."""
        return {node: self.costs[node] for node in self.below(name) if node in self.costs}

    def warnings(self, name: str) -> list[Warning]:
        """What every node that this name rests on warned of when it was computed."""
        return [warning for node in self.below(name) for warning in self.warned.get(node, [])]

    def given(self, name: str) -> bool:
        """Whether it comes from outside the graph."""
        return name in self.roots

    def free_of(self, root: str, name: str) -> bool:
        """Whether a name rests on nothing of that root."""
        return root not in self.below(name)

    def apart_from(self, root: str, name: str) -> Iterator[tuple[Evidence, str]]:
        """Of what a name rests on, that which is the same whatever the root is: the nearest such evidence, and where
        it is."""
        if self.free_of(root, name):
            yield self, name
        else:
            for where, below in self._steps(name):
                yield from where.apart_from(root, below)

    def _steps(self, name: str) -> Iterator[tuple[Evidence, str]]:
        """What a name is made of, one step down."""
        if name not in self.roots and name in self.nodes:
            for need in needs(self.nodes[name]):
                yield self, need

    def moved(self, name: str, transform: Node, settings: Mapping[str, object]) -> Evidence:
        """The same evidence with `features` as the transform leaves them; asked for twice, made once."""
        if name not in self._moved:
            moved = Moved({}, self.nodes, whose=name, notices=self.notices)
            moved.start_from(self, transform, settings)
            self._moved[name] = moved
        return self._moved[name]

    def _find(self, name: str) -> object:
        if name in self.roots:
            root = self.roots[name]
            value = root.load()
            if root.cost:
                self.costs[name] = root.cost()
            return value
        if name in self.nodes:
            return self._computed(name)
        node = pooled(name)
        if node and self.pool:
            pool = self.pool(node)
            self.costs[name] = pool.cost
            return pool
        known = "pool" if node else name
        if known in VOCABULARY:
            raise MissingEvidence(f"{self.whose} gives no {name}: {VOCABULARY[known]}")
        close = get_close_matches(name, [*VOCABULARY, *self.nodes], n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise UsageError(f"no installed package gives evidence called {name!r}{hint}")

    def key(self, name: str) -> str | None:
        """Of all content that a node rests on and of the code that computes it, whatever is below it included.

        None if some of that has no identity, such as a pool: then the value cannot be kept.
        """
        below = self.below(name)
        if any(map(pooled, below)):
            return None
        roots = {root: self.roots[root].known_as for root in below if root in self.roots}
        nodes = {node: self.nodes[node] for node in below if node not in self.roots and node in self.nodes}
        code = {node: code_of(function.__module__) for node, function in nodes.items()}
        if None in (*roots.values(), *code.values()):
            return None
        functions = {node: f"{function.__module__}:{function.__qualname__}" for node, function in nodes.items()}
        return digest({"node": name, "roots": roots, "nodes": functions, "code": code, "libraries": libraries()})

    def _computed(self, name: str) -> object:
        """From the shelf, where it is there; what is taken by shards is kept shard by shard, so that little is lost.

        Shards that others are at come last: several workers share an extraction, and none waits while there is work.
        """
        shards = self._shards(name)
        found: dict[int, Part] = {}
        for patience in (0.0, PATIENCE):
            for number, (rows, key) in enumerate(shards):
                part = None if number in found else self._part(name, rows, key, patience)
                if part:
                    found[number] = part
        parts = [found[number] for number in range(len(shards))]
        self.costs[name] = Cost.of([part.cost for part in parts])
        self.warned[name] = [warning for part in parts for warning in part.warned]
        if len(parts) == 1:
            return parts[0].value
        return {array: np.concatenate([part.value[array] for part in parts]) for array in parts[0].value}

    def _shards(self, name: str) -> list[tuple[slice | None, str | None]]:
        """Which rows belong together, and their keys: all of them, unless many are to be kept."""
        node = self.nodes[name]
        key = self.key(name) if self.shelf and getattr(node, "keep", False) else None
        by = getattr(node, "shards", None)
        if not key or not by or (count := len(self[by])) <= SHARD:
            return [(None, key)]
        starts = range(0, count, SHARD)
        return [(slice(start, start + SHARD), digest([key, start, SHARD])) for start in starts]

    def _part(self, name: str, rows: slice | None, key: str | None, patience: float) -> Part | None:
        """Kept, or computed while nobody else does; None without patience if somebody does."""
        if key is None or self.shelf is None:
            return self._made(name, rows)
        try:
            part = self._kept(self.shelf, key)
        except DamagedError:
            part = None  # perhaps just being mended; looked at again below, alone
        if part:
            return part
        with self.shelf.turn(key, patience) as turn:
            if not (turn.ours or patience):
                return None
            if turn.waited > AUDIBLE:
                so = "had it" if turn.ours else "has it still: computed here, too"
                self.notices.append(f"{name} of {self.whose}: waited {turn.waited:.0f} s for {turn.owner}, which {so}")
            try:
                part = self._kept(self.shelf, key)
            except DamagedError as damage:
                self.notices.append(f"{damage}: {name} of {self.whose} is computed again")
            if part is None:
                part = self._made(name, rows)
                self._keep(self.shelf, name, key, part)
            return part

    def _made(self, name: str, rows: slice | None) -> Part:
        node = self.nodes[name]
        given = {need: self[need] for need in needs(node)}
        if rows:
            given |= {node.shards: given[node.shards][rows]}  # type: ignore[attr-defined]
        value = self._timed(name, partial(node, **given))
        return Part(value, self.costs[name], self.warned[name])

    def _keep(self, shelf: Shelf, name: str, key: str, part: Part) -> None:
        """What cannot be written, such as to a full disk, is told, and costs no score."""
        if not isinstance(part.value, Mapping):
            kind = type(part.value)
            raise EvidenceError(f"evidence {name} is to be kept and must be a mapping of arrays, not {kind}")
        notes = {"node": name, "whose": self.whose, "cost": asdict(part.cost), "warned": _written(part.warned)}
        try:
            shelf.write(key, part.value, notes)
        except OSError as error:
            why = error.strerror or error
            self.notices.append(f"{name} of {self.whose} cannot be kept in {shelf.folder} ({why}): see to that")

    def _kept(self, shelf: Shelf, key: str) -> Part | None:
        kept = shelf.read(key)
        if kept is None:
            return None
        arrays, notes = kept
        try:
            return Part(arrays, Cost(**notes["cost"]), _read(notes["warned"]))
        except (KeyError, TypeError) as error:
            raise DamagedError(f"the manifest of {key} in {shelf.folder} does not tell all ({error!r})") from error

    def _timed(self, name: str, call: Callable[[], Value]) -> Value:
        with catch_warnings(record=True, action="always") as warned:
            value, timing = once(call)
        self.costs[name] = Cost.here(timing)
        self.warned[name] = [one.message for one in warned if isinstance(one.message, Warning)]
        return value


def pooled(name: str) -> str | None:
    """The node that a pool is asked about by this name, if it is one."""
    return name.removeprefix(OF_POOL) if name.startswith(OF_POOL) else None


def _written(warned: Sequence[Warning]) -> dict[str, list[str]]:
    """As JSON: those that say how little a value tells, and all others."""
    kinds: dict[str, list[str]] = {"saturation": [], "other": []}
    for warning in warned:
        kinds["saturation" if isinstance(warning, SaturationWarning) else "other"].append(str(warning))
    return kinds


def _read(kinds: Mapping[str, Sequence[str]]) -> list[Warning]:
    return [*map(SaturationWarning, kinds["saturation"]), *map(UserWarning, kinds["other"])]


class Derived(Evidence):
    """Evidence some of which is its own; what rests on that is computed anew, all else is the origin's."""

    origin: Evidence

    def given(self, name: str) -> bool:
        return self.origin.given(name)

    def free_of(self, root: str, name: str) -> bool:
        return all(self.origin.free_of(root, each) for each in self._from_origin(name))

    def warnings(self, name: str) -> list[Warning]:
        found = [warning for origin in self._from_origin(name) for warning in self.origin.warnings(origin)]
        return found + [warning for node in self._made_anew(name) for warning in self.warned.get(node, [])]

    def _steps(self, name: str) -> Iterator[tuple[Evidence, str]]:
        if self._is_new(name):
            yield from super()._steps(name)
        else:
            yield self.origin, name

    def _made_anew(self, name: str) -> list[str]:
        """The nodes below that are this evidence's own."""
        return [node for node in self.below(name) if self._is_new(node)]

    def _from_origin(self, name: str) -> list[str]:
        """The nodes below that are the origin's."""
        return [name] if not self._is_new(name) else [node for node in self.below(name) if not self._is_new(node)]

    def _find(self, name: str) -> object:
        return super()._find(name) if self._is_new(name) else self.origin[name]

    def _is_new(self, name: str) -> bool:
        return not self.roots.keys().isdisjoint(self.below(name))


class Moved(Derived):
    """Evidence after a transform: what the transform gives is its own."""

    transform_needs: tuple[str, ...]

    def start_from(self, origin: Evidence, transform: Node, settings: Mapping[str, object]) -> None:
        self.origin = origin
        self.transform_needs = needs(transform)
        gives = ("features", *getattr(transform, "gives", ()))

        @cache
        def made() -> Mapping[str, Any]:
            given = {need: origin[need] for need in self.transform_needs}
            value = self._timed("features", lambda: transform(**given, **settings))
            found = value if isinstance(value, Mapping) else {"features": np.asarray(value)}
            if set(found) != set(gives):
                raise EvidenceError(f"transform {self.whose} gave {', '.join(found)} and not {', '.join(gives)}")
            before, after = origin["features"].shape, found["features"].shape
            if before[:1] != after[:1]:
                raise EvidenceError(f"transform {self.whose} turned {before} into {after}")
            return found

        self.roots = {name: Root(partial(lambda name: made()[name], name)) for name in gives}

    def cost(self, name: str) -> dict[str, Cost]:
        """As for the origin; a node that was computed anew is told apart by the transform's name."""
        found: dict[str, Cost] = {}
        for origin in self._from_origin(name):
            found |= self.origin.cost(origin)
        for node in self._made_anew(name):
            if node in self.costs:
                found[f"{node}+{self.whose}"] = self.costs[node]
        return found

    def _steps(self, name: str) -> Iterator[tuple[Evidence, str]]:
        if name in self.roots:
            for need in self.transform_needs:
                yield self.origin, need
        else:
            yield from super()._steps(name)

    def _made_anew(self, name: str) -> list[str]:
        """The transform itself counts as its features."""
        nodes = dict.fromkeys(("features", *self.below(name))) if self._is_new(name) else {}
        return [node for node in nodes if self._is_new(node)]

    def _from_origin(self, name: str) -> list[str]:
        """And what the transform asked of it."""
        found = super()._from_origin(name)
        return [*self.transform_needs, *found] if self._is_new(name) else found

    def _find(self, name: str) -> object:
        """What the same network says of other images, and its head, speak of the columns before the transform."""
        value: Any = super()._find(name)
        if name in BESIDE_FEATURES and (before := value.shape[1]) != (after := self["features"].shape[1]):
            raise Inapplicable(f"transform {self.whose} made {after} columns of the features; {name} have {before}")
        return value
