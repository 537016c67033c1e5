"""Several drivers on one store: nothing is done twice, nothing is left out, and a dead driver holds nothing back."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from spawned import hold, walk

from tbench.claims import OnFile, _place
from tbench.executors.here import Here
from tbench.hooks import Listeners
from tbench.plan import Plan, Task
from tbench.results import Key, Record
from tbench.run import run
from tbench.store import Store

SPAWN = multiprocessing.get_context("spawn")
TASKS = tuple(
    Task(tuple(Key("score", "s", f"d/{number}", "c", spec, 0) for spec in ("one", "two", "three")))
    for number in range(12)
)
CELLS = sorted(key for task in TASKS for key in task.cells)


def rows(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT count(*) FROM records").fetchone()[0])


def stored(path: Path) -> dict[Key, Record]:
    with Store(path, read_only=True) as store:
        return {record.key: record for record in store.latest()}


@given(st.text())
def test_every_work_has_a_place_that_files_and_servers_can_count_to(work: str) -> None:
    assert 0 <= _place(work) < 2**62


def test_a_claim_is_one_process_s_until_it_drops_it_or_is_dead(tmp_path: Path) -> None:
    path = tmp_path / "claims"
    holder = SPAWN.Process(target=hold, args=(path, tmp_path / "held"))
    holder.start()
    _wait_until((tmp_path / "held").exists)
    with closing(OnFile(path)) as claims:
        assert not claims.take("this work")
        assert claims.take("other work")
        claims.drop("other work")
        os.kill(holder.pid or 0, signal.SIGKILL)
        holder.join()
        assert claims.take("this work")
        assert claims.take("this work")


def test_two_drivers_of_one_run_share_it_and_measure_nothing_twice(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    drivers = [SPAWN.Process(target=walk, args=(path, TASKS, name)) for name in ("one", "other")]
    for driver in drivers:
        driver.start()
    for driver in drivers:
        driver.join()
    assert [driver.exitcode for driver in drivers] == [0, 0]
    found = stored(path)
    assert sorted(found) == CELLS
    assert rows(path) == len(CELLS)
    assert {record.details["driver"] for record in found.values()} == {"one", "other"}


def test_two_drivers_of_two_halves_do_not_disturb_one_another(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    drivers = [SPAWN.Process(target=walk, args=(path, TASKS[part::2], f"driver {part}")) for part in range(2)]
    for driver in drivers:
        driver.start()
    for driver in drivers:
        driver.join()
    assert [driver.exitcode for driver in drivers] == [0, 0]
    assert sorted(stored(path)) == CELLS
    assert rows(path) == len(CELLS)


def test_what_a_killed_driver_was_at_is_done_by_the_one_that_waits(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    first = SPAWN.Process(target=walk, args=(path, TASKS, "killed", tmp_path / "stuck"))
    first.start()
    _wait_until((tmp_path / "stuck").exists)
    second = SPAWN.Process(target=walk, args=(path, TASKS, "second"))
    second.start()
    _wait_until(lambda: rows(path) == len(CELLS) - 2)  # all but what is left of the first task
    os.kill(first.pid or 0, signal.SIGKILL)
    second.join()
    assert second.exitcode == 0
    found = stored(path)
    assert sorted(found) == CELLS
    assert rows(path) == len(CELLS)
    assert [record.key for record in found.values() if record.details["driver"] == "killed"] == [TASKS[0].cells[0]]


def test_what_was_added_since_the_mark_is_left_out_and_counted(tmp_path: Path) -> None:
    with Store(tmp_path / "store.sqlite") as store:
        store.add(Record(CELLS[1], "ok", 1.0))
        mark = store.mark()
        store.add(*(Record(key, "failed", reason="no") for key in CELLS[3:5]))
        assert store.added_since(mark, CELLS) == set(CELLS[3:5])
        assert store.added_since(0, CELLS[:4]) == {CELLS[1], CELLS[3]}
        assert store.added_since(0, [Key("score", "s", "d/none", "c", "one", 0)]) == set()
        asked: list[Key] = []

        def shop(task: Task) -> Iterator[Record]:
            for key in task.cells:
                asked.append(key)
                yield Record(key, "ok", 2.0)

        summary = run(Plan(TASKS, 0), store, Here(1), lambda: shop, Listeners(()), since=mark)
        assert sorted(asked) == [*CELLS[:3], *CELLS[5:]]
        assert (summary.measured, summary.remembered) == (len(CELLS) - 2, 2)


def _wait_until(true: object, patience: float = 60) -> None:
    assert callable(true)
    end = time.monotonic() + patience
    while not true():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)
