"""Records as rows that hold numbers of texts: what many of them say alike is there once."""

from __future__ import annotations

import json
import math
import sys
from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from tbench.errors import StoreError
from tbench.results import FORMAT, Key, Kind, Record, Status, from_document

NAMES = ("kind", "suite", "dataset", "candidate", "spec", "status")  # texts as they stand
SHARED = ("reason", "words", "evidence", "provenance")  # texts that are JSON
TEXTS = (*NAMES, *SHARED)
MEASURED = ("value", "seconds", "cpu_seconds")
FIELDS = (*TEXTS, "seed", "format", *MEASURED, "numbers", "time")


def written(record: Record) -> dict[str, Any]:
    """A row, by FIELDS, its texts in full. Of details, words are what many records say alike, and numbers the rest.

    StoreError for what JSON cannot hold.
    """
    words = {name: value for name, value in record.details.items() if _is_words(value)}
    numbers = {name: value for name, value in record.details.items() if name not in words}
    try:
        json.dumps([getattr(record, name) for name in MEASURED], allow_nan=False)
        return {
            **{name: getattr(record.key, name) for name in (*NAMES[:-1], "seed")},
            **{name: getattr(record, name) for name in ("status", *MEASURED, "time", "format")},
            "reason": _dumped(record.reason),
            "words": _dumped(words),
            "evidence": _dumped(record.evidence),
            "provenance": _dumped(record.provenance),
            "numbers": _dumped(numbers),
        }
    except (TypeError, ValueError) as error:
        raise StoreError(f"record of {record.key.spec} on {record.key.candidate} cannot be written: {error}") from error


class Texts:
    """By their numbers, and what those that are JSON say; each is read once."""

    def __init__(self, texts: Mapping[int, str]) -> None:
        self._texts = texts
        self._meant: dict[int, Any] = {}

    def __getitem__(self, number: int) -> str:
        return self._texts[number]

    def meant(self, number: int) -> Any:
        """Shared by all that ask for it: not to be changed."""
        if number not in self._meant:
            self._meant[number] = json.loads(self._texts[number])
        return self._meant[number]

    def record(self, row: Sequence[Any]) -> Record:
        """Of a row's FIELDS, its texts as numbers."""
        kind, suite, dataset, candidate, spec, status, reason, words, evidence, provenance, seed, form, *rest = row
        value, seconds, cpu_seconds, numbers, time = rest
        names = (self._texts[dataset], self._texts[candidate], self._texts[spec])
        details = self.meant(words) | json.loads(numbers)
        if form == FORMAT:
            return Record(
                Key(cast(Kind, self._texts[kind]), self._texts[suite], *names, seed),
                cast(Status, self._texts[status]),
                value,
                self.meant(reason),
                seconds,
                cpu_seconds,
                self.meant(evidence),
                details,
                self.meant(provenance),
                time,
                form,
            )
        told = dict(zip((*MEASURED, "time", "format"), (value, seconds, cpu_seconds, time, form), strict=True))
        told |= {"reason": self.meant(reason), "evidence": self.meant(evidence), "provenance": self.meant(provenance)}
        key = {name: self._texts[number] for name, number in zip(NAMES[:-1], row, strict=False)} | {"seed": seed}
        return from_document(told | {"key": key, "status": self._texts[status], "details": details})


class Columns:
    """Very many rows side by side, without an object for each.

    whole: number of texts, and seeds and formats. floats: NaN where there is none. numbers, times: as they stand.
    """

    def __init__(self) -> None:
        self.texts = Texts({})
        self.whole: dict[str, array[int]] = {name: array("q") for name in (*TEXTS, "seed", "format")}
        self.floats: dict[str, array[float]] = {name: array("d") for name in MEASURED}
        self.numbers: list[str] = []
        self.times: list[str] = []

    @classmethod
    def of(cls, records: Iterable[Record]) -> Columns:
        made, known = cls(), dict[str, int]()
        rows = (written(record) for record in records)
        found = [[row[name] for name in FIELDS] for row in rows]
        made.extend(
            [[*(known.setdefault(text, len(known)) for text in row[: len(TEXTS)]), *row[len(TEXTS) :]] for row in found]
        )
        made.texts = Texts({number: text for text, number in known.items()})
        return made

    def extend(self, rows: Sequence[Sequence[Any]]) -> None:
        """By rows of FIELDS."""
        if not rows:
            return
        columns = dict(zip(FIELDS, zip(*rows, strict=True), strict=True))
        for name, several in self.whole.items():
            several.extend(columns[name])
        for name, floats in self.floats.items():
            known = columns[name]
            floats.extend([math.nan if value is None else value for value in known] if None in known else known)
        self.numbers.extend(columns["numbers"])
        self.times.extend(map(sys.intern, columns["time"]))

    def row(self, place: int) -> list[Any]:
        floats = [several[place] for several in self.floats.values()]
        return [
            *(several[place] for several in self.whole.values()),
            *(None if math.isnan(value) else value for value in floats),
            self.numbers[place],
            self.times[place],
        ]


def _is_words(value: object) -> bool:
    if isinstance(value, list | tuple):
        return all(isinstance(one, str) for one in value)
    return value is None or isinstance(value, str | bool)


def _dumped(value: object) -> str:
    return json.dumps(value, sort_keys=True, allow_nan=False, separators=(",", ":"))
