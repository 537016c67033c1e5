"""What scores spend their seconds on: passes, training, transport, optimisation, or closed forms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from tbench.leaderboard.frame import Frame
from tbench.leaderboard.metrics import trains
from tbench.leaderboard.seconds import Seconds, cell_of
from tbench.leaderboard.truth import Cell
from tbench.results import Record

Kind = Literal["passes through networks", "training on the target", "optimal transport", "optimisation", "closed form"]

TRANSPORT = "transport"  # the node that metrics ask for couplings


@dataclass(frozen=True)
class Spending:
    """metrics: the labels of those that spend it. cells: in how many some was spent; each node once in each cell."""

    kind: Kind
    metrics: tuple[str, ...]
    cells: int
    seconds: Seconds


def find_spendings(scores: Iterable[Record], labels: Mapping[str, str], frame: Frame) -> tuple[Spending, ...]:
    """Of scores that were measured; labels: of those metrics that count, by their specs."""
    charged: dict[Kind, dict[tuple[Cell, str], Seconds]] = defaultdict(dict)
    spenders: dict[Kind, set[str]] = defaultdict(set)
    for record in scores:
        cell, spec = cell_of(record), record.key.spec
        for node in record.evidence:
            kind = _of_node(node, frame)
            charged[kind].setdefault((cell, node), Seconds.of_node(record, node))
            if kind != "closed form":  # in which there is something of everything
                spenders[kind].add(labels[spec])
        kind = _of_own(record, frame)
        charged[kind][cell, f"metric {spec}"] = Seconds.of(record)
        spenders[kind].add(labels[spec])
    kinds: tuple[Kind, ...] = get_args(Kind)
    return tuple(
        Spending(
            kind,
            tuple(sorted(spenders[kind])),
            len({cell for cell, _ in charged[kind]}),
            Seconds.sum(charged[kind].values()),
        )
        for kind in kinds
        if kind in charged
    )


def _of_node(node: str, frame: Frame) -> Kind:
    name = node.partition("+")[0]  # as it was before a transform
    if name in (*frame.extraction, *frame.passes):
        return "passes through networks"
    if name in frame.training:
        return "training on the target"
    return "optimal transport" if name == TRANSPORT else "closed form"


def _of_own(record: Record, frame: Frame) -> Kind:
    """Of the metric's own seconds: where no evidence below it does the training that it touches, it does so itself."""
    nodes = {_of_node(node, frame) for node in record.evidence}
    if trains(record) and "training on the target" not in nodes:
        return "training on the target"
    if "optimal transport" in nodes:
        return "optimal transport"
    return "closed form" if record.details.get("solver", "closed") == "closed" else "optimisation"
