"""Whole or not at all: full disks, lost permissions, several writers, and drafts of the dead."""

from __future__ import annotations

import errno
import os
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from tbench.errors import StoreError
from tbench.evidence.shelf import Shelf
from tbench.files import ABANDONED, abandoned, place
from tbench.results import Key, Record
from tbench.store import Store

OBSTACLES = [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO]
KEY = "ab" * 16


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file can grow beyond so many bytes: as on a full disk, the kernel refuses in the middle of a write."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("before", [None, b"what was there"])
def test_a_disk_without_room_leaves_what_was_there(tmp_path: Path, before: bytes | None) -> None:
    path = tmp_path / "file"
    if before:
        path.write_bytes(before)
    with room_for(1000), pytest.raises(OSError, match="File too large"):
        place(path, b"x" * 600, b"y" * 600)
    assert [each.name for each in tmp_path.iterdir()] == (["file"] if before else [])
    assert not before or path.read_bytes() == before
    place(path, b"x" * 600, b"y" * 600)
    assert path.read_bytes() == b"x" * 600 + b"y" * 600


@pytest.mark.parametrize("number", OBSTACLES)
@pytest.mark.parametrize("moment", ["os.fsync", "pathlib.Path.open", "pathlib.Path.replace"])
def test_whatever_is_refused_leaves_what_was_there(
    number: int, moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*given: object) -> None:
        raise OSError(number, os.strerror(number))

    path = tmp_path / "file"
    place(path, b"before")
    with monkeypatch.context() as full:
        full.setattr(moment, refused)
        with pytest.raises(OSError, match=os.strerror(number)):
            place(path, b"after")
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
    assert path.read_bytes() == b"before"


def test_of_several_writers_one_counts_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    contents = [bytes([number]) * 100_000 for number in range(8)]
    threads = [threading.Thread(target=place, args=(path, content)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_bytes() in contents
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_drafts_of_the_dead_are_told_from_those_that_are_being_written(tmp_path: Path) -> None:
    old, new, future = (tmp_path / f"file.{name}.draft" for name in ("old", "new", "future"))
    for path, age in ((old, ABANDONED + 60), (new, 0), (future, -ABANDONED)):
        path.write_bytes(b"half")
        moment = path.stat().st_mtime - age
        os.utime(path, (moment, moment))
    assert abandoned(tmp_path) == [old]


@pytest.mark.parametrize("writes", [0, 1])
def test_a_shelf_without_room_holds_no_half(tmp_path: Path, writes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf, arrays = Shelf(tmp_path), {"x": np.arange(1000.0)}
    if writes:  # the data goes in, the manifest does not

        def only_data(path: Path, content: bytes) -> None:
            if path.suffix == ".json":
                raise OSError(errno.ENOSPC, "No space left on device")
            place(path, content)

        with monkeypatch.context() as full:
            full.setattr("tbench.evidence.shelf.place", only_data)
            with pytest.raises(OSError, match="No space"):
                shelf.write(KEY, arrays, {})
    else:
        with room_for(1000), pytest.raises(OSError, match="File too large"):
            shelf.write(KEY, arrays, {})
    assert shelf.read(KEY) is None
    shelf.write(KEY, arrays, {})
    kept = shelf.read(KEY)
    assert kept is not None
    assert (kept[0]["x"] == arrays["x"]).all()


def record(number: int, time: str = "2026-01-01T00:00:00+00:00") -> Record:
    key = Key("score", "s", "d/x", "m/a", f"logme:n={number % 100}", 0)
    return Record(key, "ok", float(number), details={"text": "x" * 2000}, time=time)


def test_a_store_without_room_keeps_what_it_has_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    with Store(tmp_path / "store.sqlite") as store:
        for number in range(3):
            store.add(record(number))
        log = tmp_path / "store.sqlite-wal"
        with room_for(log.stat().st_size), pytest.raises(StoreError, match=rf"^store {store.where}: .*disk") as caught:
            store.add(record(3))
        assert "\n" not in str(caught.value)
        assert [found.value for found in store.latest()] == [0.0, 1.0, 2.0]
        store.add(record(3))
    with Store(tmp_path / "store.sqlite") as store:
        assert [found.value for found in store.latest()] == [0.0, 1.0, 2.0, 3.0]


def test_the_last_record_counts_whatever_the_clock_said(tmp_path: Path) -> None:
    with Store(tmp_path / "store.sqlite") as store:
        store.add(record(1, "2026-06-01T00:00:00+00:00"))
        store.add(record(101, "1999-01-01T00:00:00+00:00"))
        (found,) = store.latest()
        assert found.value == 101.0
