"""How long a thing took, and the records of scores and runs that say so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tbench.leaderboard.ledger import Ledger
from tbench.leaderboard.truth import Cell
from tbench.results import Record


@dataclass(frozen=True)
class Seconds:
    """By the clock on the wall, and of the processor."""

    wall: float = 0.0
    cpu: float = 0.0

    def __add__(self, other: Seconds) -> Seconds:
        return Seconds(self.wall + other.wall, self.cpu + other.cpu)

    @classmethod
    def of(cls, record: Record) -> Seconds:
        """Of the metric alone, or of the whole run."""
        return cls(record.seconds or 0.0, record.cpu_seconds or 0.0)

    @classmethod
    def sum(cls, several: Iterable[Seconds]) -> Seconds:
        return sum(several, cls())


def cell_of(record: Record) -> Cell:
    return record.key.dataset, record.key.candidate, record.key.seed


def cells_of(scores: Ledger) -> list[Cell]:
    """Each cell once, in the order of `scores.groups("dataset", "candidate", "seed")`."""
    groups = scores.groups("dataset", "candidate", "seed")
    heads = scores.where(np.array(groups.first, dtype=np.intp))
    return [*zip(heads.texts("dataset"), heads.texts("candidate"), heads["seed"].tolist(), strict=True)]
