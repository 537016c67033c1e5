"""One at a time: among threads and processes, past those who are killed, and never for ever."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tbench.api import evidence
from tbench.errors import SaturationWarning
from tbench.evidence import graph as room
from tbench.evidence.graph import Evidence, Root
from tbench.evidence.shelf import Shelf
from tbench.evidence.turn import holder, turn

IMAGES = np.arange(8.0).reshape(8, 1)
ROWS = 2  # of a shard in these tests
SLOW = 0.3  # seconds that a shard takes

OWNER = """
import sys, time
from pathlib import Path
from tbench.evidence.turn import turn
with turn(Path(sys.argv[1]), 0.0) as ours:
    print(ours.ours, flush=True)
    time.sleep(600)
"""
WORKER = """
import json, os, sys, time
from pathlib import Path
from tests.core import test_turn

folder, others = Path(sys.argv[1]), int(sys.argv[2])
(folder / f"{os.getpid()}.ready").touch()
while len([*folder.glob("*.ready")]) < others:
    time.sleep(0.01)
test_turn.room.SHARD = test_turn.ROWS
known = test_turn.graph(folder)
print(json.dumps([known["dear"]["features"].tolist(), known.costs["dear"].seconds, known.notices]))
"""


@evidence(keep=True, shards="images")
def dear(images: NDArray[Any], folder: Path) -> Mapping[str, NDArray[Any]]:
    """Slow, and it notes down who is at what."""
    with (folder / "log").open("a") as log:
        log.write(f"{os.getpid()} {images[0, 0]}\n")
    time.sleep(SLOW)
    return {"features": images * 2.0}


def graph(folder: Path) -> Evidence:
    roots = {"images": Root.of(IMAGES, "images"), "folder": Root.of(folder, "a folder")}
    return Evidence(roots, {"dear": dear}, Shelf(folder / "evidence"), "a candidate")


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "SHARD", ROWS)


def started(script: str, *words: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])


@pytest.fixture
def owner(tmp_path: Path) -> Any:
    """A process that has the lock and does not give it back."""
    with started(OWNER, tmp_path / "lock") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        yield process
        with suppress(ProcessLookupError):
            process.kill()


def test_workers_that_start_at_once_share_the_work_and_compute_nothing_twice(tmp_path: Path) -> None:
    count = 3
    with ExitStack() as stack:
        workers = [stack.enter_context(started(WORKER, tmp_path, count)) for _ in range(count)]
        said = [worker.communicate(timeout=300)[0] for worker in workers]
    told = [json.loads(each) for each in said]
    log = [line.split() for line in (tmp_path / "log").read_text().splitlines()]
    assert sorted(float(first) for _, first in log) == IMAGES[::ROWS, 0].tolist()
    assert len({pid for pid, _ in log}) > 1
    assert all(features == (IMAGES * 2).tolist() for features, _, _ in told)
    (seconds,) = {seconds for _, seconds, _ in told}  # what each shard cost whoever computed it
    assert seconds >= SLOW * len(IMAGES) / ROWS
    assert not [*tmp_path.rglob("*.lock")]


def test_an_owner_that_is_killed_is_followed_at_once(owner: subprocess.Popen[str], tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    assert f"process {owner.pid} on " in holder(lock)
    with turn(lock, 0.3) as impatient:
        assert not impatient.ours
        assert impatient.waited >= 0.3
        assert f"process {owner.pid} on " in impatient.owner
    killed: list[float] = []

    def kill() -> None:
        killed.append(time.monotonic())
        owner.send_signal(signal.SIGKILL)

    threading.Timer(0.2, kill).start()
    with turn(lock, 60.0) as ours:
        assert time.monotonic() - killed[0] < 5
        assert ours.ours
        assert ours.waited >= 0.2
        assert f"process {owner.pid} on " in ours.owner
        assert f"process {os.getpid()} on " in holder(lock)
    assert (holder(lock), lock.exists()) == ("", False)


def test_threads_have_turns_too(tmp_path: Path) -> None:
    inside, most = [0], [0]

    def work() -> None:
        with turn(tmp_path / "lock", 60.0) as mine:
            assert mine.ours
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0.01)
            inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


def test_an_error_gives_the_turn_back(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="no"), turn(tmp_path / "lock", 0.0):
        raise RuntimeError("no")
    with turn(tmp_path / "lock", 0.0) as mine:
        assert mine.ours


@pytest.mark.parametrize("obstacle", ["no folder", "no locks"])
def test_without_locks_everybody_has_his_turn(obstacle: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*given: object) -> None:
        raise OSError(37, "No locks available")

    if obstacle == "no locks":
        monkeypatch.setattr("tbench.evidence.turn.fcntl.flock", refused)
    lock = tmp_path / "none" / "lock" if obstacle == "no folder" else tmp_path / "lock"
    with turn(lock, 60.0) as one, turn(lock, 60.0) as other:
        assert (one.ours, other.ours) == (True, True)
    assert holder(lock) == ""


def test_a_clock_that_is_put_back_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with turn(tmp_path / "lock", 0.0):
        monkeypatch.setattr(time, "time", lambda: 0.0)
        start = time.monotonic()
        with turn(tmp_path / "lock", 0.2) as other:
            assert not other.ours
        assert 0.2 <= time.monotonic() - start < 5


def test_what_somebody_never_finishes_is_computed_here_too_and_waiting_is_not_charged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "SHARD", len(IMAGES))
    monkeypatch.setattr(room, "PATIENCE", 1.0)
    monkeypatch.setattr(room, "AUDIBLE", 0.5)
    known = graph(tmp_path)
    assert known.shelf is not None
    key = known.key("dear")
    assert key is not None
    with known.shelf.turn(key, 0.0):
        start = time.monotonic()
        assert (known["dear"]["features"] == IMAGES * 2).all()
        assert time.monotonic() - start >= 1.0 + SLOW
    assert SLOW <= known.costs["dear"].seconds < 1.0
    (notice,) = known.notices
    assert notice.startswith(f"dear of a candidate: waited 1 s for process {os.getpid()} on ")
    assert notice.endswith("which has it still: computed here, too")


def test_who_waited_reads_what_the_other_made_and_hears_what_it_was_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "AUDIBLE", 0.1)
    begun = threading.Event()
    calls: list[str] = []

    @evidence(keep=True)
    def slow(images: NDArray[Any]) -> Mapping[str, NDArray[Any]]:
        calls.append("slow")
        begun.set()
        time.sleep(1.0)
        return {"features": images + 1}

    def over() -> Evidence:
        return Evidence({"images": Root.of(IMAGES, "images")}, {"slow": slow}, Shelf(tmp_path), "a candidate")

    first, second = over(), over()
    thread = threading.Thread(target=lambda: first["slow"])
    thread.start()
    assert begun.wait(60)
    assert (second["slow"]["features"] == IMAGES + 1).all()
    thread.join()
    assert calls == ["slow"]
    assert second.costs == first.costs
    (notice,) = second.notices
    assert notice.endswith("which had it")


def test_warnings_are_kept_with_the_value(tmp_path: Path) -> None:
    @evidence(keep=True, shards="images")
    def wary(images: NDArray[Any]) -> Mapping[str, NDArray[Any]]:
        warnings.warn(f"few: {images[0, 0]}", SaturationWarning, stacklevel=1)
        warnings.warn("by the way", UserWarning, stacklevel=1)
        return {"features": images}

    def heard() -> list[tuple[bool, str]]:
        known = Evidence({"images": Root.of(IMAGES, "images")}, {"wary": wary}, Shelf(tmp_path))
        assert len(known["wary"]["features"]) == len(IMAGES)
        return sorted((isinstance(one, SaturationWarning), str(one)) for one in known.warnings("wary"))

    computed, read = heard(), heard()
    assert read == computed
    assert [told for saturated, told in computed if saturated] == [f"few: {first}" for first in IMAGES[::ROWS, 0]]
