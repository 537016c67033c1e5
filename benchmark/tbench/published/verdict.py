"""A printed number beside ours, and what is to be said of the two."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

Status = Literal["exact", "within rounding", "tie order", "differs", "not computable"]

STATUSES: dict[Status, str] = {
    "exact": "equal in all printed digits",
    "within rounding": "numbers within half a unit of the last published digit give the printed value",
    "tie order": "candidates whose published numbers are equal give the printed value in one of their orders",
    "differs": "the published numbers do not give the printed value",
    "not computable": "the numbers that it takes are not public",
}


@dataclass(frozen=True)
class Verdict:
    """why: empty where nothing is to be said. published keeps its digits."""

    suite: str
    pool: str
    table: str
    metric: str
    dataset: str
    statistic: str
    published: str
    recomputed: float | None
    status: Status
    why: str = ""

    def row(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self) | {"published": float(self.published)}


def counts(verdicts: Iterable[Verdict]) -> dict[Status, int]:
    """How many there are of each status, none left out."""
    found = Counter(verdict.status for verdict in verdicts)
    return {status: found[status] for status in STATUSES}
