"""Which metrics the records speak of, what to call them, and which of them wraps which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tbench.results import Record
from tbench.spec import parse


@dataclass(frozen=True)
class Metric:
    """label: as short as it can be without being mistaken. wraps: the label of the metric inside a composition."""

    spec: str
    label: str
    wraps: str | None
    floor: bool


def find_metrics(scores: Iterable[Record], floors: tuple[str, ...]) -> tuple[Metric, ...]:
    """In the order of their labels. Two specs that came under one label are both called by their spec."""
    labels: dict[str, str] = {}
    for record in scores:
        spec, label = record.key.spec, str(record.details.get("label", record.key.spec))
        labels[spec] = min(labels.get(spec, label), label, key=lambda text: (len(text), text))
    uses = Counter(labels.values())
    metrics = [_metric(spec, label if uses[label] == 1 else spec, floors) for spec, label in labels.items()]
    return tuple(sorted(metrics, key=lambda metric: metric.label))


def _metric(spec: str, label: str, floors: tuple[str, ...]) -> Metric:
    parsed = parse(label)
    wraps = str(parsed.metric) if parsed.transforms else None
    return Metric(spec, label, wraps, label in floors or parsed.metric.name in floors)
