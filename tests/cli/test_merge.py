"""tbench merge and tbench backup: what is written, what is said, and what is left alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tbench.cli import main
from tbench.results import Key, Record
from tbench.store import Store

KEY = Key("score", "s", "d/x", "m/a", "one", 0)
ONE = Record(KEY, "ok", 1.0, provenance={"machine": "here"}, time="2026-01-01T00:00:00+00:00")
OTHER = replace(ONE, key=replace(KEY, spec="other"))
TWO = replace(ONE, value=2.0, time="2026-01-02T00:00:00+00:00")


def tbench(*words: object) -> Result:
    return CliRunner().invoke(main, [*map(str, words)])


def made(path: Path, *records: Record) -> Path:
    with Store(path) as store:
        store.add(*records)
    return path


def held(path: Path) -> list[Record]:
    with Store(path, read_only=True) as store:
        return store.latest()


@pytest.fixture
def first(tmp_path: Path) -> Path:
    return made(tmp_path / "first", ONE)


def test_into_the_first(first: Path, tmp_path: Path) -> None:
    second = made(tmp_path / "second", ONE, OTHER)
    ended = tbench("merge", first, second)
    assert (ended.exit_code, ended.output) == (0, f"{first}: 1 cell added, 1 known already\n")
    assert held(first) == [ONE, OTHER]
    assert held(second) == [ONE, OTHER]
    assert tbench("merge", first, second).output == f"{first}: 0 cells added, 2 known already\n"


def test_into_another(first: Path, tmp_path: Path) -> None:
    second, both = made(tmp_path / "second", OTHER), tmp_path / "both"
    assert tbench("merge", first, second, "--into", both).exit_code == 0
    assert held(both) == [ONE, OTHER]
    assert held(first) == [ONE]


def test_conflicts_are_named_and_nothing_is_written(first: Path, tmp_path: Path) -> None:
    second = made(tmp_path / "second", TWO, OTHER)
    ended = tbench("merge", first, second)
    assert ended.exit_code == 1
    assert "conflict: one of m/a on d/x, seed 0, suite s (score): 1.0 on here at 2026-01-01" in ended.output
    assert "nothing was written: say whose record is to stay" in ended.output
    assert held(first) == [ONE]


@pytest.mark.parametrize(("prefer", "kept"), [("first", ONE), ("newest", TWO)])
def test_a_preference_settles_them_and_they_are_named_still(
    prefer: str, kept: Record, first: Path, tmp_path: Path
) -> None:
    ended = tbench("merge", first, made(tmp_path / "second", TWO, OTHER), "--prefer", prefer)
    assert ended.exit_code == 0
    assert "conflict: one of m/a" in ended.output
    assert held(first) == [kept, OTHER]


def test_what_cannot_be_merged(first: Path, tmp_path: Path) -> None:
    assert tbench("merge", first).exit_code == 2
    assert tbench("merge", first, tmp_path / "." / "first").exit_code == 2
    ended = tbench("merge", tmp_path / "frist", first)
    assert ended.exit_code == 1
    assert "there is no store" in ended.output
    assert not (tmp_path / "frist").exists()


def test_a_backup_is_the_store_of_its_moment(first: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    with Store(first) as driver:
        driver.add(OTHER)  # is still in the log beside the file
        assert tbench("backup", copy, "--store", first).output == f"{copy}\n"
        driver.add(TWO)
    assert held(copy) == [ONE, OTHER]
    ended = tbench("backup", copy, "--store", first)
    assert ended.exit_code == 1
    assert "is there already" in ended.output
    assert held(copy) == [ONE, OTHER]
    assert tbench("backup", tmp_path / "none", "--store", tmp_path / "nowhere").exit_code == 1
    assert not (tmp_path / "none").exists()
