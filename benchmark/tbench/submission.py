"""The scores of one metric on one suite as a text that people review: written always alike, read without trust."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args
from urllib.parse import quote

from tbench.errors import TbenchError, UsageError
from tbench.outside import MOST, parse_json, read_text
from tbench.plain import plain
from tbench.results import Key, Record, Status
from tbench.spec import parse

FORMAT = 1
COLUMNS = ("dataset", "candidate", "seed", "status", "score", "reason", "seconds", "evidence_seconds")
CHECKSUM = "sha256 "
TEXTS = ("suite", "protocol", "metric", "spec", "package", "precision", "probe")
STATUSES = get_args(Status)


@dataclass(frozen=True, order=True)
class Cell:
    """score: None unless status is ok, reason: empty if it is. seconds: of the metric alone. evidence_seconds: of all
    that it rests on."""

    dataset: str
    candidate: str
    seed: int
    status: Status
    score: float | None = None
    reason: str = ""
    seconds: float | None = None
    evidence_seconds: float | None = None


@dataclass(frozen=True)
class Submission:
    """metric: the label, as short as it can be written. package: who brings it, with the version. weights: candidate ->
    fingerprint. data: dataset -> seed -> fingerprint. versions, machines, days: all that scores were measured with."""

    suite: str
    protocol: str
    metric: str
    spec: str
    package: str
    precision: str
    probe: str
    machines: tuple[str, ...]
    days: tuple[str, ...]
    versions: Mapping[str, tuple[str, ...]]
    weights: Mapping[str, str]
    data: Mapping[str, Mapping[str, str]]
    cells: tuple[Cell, ...]

    @classmethod
    def of(cls, records: Iterable[Record], protocol: str, spec: str) -> Submission:
        """Of all records of one spec. TbenchError where they say different things of what must be one: two packages or
        versions of it, two precisions of features, two sets of weights or images under one name."""
        records = sorted(records, key=lambda record: record.key)
        measured = [record for record in records if record.status == "ok"]
        if not measured:
            raise TbenchError(f"{spec} has no score to submit: `tbench run --metrics` measures it")
        said = [record.provenance for record in measured]
        versions: dict[str, set[str]] = defaultdict(set)
        for provenance in said:
            for name in provenance.keys() - {"machine", "plugin", "weights", "data", "precision", "probe"}:
                versions[name].add(str(provenance[name]))
        weights, data = _Agreed("weights"), _Agreed("data")
        for record in measured:
            key = record.key
            weights.hear(key.candidate, record.provenance["weights"])
            data.hear((key.dataset, str(key.seed)), record.provenance["data"])
        by_dataset: dict[str, dict[str, str]] = defaultdict(dict)
        for (dataset, seed), content in data.known.items():
            by_dataset[dataset][seed] = content
        return cls(
            suite=measured[0].key.suite,
            protocol=protocol,
            metric=str(measured[0].details.get("label", spec)),
            spec=spec,
            package=_only("package", (str(provenance["plugin"]) for provenance in said)),
            precision=_only("precision", (str(provenance.get("precision", "float32")) for provenance in said)),
            probe=_only("probe", (str(provenance.get("probe", "")) for provenance in said)),
            machines=tuple(sorted({str(provenance["machine"]) for provenance in said})),
            days=tuple(sorted({record.time[:10] for record in measured if record.time})),
            versions={name: tuple(sorted(found)) for name, found in versions.items()},
            weights=weights.known,
            data=by_dataset,
            cells=tuple(map(_cell, records)),
        )

    @property
    def statuses(self) -> dict[str, int]:
        """How many cells have each."""
        counts = Counter(cell.status for cell in self.cells)
        return {status: counts[status] for status in STATUSES}

    @property
    def told(self) -> str:
        """How many cells, and of which status."""
        counts = ", ".join(f"{count} {status}" for status, count in self.statuses.items())
        return f"{len(self.cells)} cells ({counts})"

    @property
    def sums(self) -> dict[str, Any]:
        return {
            "cells": len(self.cells),
            **self.statuses,
            "seconds": math.fsum(cell.seconds or 0.0 for cell in self.cells),
            "evidence_seconds": math.fsum(cell.evidence_seconds or 0.0 for cell in self.cells),
        }

    def records(self) -> Iterator[Record]:
        """As a store would hold them, as far as tables ask."""
        for cell in self.cells:
            known = {"weights": self.weights_of(cell), "data": self.data_of(cell)}
            yield Record(
                self.key(cell),
                cell.status,
                cell.score,
                cell.reason,
                cell.seconds,
                details={"label": self.metric},
                provenance={
                    "plugin": self.package,
                    "precision": self.precision,
                    **({"probe": self.probe} if self.probe else {}),
                    **{name: value for name, value in known.items() if value},
                },
            )

    def weights_of(self, cell: Cell) -> str | None:
        return self.weights.get(cell.candidate)

    def data_of(self, cell: Cell) -> str | None:
        return self.data.get(cell.dataset, {}).get(str(cell.seed))

    def key(self, cell: Cell) -> Key:
        return Key("score", self.suite, cell.dataset, cell.candidate, self.spec, cell.seed)


def place_of(submission: Submission, out: Path) -> Path:
    """One file for each suite and metric."""
    return out / submission.suite / f"{quote(submission.metric, safe='+=,')}.txt"


def written(submission: Submission) -> str:
    """A head in JSON, a table in CSV, and the checksum of both; the same for the same submission, to the byte."""
    head = {
        "format": FORMAT,
        **{name: getattr(submission, name) for name in (*TEXTS, "machines", "days", "versions", "weights", "data")},
        "sums": submission.sums,
    }
    table = io.StringIO()
    lines = csv.writer(table, lineterminator="\n")
    lines.writerow(COLUMNS)
    lines.writerows([getattr(cell, column) for column in COLUMNS] for cell in sorted(submission.cells, key=_place))
    content = f"{json.dumps(head, indent=1, sort_keys=True, allow_nan=False)}\n\n{table.getvalue()}\n"
    text = f"{content}{CHECKSUM}{_digest(content)}\n"
    if len(text) > MOST:
        raise TbenchError(f"a submission of {len(submission.cells):,} cells is longer than {MOST:,} characters")
    return text


def read(path: Path) -> Submission:
    """UsageError for a file that cannot be read at all; TbenchError for what `written` did not write."""
    whose = str(path)
    text = read_text(path, whose)
    content, mark, digest = text.rpartition(f"\n{CHECKSUM}")
    content += "\n"
    if not mark:
        raise TbenchError(f"{whose} is not a submission: it ends without a line of its {CHECKSUM.strip()}")
    if digest != f"{_digest(content)}\n":
        raise TbenchError(f"{whose} was changed after it was written: its checksum is not that of its content")
    head, blank, table = content.partition("\n\n")
    try:
        submission = _submission(parse_json(head, "its head"), table if blank else "")
    except (UsageError, ValueError, TypeError, LookupError, AttributeError, csv.Error) as error:
        raise TbenchError(f"{whose} is not a submission: {error}") from error
    if (again := written(submission)) != text:
        pairs = zip(text.splitlines(), again.splitlines(), strict=False)
        line = next((number for number, (one, other) in enumerate(pairs, start=1) if one != other), 1)
        raise TbenchError(f"{whose}, line {line}, is not as `tbench submit` writes it: sums, order or form are others")
    return submission


class _Agreed:
    """What all must say alike."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.known: dict[Any, str] = {}

    def hear(self, name: object, value: str) -> None:
        if self.known.setdefault(name, value) != value:
            told = " seed ".join(name) if isinstance(name, tuple) else name
            raise TbenchError(
                f"scores of two {self.what} under the name {told}: measure them anew (tbench run --again)"
            )


