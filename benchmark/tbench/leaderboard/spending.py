"""What scores spend their seconds on: passes, training, transport, optimisation, or closed forms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from tbench.leaderboard.charges import Charges
from tbench.leaderboard.frame import Frame
from tbench.leaderboard.ledger import Ledger
from tbench.leaderboard.metrics import fits
from tbench.leaderboard.seconds import Seconds
from tbench.results import Record
from tbench.vocabulary import OF_POOL

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
    ledger = Ledger.of(scores)
    cells = ledger.groups("dataset", "candidate", "seed")
    charges = Charges(ledger)
    nodes: dict[Kind, list[str]] = defaultdict(list)
    for node in charges.names:
        nodes[_of_node(node, frame)].append(node)
    once = charges.once(cells)
    resting = {kind: charges.has(names) for kind, names in nodes.items()}
    none = np.zeros(len(ledger), dtype=bool)
    training = np.array(ledger.each("words", fits), dtype=bool) & ~resting.get("training on the target", none)
    coupling = ~training & resting.get("optimal transport", none)
    closed = np.array(ledger.each("words", lambda words: words.get("solver", "closed") == "closed"), dtype=bool)
    own: dict[Kind, NDArray[np.bool_]] = {
        "training on the target": training,
        "optimal transport": coupling,
        "optimisation": ~training & ~coupling & ~closed,
        "closed form": ~training & ~coupling & closed,
    }
    kinds: tuple[Kind, ...] = get_args(Kind)
    found = []
    for kind in kinds:
        rows = own.get(kind, none)
        spenders = rows if kind == "closed form" else rows | resting.get(kind, none)  # closed: in all there is some
        where = [cells.which[rows], *(once[node][0] for node in nodes[kind])]
        seconds = Seconds(float(ledger["seconds"][rows].sum()), float(ledger["cpu_seconds"][rows].sum()))
        total = Seconds.sum([seconds, *(once[node][1] for node in nodes[kind])])
        if count := len(np.unique(np.concatenate(where))):
            names = {labels[spec] for spec in ledger.where(spenders).by_text("spec")}
            found.append(Spending(kind, tuple(sorted(names)), count, total))
    return tuple(found)


def _of_node(node: str, frame: Frame) -> Kind:
    name = node.partition("+")[0]  # as it was before a transform
    if name in (*frame.extraction, *frame.passes):
        return "passes through networks"
    if name in frame.training or name.startswith(OF_POOL):
        return "training on the target"
    return "optimal transport" if name == TRANSPORT else "closed form"
