"""Whether submitted scores are those of the installed suite, and some of them measured once more."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from tbench.errors import TbenchError, UsageError
from tbench.executors import Notice
from tbench.files import beside
from tbench.plan import Task
from tbench.results import Record
from tbench.submission import Cell, Submission
from tbench.suite import Suite

if TYPE_CHECKING:
    from tbench.leaderboard.board import Board
    from tbench.workshop import Workshop

SHOWN = 3  # names in one message
ALONE = "--cells 0 checks the file alone"


@dataclass(frozen=True)
class Recomputed:
    """A submitted cell and what this machine says of it."""

    cell: Cell
    here: Record

    def objection(self, submission: Submission, tolerance: float) -> str:
        """Why they are not the same; empty if they are."""
        cell, here = self.cell, self.here
        where = f"{cell.candidate} on {cell.dataset}, seed {cell.seed}"
        if here.status != cell.status:
            told = f" ({here.reason})" if here.reason else ""
            return f"{where}: submitted as {cell.status}, and here it is {here.status}{told}"
        if cell.score is None or here.value is None:
            return ""
        for name, submitted in (
            ("weights", submission.weights_of(cell)),
            ("data", submission.data_of(cell)),
        ):
            if submitted != here.provenance[name]:
                return f"{where}: measured with other {name} ({submitted}) than are installed here"
        if not math.isclose(cell.score, here.value, rel_tol=tolerance, abs_tol=tolerance**2):
            return f"{where}: submitted {cell.score!r}, and here it is {here.value!r}"
        return ""


def expected(suite: Suite, protocol_name: str) -> list[tuple[str, str, int]]:
    """The dataset, candidate and seed of every cell that a metric has in a suite."""
    seeds = suite.protocol(protocol_name).seeds
    return [
        (dataset, candidate, seed)
        for dataset, seed in product(suite.datasets, seeds)
        for candidate in suite.pool(dataset)
    ]


def check_against(submission: Submission, suite: Suite) -> None:
    """TbenchError, one line, where its cells are not those of the suite, each once."""
    if submission.protocol not in suite.protocols:
        raise TbenchError(f"suite {suite.name} has no protocol {submission.protocol!r}")
    if submission.probe != suite.probe.words:
        raise TbenchError(f"its scores are of other images of a dataset than those that suite {suite.name} shows")
    wanted = expected(suite, submission.protocol)
    found = Counter((cell.dataset, cell.candidate, cell.seed) for cell in submission.cells)
    for what, cells in (
        ("twice or more", [cell for cell, times in found.items() if times > 1]),
        ("that the suite does not have", sorted(found.keys() - {*wanted})),
        ("missing", sorted({*wanted} - found.keys())),
    ):
        if cells:
            shown = "; ".join(f"{candidate} on {dataset}, seed {seed}" for dataset, candidate, seed in cells[:SHOWN])
            more = f"; and {len(cells) - SHOWN} more" if len(cells) > SHOWN else ""
            raise TbenchError(f"cells {what} ({len(cells)}): {shown}{more}")
    for cell in submission.cells:
        if cell.status == "ok" and not (submission.weights_of(cell) and submission.data_of(cell)):
            raise TbenchError(f"it does not say of what weights or data {cell.candidate} on {cell.dataset} is")


@dataclass(frozen=True)
class Recheck:
    """cells: how many were measured anew. package: what measured them. objections: one line for each that differs."""

    cells: int
    package: str
    objections: tuple[str, ...]


def recheck(
    submission: Submission,
    suite: Suite,
    store: str,
    count: int,
    seed: int,
    tolerance: float,
    tell: Callable[[str], None],
) -> Recheck:
    """Measures so many of its cells once more, evidence kept beside that store; tell hears what there is to say beside.

    TbenchError where none can be measured here: the metric is not installed or is another, candidates or data are not
    at hand.
    """
    from tbench.metric import Catalogue
    from tbench.stock import Stock
    from tbench.workshop import Means, Workshop

    try:
        metric = Catalogue.installed().metric(submission.spec)
    except UsageError as error:
        raise TbenchError(f"nothing can be measured anew: {error}; install {submission.package}, or {ALONE}") from error
    if (metric.spec, metric.label) != (submission.spec, submission.metric):
        raise TbenchError(f"{submission.metric} is {metric.spec} here, and not {submission.spec}")
    absent = Stock(suite.probe).absent(suite.candidates, suite.datasets)
    drawn = sample(submission, absent, count, seed)
    if not drawn:
        why = next(iter(absent.values()), "it has no cells")
        raise TbenchError(f"nothing can be measured anew: {why}; {ALONE}")
    workshop = Workshop(suite, suite.protocol(submission.protocol), Means("cpu", submission.precision, beside(store)))
    objections = (found.objection(submission, tolerance) for found in _recompute(submission, drawn, workshop, tell))
    return Recheck(len(drawn), metric.origin, tuple(filter(None, objections)))


def sample(submission: Submission, absent: Collection[str], count: int, seed: int) -> list[Cell]:
    """So many cells of candidates and datasets that are at hand, drawn without replacement; those of one dataset and
    seed stand together, since they share images."""
    at_hand = [cell for cell in submission.cells if not {cell.candidate, cell.dataset} & {*absent}]
    return sorted(random.Random(seed).sample(at_hand, min(count, len(at_hand))), key=_together)


def board_of(submission: Submission, suite: Suite, store: str) -> Board:
    """Its scores against the truth of that store, or the published one. TbenchError where there is none."""
    from tbench.leaderboard.board import make_board
    from tbench.store import Store

    frame = suite.frame(None if suite.citation else submission.protocol)
    truth: list[Record] = []
    if not frame.published:
        with Store(store, read_only=True) as opened:
            truth = opened.latest(suite.name, "truth")
    board = make_board([*submission.records(), *truth], frame)
    if not board.whole.truth:
        raise TbenchError(f"{store} holds no fine-tuning by protocol {submission.protocol}")
    return board


def _recompute(
    submission: Submission, cells: Sequence[Cell], workshop: Workshop, tell: Callable[[str], None]
) -> Iterator[Recomputed]:
    """One after the other, as a run measures them."""
    for cell in cells:
        for said in workshop(Task((submission.key(cell),))):
            if isinstance(said, Notice):
                tell(said.text)
            else:
                yield Recomputed(cell, said)


def _together(cell: Cell) -> tuple[str, int, str]:
    return cell.dataset, cell.seed, cell.candidate
