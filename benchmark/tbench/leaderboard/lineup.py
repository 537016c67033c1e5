"""What is compared in one pool: metrics and floors, what they score, and the truth that they are held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tbench.leaderboard.metrics import Kind
from tbench.statistics import Array, Study


@dataclass(frozen=True)
class Entry:
    """whole: it misses nothing. ranked: how many candidates it ranks, in words."""

    label: str
    kind: Kind
    whole: bool
    saturated: bool
    ranked: str


@dataclass(frozen=True, eq=False)
class Lineup:
    """rows: metrics, then floors, as in the axis of metrics of the study; each is shown, whether it has a τ_w or not.

    candidates: short names. shares: truths are shares of what could be right, so that there is room above them.
    unseen: what the study cannot hold, in one sentence.
    """

    entries: tuple[Entry, ...]
    study: Study
    candidates: tuple[str, ...]
    shares: bool
    unseen: str

    @property
    def datasets(self) -> int:
        return len(self.study.truth)


def in_order(values: Mapping[str, float], candidates: tuple[str, ...]) -> Array:
    """One for each candidate, NaN where there is none."""
    return np.array([values.get(name, np.nan) for name in candidates], dtype=np.float64)
