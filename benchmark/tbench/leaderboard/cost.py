"""What the scores cost beside fine-tuning, on one machine."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tbench.leaderboard.frame import Frame
from tbench.leaderboard.machine import machines_of
from tbench.leaderboard.metrics import Metric
from tbench.leaderboard.seconds import Seconds, cell_of
from tbench.leaderboard.spending import Spending, find_spendings
from tbench.leaderboard.truth import Cell, Truths
from tbench.results import Record


@dataclass(frozen=True)
class Price:
    """Sums over `cells`. own: the metric alone; evidence: all that it rests on but extraction.

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
    measured = [record for record in scores if record.status == "ok"]
    runs = [run for truth in truths.values() for run in truth.runs]
    guesses = [record for record in estimates if record.status == "ok"]
    places = [machines_of(record) for record in [*measured, *runs, *guesses]]
    machines = Counter(place for several in places if len(several) == 1 for place in several)
    if not measured or not machines:
        return None
    machine = max(machines, key=lambda name: (machines[name], name))
    timed = [record for record in measured if _timed_on(record, machine)]
    tuned = {cell: truth for cell, truth in truths.items() if all(_timed_on(run, machine) for run in truth.runs)}
    left_out = len(measured) - len(timed) + sum(not _timed_on(run, machine) for run in [*runs, *guesses])
    best = {cell: Seconds.of(truth.best) for cell, truth in tuned.items()}
    sweep = {cell: Seconds.sum(Seconds.of(run) for run in truth.runs) for cell, truth in tuned.items()}
    guessed = _guessed([record for record in guesses if _timed_on(record, machine)], timed, set(tuned))
    best |= {cell: _told(record, "run") for cell, record in guessed.items()}
    sweep |= {cell: _told(record, "sweep") for cell, record in guessed.items()}
    cells = set(sweep) or {cell_of(record) for record in timed}

    charged: dict[str, list[Record]] = defaultdict(list)
    spent: dict[str, dict[Cell, Seconds]] = defaultdict(dict)
    for record in timed:
        if cell_of(record) in cells:
            charged[record.key.spec].append(record)
            for node in record.evidence:
                spent[node].setdefault(cell_of(record), Seconds.of_node(record, node))
    nodes = {node: (len(found), Seconds.sum(found.values())) for node, found in spent.items()}
    extraction = [node for node in frame.extraction if node in nodes]
    others = sorted(set(nodes) - set(extraction), key=lambda node: (-nodes[node][1].wall, node))
    labels = {metric.spec: metric.label for metric in metrics if not metric.follows}
    return Bill(
        machine,
        left_out,
        len(cells),
        {node: nodes[node] for node in extraction},
        {node: nodes[node] for node in others},
        find_spendings([record for spec in labels for record in charged[spec]], labels, frame),
        Seconds.sum(best.values()) if sweep else None,
        Seconds.sum(sweep.values()) if sweep else None,
        len(guessed),
        tuple(sorted({(record.details["tried"], record.details["protocol"]) for record in guessed.values()})),
        tuple(
            Price(
                metric,
                len(records),
                Seconds.sum(Seconds.of(record) for record in records),
                _below(records, others),
                _below(records, extraction),
                Seconds.sum(best[cell_of(record)] for record in records) if sweep else None,
                Seconds.sum(sweep[cell_of(record)] for record in records) if sweep else None,
                sum(cell_of(record) in guessed for record in records),
            )
            for metric in metrics
            if (records := charged[metric.spec])
        ),
    )


def _below(records: Iterable[Record], nodes: Collection[str]) -> Seconds:
    """What of these nodes the scores rest on, each charged for itself."""
    return Seconds.sum(Seconds.of_node(record, node) for record in records for node in record.evidence if node in nodes)


def _guessed(guesses: Iterable[Record], scores: Iterable[Record], tuned: set[Cell]) -> dict[Cell, Record]:
    """The estimate for each cell that has scores but was not fine-tuned; all seeds of a cell take the same time."""
    known = {(guess.key.dataset, guess.key.candidate): guess for guess in guesses}
    cells = {cell_of(record) for record in scores} - tuned
    return {cell: known[cell[:2]] for cell in sorted(cells) if cell[:2] in known}


def _told(estimate: Record, what: str) -> Seconds:
    return Seconds(estimate.details[what]["seconds"], estimate.details[what]["cpu_seconds"])


def _timed_on(record: Record, machine: str) -> bool:
    return machines_of(record) == {machine} and record.seconds is not None and record.cpu_seconds is not None
