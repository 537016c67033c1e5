"""What the scores cost beside fine-tuning, on one machine."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tbench.leaderboard.machine import machines_of
from tbench.leaderboard.metrics import Metric
from tbench.leaderboard.truth import Cell, Truths
from tbench.results import Record


@dataclass(frozen=True)
class Seconds:
    """By the clock on the wall, and of the processor."""

    wall: float = 0.0
    cpu: float = 0.0

    def __add__(self, other: Seconds) -> Seconds:
        return Seconds(self.wall + other.wall, self.cpu + other.cpu)


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

    extraction: node -> cells and seconds. cells: those with fine-tuning, or with scores where there is none.
    estimated: cells whose fine-tuning was not measured but calibrated; tried: by how many steps, of which protocol.
    """

    machine: str
    left_out: int
    cells: int
    extraction: Mapping[str, tuple[int, Seconds]]
    best: Seconds | None
    sweep: Seconds | None
    estimated: int
    tried: tuple[tuple[int, str], ...]
    prices: tuple[Price, ...]


def make_bill(
    metrics: Sequence[Metric],
    scores: Iterable[Record],
    truths: Truths,
    extraction: tuple[str, ...],
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
    best = {cell: _seconds(truth.best) for cell, truth in tuned.items()}
    sweep = {cell: sum((_seconds(run) for run in truth.runs), Seconds()) for cell, truth in tuned.items()}
    guessed = _guessed([record for record in guesses if _timed_on(record, machine)], timed, set(tuned))
    best |= {cell: _told(record, "run") for cell, record in guessed.items()}
    sweep |= {cell: _told(record, "sweep") for cell, record in guessed.items()}
    cells = set(sweep) or {_cell(record) for record in timed}

    charged: dict[str, list[Record]] = defaultdict(list)
    extracted: dict[str, dict[Cell, Seconds]] = {node: {} for node in extraction}
    for record in timed:
        if _cell(record) in cells:
            charged[record.key.spec].append(record)
            for node in set(extraction) & set(record.evidence):
                extracted[node].setdefault(_cell(record), _node(record, node))
    return Bill(
        machine,
        left_out,
        len(cells),
        {node: (len(found), _sum(found.values())) for node, found in extracted.items() if found},
        _sum(best.values()) if sweep else None,
        _sum(sweep.values()) if sweep else None,
        len(guessed),
        tuple(sorted({(record.details["tried"], record.details["protocol"]) for record in guessed.values()})),
        tuple(
            Price(
                metric,
                len(records),
                _sum(_seconds(record) for record in records),
                _sum(_node(record, node) for record in records for node in record.evidence if node not in extraction),
                _sum(_node(record, node) for record in records for node in record.evidence if node in extraction),
                _sum(best[_cell(record)] for record in records) if sweep else None,
                _sum(sweep[_cell(record)] for record in records) if sweep else None,
                sum(_cell(record) in guessed for record in records),
            )
            for metric in metrics
            if (records := charged[metric.spec])
        ),
    )


def _guessed(guesses: Iterable[Record], scores: Iterable[Record], tuned: set[Cell]) -> dict[Cell, Record]:
    """The estimate for each cell that has scores but was not fine-tuned; all seeds of a cell take the same time."""
    known = {(guess.key.dataset, guess.key.candidate): guess for guess in guesses}
    cells = {_cell(record) for record in scores} - tuned
    return {cell: known[cell[:2]] for cell in sorted(cells) if cell[:2] in known}


def _told(estimate: Record, what: str) -> Seconds:
    return Seconds(estimate.details[what]["seconds"], estimate.details[what]["cpu_seconds"])


def _timed_on(record: Record, machine: str) -> bool:
    return machines_of(record) == {machine} and record.seconds is not None and record.cpu_seconds is not None


def _seconds(record: Record) -> Seconds:
    return Seconds(record.seconds or 0.0, record.cpu_seconds or 0.0)


def _node(record: Record, node: str) -> Seconds:
    return Seconds(record.evidence[node]["seconds"], record.evidence[node]["cpu_seconds"])


def _cell(record: Record) -> Cell:
    return record.key.dataset, record.key.candidate, record.key.seed


def _sum(several: Iterable[Seconds]) -> Seconds:
    return sum(several, Seconds())
