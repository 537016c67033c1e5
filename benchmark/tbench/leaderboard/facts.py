"""All that a page is made of: scores side by side, and each run and estimate on its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tbench.leaderboard.ledger import Ledger
from tbench.results import Record

if TYPE_CHECKING:
    from tbench.store import Store


@dataclass(frozen=True)
class Facts:
    """others: fine-tuning runs and calibrations."""

    scores: Ledger
    others: tuple[Record, ...]

    @classmethod
    def of(cls, records: Iterable[Record] | Facts) -> Facts:
        if isinstance(records, Facts):
            return records
        everything = list(records)
        scores = Ledger.of(record for record in everything if record.key.kind == "score")
        return cls(scores, tuple(record for record in everything if record.key.kind != "score"))

    @classmethod
    def stored(cls, store: Store, suite: str) -> Facts:
        """Those of one suite."""
        others = (*store.latest(suite, "truth"), *store.latest(suite, "calibration"))
        return cls(Ledger.of(store.columns(suite, "score")), others)
