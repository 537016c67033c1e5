"""Whether submitted scores are those of the installed suite, and some of them measured once more."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from tbench.errors import TbenchError
from tbench.executors import Notice
from tbench.plan import Task
from tbench.results import Record
from tbench.submission import Cell, Submission
from tbench.suite import Suite

if TYPE_CHECKING:
    from tbench.workshop import Workshop

SHOWN = 3  # names in one message


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


def sample(submission: Submission, absent: Collection[str], count: int, seed: int) -> list[Cell]:
    """So many cells of candidates and datasets that are at hand, drawn without replacement; those of one dataset and
    seed stand together, since they share images."""
    at_hand = [cell for cell in submission.cells if not {cell.candidate, cell.dataset} & {*absent}]
    return sorted(random.Random(seed).sample(at_hand, min(count, len(at_hand))), key=_together)


def recompute(
    submission: Submission, cells: Sequence[Cell], workshop: Workshop, tell: Callable[[str], None]
) -> Iterable[Recomputed]:
    """One after the other, as a run measures them. tell: what the workshop has to say beside."""
    for cell in cells:
        for said in workshop(Task((submission.key(cell),))):
            if isinstance(said, Notice):
                tell(said.text)
            else:
                yield Recomputed(cell, said)


def _together(cell: Cell) -> tuple[str, int, str]:
    return cell.dataset, cell.seed, cell.candidate
