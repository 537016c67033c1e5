"""What a metric is free of and what it works for, derived from what it asks for and what it says of itself.

The columns are those of TransRate's property table (Huang et al., ICML 2022), and whether labels of a source are
needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from tbench.api import GIVEN, Solver, Touch
from tbench.evidence.graph import Evidence, Node, pooled
from tbench.metric import Metric
from tbench.spec import defaults

TOUCHES: tuple[Touch, ...] = get_args(Touch)
SOLVERS: tuple[Solver, ...] = get_args(Solver)  # the harder, the later
AGAINST: Mapping[str, tuple[Touch, ...]] = {
    "source_free": ("source data", "source labels"),
    "training_free": ("target training", "target probe", "fine-tuned weights", "pool"),
    "optimisation_free": (),
    "unsupervised": ("source head",),
    "layers": ("source head",),
}
"""Which touches take a metric its o in a column. Solvers take the third, blindness and scale the last one."""


@dataclass(frozen=True)
class Properties:
    """touches: each with what brings it, solvers: who searches, and how; named are evidence, or the metric itself.

    across_layers: nothing in it says that its values do not compare between layers.
    """

    touches: Mapping[Touch, tuple[str, ...]]
    solvers: Mapping[str, Solver]
    across_layers: bool

    @classmethod
    def of(cls, metric: Metric, nodes: Mapping[str, Node]) -> Properties:
        """Of a metric under its settings, whatever evidence is at hand when it is called."""
        graph = Evidence({}, nodes)
        found = [
            (piece.name, _Said.by(piece.function, defaults(piece.function) | dict(piece.settings)))
            for piece in (metric.core, *metric.transforms)
        ]
        for asked in metric.asked:
            behind = graph.behind(asked)
            found += [(asked, _Said.by(nodes[name]) if name in nodes else _Said.given(name)) for name in behind]
        touches = {touch: dict.fromkeys(name for name, said in found if touch in said.touches) for touch in TOUCHES}
        return cls(
            {touch: tuple(names) for touch, names in touches.items() if names},
            {name: said.solver for name, said in found if said.solver != "closed"},
            all(said.across_layers for _, said in found),
        )

    @property
    def solver(self) -> Solver:
        """The hardest one."""
        return max(self.solvers.values(), key=SOLVERS.index, default="closed")

    @property
    def blind(self) -> bool:
        """Whether it rests on nothing of the candidate itself, which it then cannot tell from any other."""
        return "candidate" not in self.touches

    @property
    def labelled_source(self) -> tuple[str, ...]:
        """What brings the need for labels of a source; nothing, where there is none."""
        return self.touches.get("source labels", ())

    def against(self) -> dict[str, tuple[str, ...]]:
        """Column -> what takes the metric its o there; nothing where it has it."""
        found = {
            column: [f"{touch}: {', '.join(self.touches[touch])}" for touch in touches if touch in self.touches]
            for column, touches in AGAINST.items()
        }
        found["optimisation_free"] += [f"{solver}: {name}" for name, solver in self.solvers.items()]
        if self.blind:
            found["layers"].append("nothing of the candidate")
        if not self.across_layers:
            found["layers"].append("layers do not compare")
        return {column: tuple(reasons) for column, reasons in found.items()}


@dataclass(frozen=True)
class _Said:
    """What a plug-in function says of itself."""

    touches: frozenset[Touch]
    solver: Solver = "closed"
    across_layers: bool = True

    @classmethod
    def by(cls, function: object, settings: Mapping[str, object] | None = None) -> _Said:
        solver: Any = getattr(function, "solver", "closed")
        return cls(
            getattr(function, "touches", frozenset()),
            solver(settings or {}) if callable(solver) else solver,
            getattr(function, "across_layers", True),
        )

    @classmethod
    def given(cls, name: str) -> _Said:
        """Of evidence that no function computes. What the vocabulary does not know is a fact of the candidate."""
        return cls(frozenset(GIVEN.get("pool" if pooled(name) else name, ("candidate",))))
