"""Which metrics the records speak of, what to call them, and which of them wraps or varies which."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tbench.leaderboard.ledger import Ledger
from tbench.results import Record
from tbench.spec import PRESET, Piece, Spec, parse

FINE_TUNED = "fine-tuned weights"
POOL = "pool"
TRAINING = frozenset({"target training", "target probe", FINE_TUNED})  # of what a score may touch

Kind = Literal["metric", "floor", "analysis"]
HEADINGS: tuple[tuple[Kind, str], ...] = (("metric", ""), ("floor", "Floors"))  # of tables below the first


@dataclass(frozen=True)
class Metric:
    """label: as short as it can be without being mistaken. wraps: the label of the metric inside a composition.

    kind: a floor takes no thought, and an analysis takes fine-tuned weights; neither is a rival of the metrics.

    follows: the names of the presets in it, and default: the label that it would have without; a published variant has
    both. blind: it rests on nothing of the candidate itself. trains: something is fitted to the target, in the metric
    or in its evidence. pooled: a score rests on what other candidates of the suite make of the target, and cannot
    be made anew for a smaller pool. All as the records of its scores say; older ones say nothing, which is no.
    """

    spec: str
    label: str
    wraps: str | None
    kind: Kind
    follows: tuple[str, ...] = ()
    default: str | None = None
    blind: bool = False
    trains: bool = False
    pooled: bool = False


def find_metrics(scores: Iterable[Record], floors: tuple[str, ...]) -> tuple[Metric, ...]:
    """In the order of their labels. Two specs that came under one label are both called by their spec."""
    found: dict[str, list[Record]] = defaultdict(list)
    ledger = Ledger.of(scores)
    for first in ledger.groups("spec", "status", "words").first:  # the others say nothing else that is asked here
        record = ledger[first]
        found[record.key.spec].append(record)
    labels = {
        spec: min((str(one.details.get("label", spec)) for one in records), key=lambda text: (len(text), text))
        for spec, records in found.items()
    }
    uses = Counter(labels.values())
    metrics = [
        _metric(spec, labels[spec], labels[spec] if uses[labels[spec]] == 1 else spec, floors, records)
        for spec, records in found.items()
    ]
    return tuple(sorted(metrics, key=lambda metric: metric.label))


def trains(record: Record) -> bool:
    """Is something fitted to the target, in the metric or in its evidence?"""
    return fits(record.details)


def fits(details: Mapping[str, Any]) -> bool:
    """The same of what its details say."""
    return not TRAINING.isdisjoint(details.get("touches") or ())


def _metric(spec: str, told: str, label: str, floors: tuple[str, ...], records: Iterable[Record]) -> Metric:
    """told: the label that its records have, and perhaps those of another spec, too."""
    parsed = parse(label)
    wraps = str(parsed.metric) if parsed.transforms else None
    written = parse(told)
    pieces = (written.metric, *written.transforms)
    follows = tuple(preset for piece in pieces if (preset := dict(piece.settings).get(PRESET)))
    measured = [record for record in records if record.status == "ok"]
    return Metric(
        spec,
        label,
        wraps,
        _kind(parsed, label, floors, measured),
        follows,
        _default(written) if follows else None,
        blind=bool(measured) and all(record.details.get("blind") for record in measured),
        trains=any(trains(record) for record in measured),
        pooled=any(
            POOL in (record.details.get("touches") or ()) and not record.details.get("scaled") for record in measured
        ),
    )


def _kind(parsed: Spec, label: str, floors: tuple[str, ...], measured: Iterable[Record]) -> Kind:
    if label in floors or parsed.metric.name in floors:
        return "floor"
    after = any(FINE_TUNED in (record.details.get("touches") or ()) for record in measured)
    return "analysis" if after else "metric"


def _default(written: Spec) -> str:
    """Without presets, and without what was set beside them."""
    metric, *transforms = (
        Piece(piece.name) if PRESET in dict(piece.settings) else piece
        for piece in (written.metric, *written.transforms)
    )
    return str(Spec(metric, tuple(transforms)))