def _only(what: str, found: Iterable[str]) -> str:
    several = sorted(set(found))
    if len(several) > 1:
        raise TbenchError(
            f"scores of more than one {what} ({', '.join(several)}): measure them anew (tbench run --again)"
        )
    return several[0]


def _cell(record: Record) -> Cell:
    key, ok = record.key, record.status == "ok"
    evidence = math.fsum(cost["seconds"] for cost in record.evidence.values())
    why = "" if ok else " ".join(plain(record.reason).split()) or "no reason was given"
    return Cell(
        key.dataset,
        key.candidate,
        key.seed,
        record.status,
        None if record.value is None else float(record.value),
        why,
        None if record.seconds is None else float(record.seconds),
        evidence if ok else None,
    )


def _place(cell: Cell) -> tuple[str, str, int]:
    return cell.dataset, cell.candidate, cell.seed


def _submission(head: Any, table: str) -> Submission:
    """ValueError, TypeError or LookupError, with a message, for what is none."""
    if type(head) is not dict or type(head.get("format")) is not int:
        raise ValueError("its head does not say its format")
    if head["format"] != FORMAT:
        raise ValueError(f"it is of format {head['format']}, and this tbench knows {FORMAT}")
    names = {*TEXTS, "machines", "days", "versions", "weights", "data", "format", "sums"}
    if head.keys() != names:
        raise ValueError(f"its head lacks, or has beside what belongs there, {', '.join(sorted(head.keys() ^ names))}")
    for name in ("metric", "spec"):
        parse(_text(head[name], name))
    return Submission(
        **{name: _text(head[name], name) for name in TEXTS},
        machines=_texts(head["machines"], "machines"),
        days=_texts(head["days"], "days"),
        versions={name: _texts(value, name) for name, value in _table(head["versions"], "versions").items()},
        weights={name: _text(value, name) for name, value in _table(head["weights"], "weights").items()},
        data={
            name: {seed: _text(value, name) for seed, value in _table(of, name).items()}
            for name, of in _table(head["data"], "data").items()
        },
        cells=tuple(_cells(table)),
    )


