"""What metrics said of their own scores: that one is saturated, or something else that a reader should know."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Literal

from tbench.leaderboard.ledger import Ledger
from tbench.leaderboard.tables import SATURATED, counted
from tbench.results import Key, Record

Kind = Literal["saturated", "warnings"]

NUMBER = re.compile(r"(?<!\w)[-+]?\d+(,\d{3})*(\.\d+)?(e[-+]?\d+)?", re.IGNORECASE)


def remarks(record: Record, kind: Kind) -> tuple[str, ...]:
    """None in a record of a time when they were not kept."""
    return tuple(str(message) for message in record.details.get(kind) or ())


def general(text: str, key: Key) -> str:
    """Without the names of the cell, so that equal reasons are counted together."""
    text = " ".join(text.split())
    return text.replace(key.candidate, "the candidate").replace(key.dataset, "the dataset")


def grouped(
    records: Iterable[Record], kind: Kind, labels: Mapping[str, str], names: Mapping[str, str]
) -> tuple[str, ...]:
    """A sentence for each remark of each metric, most cells first, with one example: numbers differ between cells."""
    found: dict[tuple[str, str], dict[Key, str]] = defaultdict(dict)
    scores = Ledger.of(records)
    for record in scores.where(scores.remarking(kind)):
        for message in remarks(record, kind):
            form = NUMBER.sub("#", general(message, record.key))
            found[labels[record.key.spec], form].setdefault(record.key, " ".join(message.split()))
    said = []
    for (label, _), cells in sorted(found.items(), key=lambda item: (-len(item[1]), item[0])):
        key, example = min(cells.items())
        where = f"{names[key.candidate]} on {names[key.dataset]}, seed {key.seed}"
        said.append(f"{label}, {counted(len(cells), 'cell')}, for example {where}: {example}")
    return tuple(said)


def saturation(records: Iterable[Record], labels: Mapping[str, str], names: Mapping[str, str]) -> tuple[str, ...]:
    """The footnote of a table that shows what these scores come to."""
    scores = Ledger.of(records)
    saturated = Counter(labels[spec] for spec in scores.where(scores.saturated).texts("spec"))
    if not saturated:
        return ()
    cells = Counter(labels[spec] for spec in scores.texts("spec"))
    counts = ", ".join(f"{label} {count:,} of {cells[label]:,}" for label, count in sorted(saturated.items()))
    legend = f"{SATURATED} rests on saturated scores, of which the metric itself says that they tell little"
    return (
        f"{legend}: {counts} cells (candidate × dataset × seed).",
        *grouped(scores, "saturated", labels, names),
    )
