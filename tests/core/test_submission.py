"""Submitted scores: written always alike, read as they were written, and refused in any other form."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbench.errors import TbenchError, UsageError
from tbench.outside import MOST
from tbench.results import Key, Record
from tbench.submission import CHECKSUM, Cell, Submission, place_of, read, written

PROVENANCE = {
    "tbench": "1",
    "machine": "one",
    "plugin": "p 1.0",
    "precision": "float32",
    "weights": "w",
    "data": "d",
    "torch": "2",
}
KEY = Key("score", "s", "d/x", "m/a", "one:power=1", 0)
OK = Record(
    KEY,
    "ok",
    0.1,
    seconds=0.25,
    evidence={"features": {"seconds": 1.5}, "groups": {"seconds": 0.5}},
    details={"label": "one"},
    provenance=PROVENANCE,
    time="2026-01-02T03:04:05+00:00",
)
FAILED = Record(replace(KEY, candidate="m/b"), "failed", reason="it\x1b[2J broke\n\n badly", details={"label": "one"})
MADE = Submission.of([FAILED, OK], "quick", KEY.spec)

seconds = st.none() | st.floats(0, 1e9)
names = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=8)
numbers = st.integers(-(10**9), 10**9)
cells = st.one_of(
    st.builds(
        Cell,
        names,
        names,
        numbers,
        st.just("ok"),
        st.floats(allow_nan=False, allow_infinity=False),
        st.just(""),
        seconds,
        seconds,
    ),
    st.builds(Cell, names, names, numbers, st.sampled_from(["failed", "inapplicable"]), st.none(), names),
)


def sealed(content: str) -> str:
    return f"{content}{CHECKSUM}{hashlib.sha256(content.encode()).hexdigest()}\n"


def content_of(text: str) -> str:
    return text[: text.rindex(CHECKSUM)]


def test_a_submission_says_what_its_records_say() -> None:
    assert MADE.cells == (
        Cell("d/x", "m/a", 0, "ok", 0.1, "", 0.25, 2.0),
        Cell("d/x", "m/b", 0, "failed", None, "it\N{REPLACEMENT CHARACTER}[2J broke badly"),
    )
    assert (MADE.metric, MADE.package, MADE.machines, MADE.days) == ("one", "p 1.0", ("one",), ("2026-01-02",))
    assert (MADE.weights, MADE.data) == ({"m/a": "w"}, {"d/x": {"0": "d"}})
    assert MADE.versions == {"tbench": ("1",), "torch": ("2",)}
    assert MADE.sums == {"cells": 2, "ok": 1, "inapplicable": 0, "failed": 1, "seconds": 0.25, "evidence_seconds": 2.0}
    assert [record.key for record in MADE.records()] == [OK.key, FAILED.key]
    assert [record.value for record in MADE.records()] == [0.1, None]


@given(st.lists(cells, unique_by=lambda cell: (cell.dataset, cell.candidate, cell.seed)))
def test_what_is_written_is_read_again_whatever_the_order(
    tmp_path_factory: pytest.TempPathFactory, found: list[Cell]
) -> None:
    made = replace(MADE, cells=tuple(found))
    text = written(made)
    assert text == written(replace(MADE, cells=tuple(reversed(found))))
    path = tmp_path_factory.mktemp("read") / "file.txt"
    path.write_text(text, encoding="utf-8", newline="")
    again = read(path)
    assert sorted(again.cells, key=str) == sorted(found, key=str)
    assert replace(again, cells=()) == replace(made, cells=())


@given(st.data())
def test_any_other_sign_is_noticed(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    text = written(MADE)
    place = data.draw(st.integers(0, len(text) - 1))
    sign = data.draw(st.characters(codec="ascii").filter(lambda sign: sign != text[place]))
    path = tmp_path_factory.mktemp("read") / "file.txt"
    path.write_text(text[:place] + sign + text[place + 1 :], encoding="utf-8", newline="")
    with pytest.raises(TbenchError):
        read(path)


TAMPERED: dict[str, tuple[Callable[[str], str], str]] = {
    "another score in other digits": (lambda text: text.replace(",0.1,", ",0.10,"), "line .* is not as"),
    "no number": (lambda text: text.replace(",0.1,", ",nan,"), "nan is no finite number"),
    "beyond all numbers": (lambda text: text.replace(",0.1,", ",1e999,"), "no finite number"),
    "no score": (lambda text: text.replace(",0.1,", ",,"), "is ok and has a score"),
    "no reason": (lambda text: text.replace(",it\N{REPLACEMENT CHARACTER}[2J broke badly,", ",,"), "says why"),
    "a reason that steers": (lambda text: text.replace("[2J", "\x1b[2J"), "no such reason"),
    "time that runs backwards": (lambda text: text.replace(",0.25,", ",-0.25,"), "no such reason or time"),
    "another status": (lambda text: text.replace(",failed,", ",lost,"), "a cell is ok"),
    "a field more": (lambda text: text.replace(",0.25,", ",0.25,1,"), "has 9 fields"),
    "other sums": (lambda text: text.replace('"cells": 2', '"cells": 3'), "is not as"),
    "a newer format": (lambda text: text.replace('"format": 1', '"format": 2'), "of format 2"),
    "a word less": (lambda text: text.replace(' "suite": "s",\n', ""), "suite"),
    "a word more": (lambda text: text.replace(' "suite": "s",\n', ' "suite": "s",\n "sweet": 1,\n'), "sweet"),
    "a suite of numbers": (lambda text: text.replace('"suite": "s"', '"suite": 7'), "its suite is no text"),
    "a metric that nobody could write": (
        lambda text: text.replace('"metric": "one"', '"metric": "<b>one</b>"'),
        "is not a submission",
    ),
    "no table": (lambda text: text.partition("\n\n")[0] + "\n\n\n", "has not the columns"),
    "no head": (lambda text: "\n\n" + text.partition("\n\n")[2], "is not JSON"),
    "a head too deep": (lambda text: "[" * 100_000 + "\n\n\n", "not JSON|nested"),
    "a head of another kind": (lambda text: "[]\n\n\n", "does not say its format"),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_what_was_tampered_with_is_refused_even_under_its_own_checksum(what: str, tmp_path: Path) -> None:
    change, reason = TAMPERED[what]
    content = content_of(written(MADE))
    assert change(content) != content
    (tmp_path / "file.txt").write_text(sealed(change(content)), encoding="utf-8", newline="")
    with pytest.raises(TbenchError, match=reason) as told:
        read(tmp_path / "file.txt")
    assert not isinstance(told.value, UsageError)
    assert "\n" not in str(told.value)


def test_a_file_that_is_too_long_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_text("x" * (MOST + 1))
    with pytest.raises(TbenchError, match="characters"):
        read(tmp_path / "file.txt")
    with pytest.raises(UsageError, match="cannot be read"):
        read(tmp_path / "none.txt")


def test_nothing_that_could_not_be_read_is_written() -> None:
    with pytest.raises(TbenchError, match="longer than"):
        written(replace(MADE, cells=(replace(MADE.cells[1], reason="x" * MOST),)))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"plugin": "p 2.0"}, r"more than one package \(p 1.0, p 2.0\)"),
        ({"precision": "bfloat16"}, "more than one precision"),
        ({"data": "other"}, "two data under the name d/x seed 0"),
    ],
)
def test_what_must_be_one_is_one(change: dict[str, str], reason: str) -> None:
    other = replace(OK, key=replace(KEY, candidate="m/b"), provenance=PROVENANCE | change)
    with pytest.raises(TbenchError, match=reason):
        Submission.of([OK, other], "quick", KEY.spec)


def test_without_a_score_there_is_nothing_to_submit() -> None:
    with pytest.raises(TbenchError, match="no score to submit"):
        Submission.of([FAILED], "quick", KEY.spec)


@given(names, names)
def test_two_metrics_never_share_a_file(one: str, other: str) -> None:
    files = {place_of(replace(MADE, metric=name), Path("out")) for name in (one, other)}
    assert len(files) == len({one, other})
    assert all(file.parent == Path("out/s") for file in files)


def test_the_head_is_json_that_anybody_can_read() -> None:
    head = json.loads(written(MADE).partition("\n\n")[0])
    assert head["sums"] == MADE.sums
    assert head["spec"] == "one:power=1"