def _cells(table: str) -> Iterator[Cell]:
    rows = csv.reader(io.StringIO(table, newline=""), strict=True)
    if next(rows, None) != [*COLUMNS]:
        raise ValueError(f"its table has not the columns {', '.join(COLUMNS)}")
    for row in rows:
        if row:
            yield _read_cell(row, rows.line_num)


def _read_cell(row: Sequence[str], line: int) -> Cell:
    if len(row) != len(COLUMNS):
        raise ValueError(f"line {line} of its table has {len(row)} fields, not {len(COLUMNS)}")
    dataset, candidate, seed, status, score, reason, seconds, evidence = row
    try:
        cell = Cell(dataset, candidate, int(seed), status, _number(score), reason, _number(seconds), _number(evidence))  # type: ignore[arg-type]
    except ValueError as error:
        raise ValueError(f"line {line} of its table: {error}") from error
    ok = status == "ok"
    if status not in STATUSES or (cell.score is not None) != ok or bool(reason) == ok:
        raise ValueError(f"line {line} of its table: a cell is ok and has a score, or it says why it has none")
    if plain(reason) != reason or min(cell.seconds or 0.0, cell.evidence_seconds or 0.0) < 0:
        raise ValueError(f"line {line} of its table: no such reason or time is ever written")
    return cell


def _number(text: str) -> float | None:
    if not text:
        return None
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no finite number")
    return number


def _text(value: object, name: str) -> str:
    if type(value) is not str:
        raise ValueError(f"its {name} is no text")
    return value


def _texts(value: object, name: str) -> tuple[str, ...]:
    if type(value) is not list:
        raise ValueError(f"its {name} is no list")
    return tuple(_text(one, name) for one in value)


def _table(value: object, name: str) -> Mapping[str, object]:
    if type(value) is not dict:
        raise ValueError(f"its {name} is no table")
    return value


def _digest(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()
