"""Records as far as the tidy files beside a page tell them; what they do not tell comes from the installed metrics."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

import numpy as np
from pooled import asking

from tbench.leaderboard.frame import Frame
from tbench.leaderboard.metrics import POOL, TRAINING
from tbench.metric import Catalogue
from tbench.properties import Properties
from tbench.results import Key, Record, Status

Row = Mapping[str, str]

PLACEHOLDER = "what the metric said is not in scores.csv"  # of a saturated score


def rows_of(file: Path) -> list[Row]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def records_of(folder: Path, frame: Frame) -> list[Record]:
    """Scores and fine-tuning runs; without evidence, versions and days, and without estimates of what runs take."""
    trains = {row["spec"]: row["trains"] for row in rows_of(folder / "cost.csv")}
    needs = cache(lambda spec: _needs(spec, trains.get(spec) != "0"))
    scores = (_score(row, frame, needs) for row in rows_of(folder / "scores.csv"))
    return [*scores, *_runs(folder / "truth.csv", frame)]


def _score(row: Row, frame: Frame, needs: Callable[[str], Mapping[str, Any]]) -> Record:
    details: dict[str, Any] = {"label": row["metric"]}
    if row["status"] == "ok":
        details |= needs(row["spec"])
        details |= {"saturated": [PLACEHOLDER] if row["saturated"] == "1" else []}
        details |= {"terms": json.loads(row["terms"] or "{}")}
    return Record(
        Key("score", frame.suite, row["dataset"], row["candidate"], row["spec"], int(row["seed"])),
        cast(Status, row["status"]),
        _number(row["score"]),
        row["reason"],
        _number(row["seconds"]),
        _number(row["cpu_seconds"]),
        details=details,
        provenance={"machine": row["machine"]} | ({"probe": frame.probe} if frame.probe else {}),
    )


def _runs(file: Path, frame: Frame) -> Iterator[Record]:
    for row in rows_of(file):
        if row["status"] == "estimated":
            continue
        numbers = {name: _number(row[name]) for name in ("learning_rate", "weight_decay", "validation")}
        yield Record(
            Key("truth", frame.suite, row["dataset"], row["candidate"], row["spec"], int(row["seed"])),
            cast(Status, row["status"]),
            _number(row["test"]),
            row["reason"],
            _number(row["seconds"]),
            _number(row["cpu_seconds"]),
            details={
                **{name: row[name] for name in ("measure", "training") if row[name]},
                **{name: number for name, number in numbers.items() if number is not None},
                "protocol": frame.protocol,
            },
            provenance={"machine": row["machine"]},
        )


def _number(told: str) -> float | None:
    return float(told) if told else None


def _needs(spec: str, trains: bool) -> dict[str, Any]:
    """As the workshop writes it into records. trains: whether they say so; those of old versions do not."""
    catalogue = Catalogue.installed()
    metric = catalogue.metric(spec)
    known = Properties.of(metric, catalogue.nodes)
    touches = {*known.touches} - (frozenset() if trains else TRAINING)
    scaled = metric.judge(asking(_pool(), 0)).scaled if POOL in touches else {}
    return {"touches": sorted(touches), "blind": known.blind, **({"scaled": scaled} if scaled else {})}


@cache
def _pool() -> list[dict[str, Any]]:
    """Three made-up candidates: what a score is scaled by does not depend on them."""
    draws, labels = np.random.default_rng(0), np.arange(60) % 3
    return [
        {"features": draws.normal(size=(60, 8)), "labels": labels, "source_logits": draws.normal(size=(60, 5))}
        for _ in range(3)
    ]
