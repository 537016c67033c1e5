"""What lies on a shelf, told and tidied: never what somebody is at, and least recently used first."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tbench.errors import TbenchError
from tbench.evidence.inventory import UNKNOWN, at_work, damaged, items, prune, remove
from tbench.evidence.shelf import Shelf

DAY = 86400.0


def key(number: int) -> str:
    return f"{number:02x}" * 16


def filled(folder: Path, *days: float, size: int = 100) -> Shelf:
    """One value for each number of days since its last use."""
    shelf = Shelf(folder)
    for number, ago in enumerate(days):
        notes = {"node": f"node{number}", "whose": "a candidate"}
        shelf.write(key(number), {"x": np.zeros(size, np.uint8)}, notes)
        for path in shelf.paths(key(number)):
            os.utime(path, (time.time() - ago * DAY,) * 2)
    return shelf


def test_values_are_told_least_recently_used_first(tmp_path: Path) -> None:
    shelf = filled(tmp_path, 1, 3, 2)
    found = items(shelf)
    assert [item.node for item in found] == ["node1", "node2", "node0"]
    assert {item.whose for item in found} == {"a candidate"}
    assert all(item.size == sum(path.stat().st_size for path in shelf.paths(item.key)) for item in found)
    assert items(Shelf(tmp_path / "none")) == []


def test_a_read_is_a_use_and_to_verify_is_not(tmp_path: Path) -> None:
    shelf = filled(tmp_path, 3, 2)
    assert list(damaged(shelf)) == []
    assert [item.node for item in items(shelf)] == ["node0", "node1"]
    assert shelf.read(key(0)) is not None
    first, last = items(shelf)
    assert (first.node, last.node) == ("node1", "node0")
    assert last.made < last.used


def test_what_is_damaged_is_named_and_still_counted(tmp_path: Path) -> None:
    shelf = filled(tmp_path, 1, 2, 3)
    data, _ = shelf.paths(key(0))
    data.write_bytes(data.read_bytes()[:-1])
    shelf.paths(key(1))[1].write_text("no manifest")
    found = dict(damaged(shelf))
    assert sorted(found) == [key(0), key(1)]
    assert "does not have the checksum" in found[key(0)]
    assert {item.node for item in items(shelf)} == {"node0", UNKNOWN, "node2"}
    assert all(remove(shelf, name) for name in found)
    assert list(shelf) == [key(2)]
    assert list(damaged(shelf)) == []


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 50), max_size=8, unique=True), st.integers(0, 8), st.integers(0, 50) | st.none())
def test_what_stays_fits_and_was_used_last(
    tmp_path_factory: pytest.TempPathFactory, days: list[int], fits: int, oldest: int | None
) -> None:
    shelf = filled(tmp_path_factory.mktemp("shelf"), *days)
    before = items(shelf)
    most = sum(item.size for item in before[len(before) - min(fits, len(before)) :])
    older = None if oldest is None else (oldest + 0.5) * DAY
    would = prune(shelf, most=most, older=older, dry=True)
    assert items(shelf) == before
    gone = prune(shelf, most=most, older=older)
    assert gone == would
    left = items(shelf)
    assert [*gone.items, *left] == before
    assert sum(item.size for item in left) <= most
    recent = [ago for ago in days if oldest is None or ago <= oldest]
    assert len(left) == min(fits, len(recent))


def test_what_somebody_is_at_stays(tmp_path: Path) -> None:
    shelf = filled(tmp_path, 1, 2)
    with shelf.turn(key(1), 0.0):
        (worker,) = at_work(shelf)
        assert f"process {os.getpid()} on " in worker
        gone = prune(shelf, most=0)
    assert ([item.node for item in gone.items], gone.locked) == (["node0"], 1)
    assert list(shelf) == [key(1)]
    assert at_work(shelf) == []


def test_what_killed_writers_left_goes_and_what_is_being_written_stays(tmp_path: Path) -> None:
    shelf = filled(tmp_path, 0)
    folder = shelf.paths(key(0))[0].parent
    old, new = (folder / f"{key(0)}.json.{name}.draft" for name in ("old", "new"))
    orphan, lock = folder / f"00{'1' * 30}.safetensors", folder / f"00{'2' * 30}.lock"
    for path in (old, new, orphan, lock):
        path.write_text("")
    os.utime(old, (0, 0))
    assert set(prune(shelf, most=10**9, dry=True).leftovers) == {old, orphan}
    gone = prune(shelf, most=10**9)
    assert (gone.items, set(gone.leftovers)) == ((), {old, orphan})
    assert {path.name for path in folder.iterdir()} == {path.name for path in (*shelf.paths(key(0)), new)}
    assert shelf.read(key(0)) is not None


def test_dates_of_a_clock_that_was_put_back_are_not_old(tmp_path: Path) -> None:
    shelf = filled(tmp_path, -400, 1)
    assert [item.node for item in prune(shelf, older=DAY / 2).items] == ["node1"]
    assert [item.node for item in items(shelf)] == ["node0"]


def test_what_cannot_be_removed_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = filled(tmp_path, 1)
    unlink = Path.unlink

    def refused(path: Path, **words: bool) -> None:
        if path.suffix == ".json":
            raise PermissionError(13, "Permission denied")
        unlink(path, **words)

    monkeypatch.setattr(Path, "unlink", refused)
    with pytest.raises(TbenchError, match=r"json cannot be removed \(Permission denied\): see to its permissions$"):
        prune(shelf, most=0)
    assert shelf.read(key(0)) is not None
