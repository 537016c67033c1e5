"""A record from a store is a record, or one line says why not."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given, settings

from tbench.errors import StoreError
from tbench.results import Key, Record, from_json, to_json

from .mutation import altered, mutated, refusal, values

RECORD = Record(
    Key("score", "mini", "mini/digits", "mini/resnet@stage2", "logme:x=1", 0),
    "ok",
    0.5,
    "",
    0.1,
    0.2,
    {"forward": {"seconds": 1.0, "cpu_seconds": 2.0, "machine": "m"}},
    {"label": "logme", "warnings": ["w"]},
    {"machine": "m", "weights": "w"},
    "2026-01-02T10:00:00+00:00",
)
DOCUMENT = json.loads(to_json(RECORD))


def read(text: str) -> None:
    """What was read can be written, sorted among others, and read again."""
    record = from_json(text)
    assert from_json(to_json(record)) == record
    assert sorted([record.key, RECORD.key])
    assert {record.key}


def test_the_record_itself() -> None:
    assert from_json(to_json(RECORD)) == RECORD
    assert asdict(RECORD) == DOCUMENT


@given(mutated(to_json(RECORD).encode()))
def test_with_accidents(content: bytes) -> None:
    refusal(lambda: read(content.decode("utf-8", "replace")), StoreError)


@given(altered(DOCUMENT))
@settings(max_examples=200)
def test_with_values_of_other_kinds(document: dict[str, Any]) -> None:
    refusal(lambda: read(json.dumps(document, default=str)), StoreError)


@given(values)
def test_anything_else(value: Any) -> None:
    assert refusal(lambda: read(json.dumps(value, default=str)), StoreError)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"format":' * 100_000,
        json.dumps(DOCUMENT | {"value": float("nan")}),
        json.dumps(DOCUMENT).replace("0.5", "1e999"),
        json.dumps(DOCUMENT).replace('"seed": 0', '"seed": "0"'),
        json.dumps(DOCUMENT).replace('"seed": 0', '"seed": true'),
        json.dumps(DOCUMENT | {"status": "fine"}),
        json.dumps(DOCUMENT | {"provenance": []}),
        json.dumps(DOCUMENT | {"seconds": 10**400}),
        json.dumps(DOCUMENT | {"evidence": {"forward": 1}}),
    ],
)
def test_what_no_version_has_written_is_told(text: str) -> None:
    assert refusal(lambda: from_json(text), StoreError).startswith("not a record of tbench: ")
