"""What the scores cost beside fine-tuning, on one machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tbench.leaderboard.charges import Array, Charges
from tbench.leaderboard.frame import Frame
from tbench.leaderboard.ledger import Ledger, Places
from tbench.leaderboard.machine import machines_named, machines_of
from tbench.leaderboard.metrics import Metric
from tbench.leaderboard.seconds import Seconds, cells_of
from tbench.leaderboard.spending import Spending, find_spendings
from tbench.leaderboard.truth import Cell, Truths
from tbench.results import Record

DEAREST = 6  # nodes of evidence that prices tell one by one


@dataclass(frozen=True)
class Price:
    """Sums over `cells`. own: the metric alone; evidence: all that it rests on but extraction; nodes: the part of that
    which goes to each of the dearest nodes of all.

    best, sweep: what fine-tuning the same cells took, the chosen runs alone and all runs; None where nothing was
    fine-tuned. estimated: for how many of the cells that is an estimate.
    """

    metric: Metric
    cells: int
    own: Seconds
    evidence: Seconds
    extraction: Seconds
    best: Seconds | None
    sweep: Seconds | None
    estimated: int
    nodes: Mapping[str, Seconds]

    @property
    def strict(self) -> Seconds:
        """With all that it rests on."""
        return self.own + self.evidence + self.extraction


@dataclass(frozen=True)
class Bill:
    """machine: the one that most records come from. left_out: records that come from others, or tell no seconds.

    cells: those with fine-tuning, or with scores where there is none. extraction: node -> cells and seconds; evidence:
    the same of all other nodes, dearest first; spendings: what all of them and the metrics themselves took, by what it
    went to, published variants aside. estimated: cells whose fine-tuning was not measured but calibrated; tried: by how
    many steps, of which protocol.
    """

    machine: str
    left_out: int
    cells: int
    extraction: Mapping[str, tuple[int, Seconds]]
    evidence: Mapping[str, tuple[int, Seconds]]
    spendings: tuple[Spending, ...]
    best: Seconds | None
    sweep: Seconds | None
    estimated: int
    tried: tuple[tuple[int, str], ...]
    prices: tuple[Price, ...]


def make_bill(
    metrics: Sequence[Metric],
    scores: Iterable[Record],
    truths: Truths,
    frame: Frame,
    estimates: Iterable[Record] = (),
) -> Bill | None:
    """Each cell is charged as if it stood alone: evidence that several metrics share is charged to each of them.

    None where no score was measured. An estimate of what fine-tuning takes stands for every seed that was not measured
    on the machine.
    """
    everything = Ledger.of(scores)
    measured = everything.where(everything.ok)
    runs = [run for truth in truths.values() for run in truth.runs]
    guesses = [record for record in estimates if record.status == "ok"]
    alike = measured.groups("provenance", "evidence")
    origins = zip(*(measured[name][alike.first].tolist() for name in ("provenance", "evidence")), strict=True)
    places = [frozenset(machines_named(measured.meant(one), measured.meant(other))) for one, other in origins]
    machines: Counter[str] = Counter()
    tried = [(machines_of(record), 1) for record in [*runs, *guesses]]
    for several, count in [*zip(places, alike.counts, strict=True), *tried]:
        if len(several) == 1:
            machines.update(dict.fromkeys(several, count))
    if not measured or not machines:
        return None
    machine = max(machines, key=lambda name: (machines[name], name))
    there = np.array([several == {machine} for several in places], dtype=bool)[alike.which]
    timed = measured.where(there & ~np.isnan(measured["seconds"]) & ~np.isnan(measured["cpu_seconds"]))
    tuned = {cell: truth for cell, truth in truths.items() if all(_timed_on(run, machine) for run in truth.runs)}
    left_out = len(measured) - len(timed) + sum(not _timed_on(run, machine) for run in [*runs, *guesses])
    best = {cell: Seconds.of(truth.best) for cell, truth in tuned.items()}
    sweep = {cell: Seconds.sum(Seconds.of(run) for run in truth.runs) for cell, truth in tuned.items()}
    guessed = _guessed([record for record in guesses if _timed_on(record, machine)], cells_of(timed), set(tuned))
    best |= {cell: _told(record, "run") for cell, record in guessed.items()}
    sweep |= {cell: _told(record, "sweep") for cell, record in guessed.items()}
    cells = set(sweep) or {*cells_of(timed)}

    groups = timed.groups("dataset", "candidate", "seed")
    charged = timed.where(np.array([cell in cells for cell in cells_of(timed)], dtype=bool)[groups.which])
    groups, where = charged.groups("dataset", "candidate", "seed"), cells_of(charged)
    charges = Charges(charged)
    nodes = {node: (len(several), spent) for node, (several, spent) in charges.once(groups).items()}
    extraction = [node for node in frame.extraction if node in nodes]
    others = sorted(set(nodes) - set(extraction), key=lambda node: (-nodes[node][1].wall, node))
    labels = {metric.spec: metric.label for metric in metrics if not metric.follows}
    told = ((charged["seconds"], charged["cpu_seconds"]), charges.below(others), charges.below(extraction))
    alone = {node: charges.below([node]) for node in others[:DEAREST]}
    dear = [_by_cell(of, where) for of in (best, sweep)] if sweep else []
    is_guess = np.array([cell in guessed for cell in where], dtype=bool)[groups.which]
    of_spec = charged.by_text("spec")

    def price(metric: Metric, rows: Places) -> Price:
        own, evidence, passes = (_sums(pair, rows) for pair in told)
        dearest = {node: _sums(pair, rows) for node, pair in alone.items()}
        tuning = [_sums(pair, groups.which[rows]) for pair in dear]
        best, sweep = tuning or (None, None)
        return Price(metric, len(rows), own, evidence, passes, best, sweep, int(is_guess[rows].sum()), dearest)

    return Bill(
        machine,
        left_out,
        len(cells),
        {node: nodes[node] for node in extraction},
        {node: nodes[node] for node in others},
        find_spendings(charged.where(charged.among("spec", labels)), labels, frame),
        Seconds.sum(best.values()) if sweep else None,
        Seconds.sum(sweep.values()) if sweep else None,
        len(guessed),
        tuple(sorted({(record.details["tried"], record.details["protocol"]) for record in guessed.values()})),
        tuple(price(metric, of_spec[metric.spec]) for metric in metrics if metric.spec in of_spec),
    )


def _by_cell(spent: Mapping[Cell, Seconds], cells: Iterable[Cell]) -> tuple[Array, Array]:
    pairs = np.array([(spent[cell].wall, spent[cell].cpu) for cell in cells], dtype=np.float64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _sums(pair: tuple[Array, Array], rows: Places) -> Seconds:
    """Wall and CPU, one row after the other."""
    return Seconds(*(float(np.cumsum(of[rows])[-1]) if rows.size else 0.0 for of in pair))


def _guessed(guesses: Iterable[Record], scored: Iterable[Cell], tuned: set[Cell]) -> dict[Cell, Record]:
    """The estimate for each cell that has scores but was not fine-tuned; all seeds of a cell take the same time."""
    known = {(guess.key.dataset, guess.key.candidate): guess for guess in guesses}
    cells = {*scored} - tuned
    return {cell: known[cell[:2]] for cell in sorted(cells) if cell[:2] in known}


def _told(estimate: Record, what: str) -> Seconds:
    return Seconds(estimate.details[what]["seconds"], estimate.details[what]["cpu_seconds"])


def _timed_on(record: Record, machine: str) -> bool:
    return machines_of(record) == {machine} and record.seconds is not None and record.cpu_seconds is not None
