"""Disks that are full, closed or lying, in the middle of a run: what is lost (nothing), what is said, what comes next.

In this process, with a disk that refuses: each run is the command line's own.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tbench.cli import main
from tbench.evidence.shelf import Shelf

from .conftest import CELLS, House
from .test_survival import measurements

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
CLOSED = PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def walk(house: House, *words: str) -> Result:
    return CliRunner().invoke(main, house.command(*words)[3:], env={"COLUMNS": "300"})


def refuse(patch: pytest.MonkeyPatch, kind: str, error: OSError, *, from_: int = 0) -> list[str]:
    """Let no file whose draft holds this in its name be written, from its so-many-th on; the names come back."""
    fsync = os.fsync
    refused: list[str] = []
    seen: list[str] = []

    def deadly(descriptor: int) -> None:
        name = Path(os.readlink(f"/proc/self/fd/{descriptor}")).name
        if kind in name:
            seen.append(name)
            if len(seen) > from_:
                refused.append(name)
                raise error
        fsync(descriptor)

    patch.setattr(os, "fsync", deadly)
    return refused


def recovered(house: House, undisturbed: House) -> None:
    """Whatever had been: the next run ends as if it had not."""
    ended = walk(house)
    assert ended.exit_code == 0, ended.output
    assert house.values() == undisturbed.values()
    assert {path.name for path in house.pages.iterdir()} == {path.name for path in undisturbed.pages.iterdir()}
    assert not [*house.folder.rglob("*.draft")]
    assert not [*house.folder.rglob("*.lock")]


@pytest.mark.parametrize(
    ("kind", "error", "from_"),
    [(".safetensors.", FULL, 0), (".json.", FULL, 1), (".safetensors.", CLOSED, 1), (".json.", CLOSED, 0)],
)
def test_evidence_that_cannot_be_kept_costs_no_score(
    kind: str, error: OSError, from_: int, house: House, undisturbed: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        refused = refuse(patch, kind, error, from_=from_)
        ended = walk(house)
    assert refused
    assert ended.exit_code == 0, ended.output
    folder = house.store.parent / "evidence"
    told = [line for line in ended.output.splitlines() if "cannot be kept" in line]
    assert len(told) == len(refused)
    assert all(line.endswith(f"cannot be kept in {folder} ({error.strerror}): see to that") for line in told)
    assert house.values() == undisturbed.values()
    kept = [*Shelf(folder)]
    assert len(kept) == from_
    house.store.unlink()  # what was kept is whole, and what was not is made again
    recovered(house, undisturbed)
    assert len([*Shelf(folder)]) == from_ + len(refused)


def test_a_file_where_evidence_and_checkpoints_belong_costs_nothing_but_time(house: House, undisturbed: House) -> None:
    house.store.parent.mkdir()
    for name in ("evidence", "checkpoints"):
        (house.store.parent / name).write_text("in the way")
    ended = walk(house)
    assert ended.exit_code == 0, ended.output
    assert "forward of mini/resnet-mix on mini/digits cannot be kept in" in ended.output
    assert house.values() == undisturbed.values()
    assert (house.store.parent / "evidence").read_text() == "in the way"


@pytest.mark.parametrize("error", [FULL, CLOSED])
def test_checkpoints_that_cannot_be_written_cost_no_run(
    error: OSError, house: House, undisturbed: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("tbench.checkpoint.Checkpoint.due", True)
        refused = refuse(patch, ".checkpoint.", error)
        ended = walk(house)
    assert len(refused) == 4 * 4  # every step of every run
    assert ended.exit_code == 0, ended.output
    folder = house.store.parent / "checkpoints"
    told = (
        f"checkpoints in {folder} cannot be written or removed ({error.strerror}): runs that are cut short start anew"
    )
    assert ended.output.count(told) == 2  # once for each candidate
    assert house.values() == undisturbed.values()
    recovered(house, undisturbed)
    assert measurements(house) == CELLS


@pytest.mark.parametrize("kind", ["README.md.", "scores.csv."])
def test_pages_that_cannot_be_written_cost_no_record_and_the_summary_is_told(
    kind: str, house: House, undisturbed: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        assert walk(house, "--metrics", "random").exit_code == 0
        before = {path.name: path.read_bytes() for path in house.pages.iterdir()}
        refused = refuse(patch, kind, FULL)
        ended = walk(house)
    assert len(refused) == 1
    assert ended.exit_code == 1
    assert "failed 0, in " in ended.output
    assert f"tbench: leaderboard {house.pages} cannot be written: {FULL.strerror}" in ended.output
    assert house.values() == undisturbed.values()
    after = {path.name: path.read_bytes() for path in house.pages.iterdir()}
    assert after.keys() == before.keys()
    assert after[kind.rstrip(".")] == before[kind.rstrip(".")]
    recovered(house, undisturbed)
    assert measurements(house) == CELLS


def test_a_store_without_room_ends_the_run_in_one_line_and_keeps_what_it_has(
    house: House, undisturbed: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    def full(*given: Any, **words: Any) -> sqlite3.Connection:
        connection = connect(*given, **words)
        connection.execute("PRAGMA page_size=512")
        connection.execute("PRAGMA max_page_count=26")
        return connection

    with monkeypatch.context() as patch:
        patch.setattr("sqlite3.connect", full)
        ended = walk(house)
    assert ended.exit_code == 1
    assert ended.output.splitlines()[-1] == f"tbench: store {house.store}: database or disk is full"
    before = house.values()
    assert 0 < len(before) < CELLS
    assert before.items() <= undisturbed.values().items()
    recovered(house, undisturbed)
    assert measurements(house) == CELLS


def test_a_clock_that_goes_backwards_changes_no_answer(
    house: House, undisturbed: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours: list[int] = []

    class Backwards(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Backwards:
            hours.append(1)
            return cls(2026, 6, 1, tzinfo=UTC) - timedelta(hours=len(hours))

    with monkeypatch.context() as patch:
        patch.setattr("tbench.provenance.datetime", Backwards)
        patch.setattr("time.time", lambda: -len(hours) * 3600.0)
        assert walk(house).exit_code == 0
        first = house.records()
        assert walk(house, "--again").exit_code == 0
    assert hours
    assert house.values() == undisturbed.values()
    second = house.records()
    assert all(second[key].time < first[key].time for key in first if first[key].time)
    assert all(record.seconds >= 0 for record in second.values() if record.seconds is not None)
    assert measurements(house) == 2 * CELLS
    recovered(house, undisturbed)
