"""Published suites that tests make up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tbench.published.facts import Printed, Published

POOL, DATASET, METRIC = "pool", "dataset", "metric"


def column(values: Sequence[str]) -> dict[str, str]:
    return {f"m{place}": value for place, value in enumerate(values)}


def printed(statistic: str, value: str, **changes: str) -> Printed:
    cell = {"pool": POOL, "table": "table", "dataset": DATASET, "metric": METRIC}
    return Printed(**cell | changes, statistic=statistic, value=value, source="nowhere")


def published(scores: Sequence[str], truth: Sequence[str], /, *cells: Printed, **changes: Any) -> Published:
    whole: Mapping[str, Any] = {
        "name": "made",
        "title": "Made up",
        "reference": "Nobody (2020)",
        "ranked": "model",
        "weights": "both",
        "unavailable": "",
        "commits": {},
        "remarks": (),
        "explanations": (),
        "mixtures": {},
        "networks": {},
        "truth": {(POOL, DATASET): column(truth)},
        "measures": {(POOL, DATASET): "accuracy percent"},
        "scores": {(POOL, DATASET, METRIC): column(scores)},
        "printed": cells,
        "times": (),
        "terms": (),
        "factors": (),
    }
    return Published(**{**whole, **changes})


def on_two(scores: Mapping[tuple[str, str, str], Mapping[str, str]], measure: str = "accuracy percent") -> Published:
    """A pool of four candidates on two datasets."""
    truth = {(POOL, DATASET): column(["10", "20", "30", "40"]), (POOL, "other"): column(["20", "10", "30", "45"])}
    return published([], [], truth=truth, scores=scores, measures=dict.fromkeys(truth, measure))
