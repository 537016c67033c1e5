"""One measured fact, and how it is written down for ever."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, NoReturn, get_args

from tbench.errors import StoreError

FORMAT = 1

Kind = Literal["score", "truth", "calibration"]
Status = Literal["ok", "inapplicable", "failed"]


@dataclass(frozen=True, order=True, slots=True)
class Key:
    """What was asked. A score: a metric on a candidate and a dataset. A truth: one fine-tuning run of them.

    A calibration: what all fine-tuning runs of a protocol would take.
    """

    kind: Kind
    suite: str
    dataset: str
    candidate: str
    spec: str  # a metric with every setting spelled out, or "finetune:" or "calibration:" and every setting of it
    seed: int


@dataclass(frozen=True, slots=True)
class Record:
    """What came out, what it cost, and where it comes from.

    value: the score, the test accuracy in [0, 1] of a run, or the estimated seconds; None unless status is ok. A truth
        may be "ok" and still worthless: details["training"] says ok, diverged or chance. A run that halving stopped
        early is "inapplicable", its training "stopped" after details["steps"], its validation result that of then.
    seconds (wall), cpu_seconds: of the metric alone (median over repeats), or of the whole fine-tuning run.
    evidence: node -> {"seconds", "cpu_seconds", "machine"} for all the evidence that a score rests on.
    details: for a score {"label": the spec as short as it can be written, "repeats", "spread", "warnings"}; for a truth
        {"protocol", "learning_rate", "weight_decay", "steps", "validation", "measure", "training", "curve"}; for a
        calibration {"protocol", "tried", "judged", "step", "image", "run", "sweep"}, see `tbench.calibration.Estimate`.
    provenance: {"tbench", "plugin", "torch", "numpy", "machine", "weights", "data"}.
    """

    key: Key
    status: Status
    value: float | None = None
    reason: str = ""
    seconds: float | None = None
    cpu_seconds: float | None = None
    evidence: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    time: str = ""  # ISO 8601, UTC
    format: int = FORMAT


# The step that turns a document of each older format into one of the next.
UPGRADES: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}


def to_json(record: Record) -> str:
    """One line; floats as their shortest exact decimals. StoreError for what JSON cannot hold."""
    try:
        return json.dumps(asdict(record), sort_keys=True, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise StoreError(f"record of {record.key.spec} on {record.key.candidate} cannot be written: {error}") from error


def from_json(text: str) -> Record:
    """A record as to_json wrote it, in this format or an older one. StoreError for anything else."""
    try:
        return from_document(_DECODER.decode(text))
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError) as error:
        raise StoreError(f"not a record of tbench: {text[:60]!r} ({error!r})") from error


def from_document(document: dict[str, Any]) -> Record:
    """The same of what such a text says; ValueError, TypeError or LookupError for what is none."""
    while (written := document["format"]) < FORMAT:
        document = UPGRADES[written](document)
    if written > FORMAT:
        raise StoreError(newer(written, FORMAT))
    return _sound(Record(**document | {"key": Key(**document["key"])}))


def newer(written: int, known: int) -> str:
    """What to say of a file that this version is too old for."""
    return f"written by a newer tbench (format {written}, this one knows {known}): upgrade tbench"


def _sound(record: Record) -> Record:
    """ValueError where something is not of its kind: what comes from a store may have been written by anybody."""
    key = record.key
    texts = (key.suite, key.dataset, key.candidate, key.spec, record.reason, record.time)
    numbers = (record.value, record.seconds, record.cpu_seconds)
    tables = (record.evidence, record.details, record.provenance, *record.evidence.values())
    if not (
        all(type(text) is str for text in texts)
        and type(key.seed) is int
        and key.kind in _KINDS
        and record.status in _STATUSES
        and all(number is None or _finite(number) for number in numbers)
        and all(type(table) is dict for table in tables)
    ):
        raise ValueError("a field is not of its kind")
    return record


def _finite(value: object) -> bool:
    return (type(value) is float or type(value) is int) and math.isfinite(value)


def _refused(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")


_KINDS, _STATUSES = get_args(Kind), get_args(Status)
_DECODER = json.JSONDecoder(parse_constant=_refused)  # NaN and the infinities, which to_json never writes
