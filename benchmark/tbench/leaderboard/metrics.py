"""Which metrics the records speak of, what to call them, and which of them wraps or varies which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tbench.results import Record
from tbench.spec import PRESET, Piece, Spec, parse


@dataclass(frozen=True)
class Metric:
    """label: as short as it can be without being mistaken. wraps: the label of the metric inside a composition.

    follows: the names of the presets in it, and default: the label that it would have without; a published variant has
    both.
    """

    spec: str
    label: str
    wraps: str | None
    floor: bool
    follows: tuple[str, ...] = ()
    default: str | None = None


def find_metrics(scores: Iterable[Record], floors: tuple[str, ...]) -> tuple[Metric, ...]:
    """In the order of their labels. Two specs that came under one label are both called by their spec."""
    labels: dict[str, str] = {}
    for record in scores:
        spec, label = record.key.spec, str(record.details.get("label", record.key.spec))
        labels[spec] = min(labels.get(spec, label), label, key=lambda text: (len(text), text))
    uses = Counter(labels.values())
    metrics = [_metric(spec, label, label if uses[label] == 1 else spec, floors) for spec, label in labels.items()]
    return tuple(sorted(metrics, key=lambda metric: metric.label))


def _metric(spec: str, told: str, label: str, floors: tuple[str, ...]) -> Metric:
    """told: the label that its records have, and perhaps those of another spec, too."""
    parsed = parse(label)
    wraps = str(parsed.metric) if parsed.transforms else None
    floor = label in floors or parsed.metric.name in floors
    written = parse(told)
    pieces = (written.metric, *written.transforms)
    follows = tuple(preset for piece in pieces if (preset := dict(piece.settings).get(PRESET)))
    return Metric(spec, label, wraps, floor, follows, _default(written) if follows else None)


def _default(written: Spec) -> str:
    """Without presets, and without what was set beside them."""
    metric, *transforms = (
        Piece(piece.name) if PRESET in dict(piece.settings) else piece
        for piece in (written.metric, *written.transforms)
    )
    return str(Spec(metric, tuple(transforms)))
