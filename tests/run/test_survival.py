"""kill -9 anywhere: nothing measured is lost, nothing is measured twice, the next run ends as if nothing had been."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from .conftest import CELLS, Foreign, House

# What a listener does to the very process that it listens in, before the run begins.
KILLERS = {
    "in fine-tuning": """
        import tbench.training as room
        shift, calls = room._shifted, []
        def deadly(*given):
            calls.append(1)
            if len(calls) == 7:  # in the middle of the second run
                os.kill(os.getpid(), signal.SIGKILL)
            return shift(*given)
        room._shifted = deadly
    """,
    "in extraction": """
        import tbench.evidence.shelf as room
        def deadly(path, content):
            path.with_name(path.name + ".1.draft").write_bytes(content[: len(content) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        room.place = deadly
    """,
    "in publishing": """
        import tbench.leaderboard.markdown as room
        place, calls = room.place, []
        def deadly(path, content):
            calls.append(1)
            if len(calls) == 3:
                path.with_name(path.name + ".1.draft").write_bytes(content[: len(content) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return place(path, content)
        room.place = deadly
    """,
    "between cells": """
        from tbench.store import Store
        add, calls = Store.add, []
        def deadly(*given):
            calls.append(1)
            if len(calls) == 4:
                os.kill(os.getpid(), signal.SIGKILL)
            return add(*given)
        Store.add = deadly
    """,
}
LISTENER = """
import os, signal
from tbench.hooks import hookimpl

@hookimpl
def started():
{deed}
"""


def measurements(house: House) -> int:
    """Every row that was ever written, not only the latest of each cell."""
    with sqlite3.connect(house.store) as connection:
        return int(connection.execute("select count(*) from records").fetchone()[0])


@pytest.mark.parametrize("moment", KILLERS)
def test_killed_and_run_again(moment: str, house: House, undisturbed: House, foreign: Foreign) -> None:
    deed = "\n".join(line[4:] for line in KILLERS[moment].strip("\n").splitlines())
    killer = foreign("killer", "1.0", {"killer.py": LISTENER.format(deed=deed)}, {"tbench.hooks": ["killer = killer"]})
    ended = house.run(env={"PYTHONPATH": str(killer)})
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    before = house.values()
    assert len(before) == {"in fine-tuning": 9, "in extraction": 0, "in publishing": CELLS, "between cells": 3}[moment]

    ended = house.run()
    assert ended.returncode == 0, ended.stderr
    assert f"remembered {len(before)}" in ended.stdout
    assert house.values() == undisturbed.values()
    assert measurements(house) == CELLS
    pages = {path.name for path in house.pages.iterdir() if path.suffix != ".draft"}
    assert pages == {path.name for path in undisturbed.pages.iterdir()}


LATER = """
        import tbench.checkpoint as checkpoint
        import tbench.training as room
        checkpoint.Checkpoint.due = True
        shift, calls = room._shifted, []
        def deadly(*given):
            calls.append(1)
            if len(calls) == 7:  # in the third of four steps of the second run
                os.kill(os.getpid(), signal.SIGKILL)
            return shift(*given)
        room._shifted = deadly
"""


def test_a_run_killed_in_the_middle_goes_on_from_its_checkpoint(
    house: House, undisturbed: House, foreign: Foreign
) -> None:
    deed = "\n".join(line[4:] for line in LATER.strip("\n").splitlines())
    killer = foreign("killer", "1.0", {"killer.py": LISTENER.format(deed=deed)}, {"tbench.hooks": ["killer = killer"]})
    ended = house.run(env={"PYTHONPATH": str(killer)})
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    (left,) = (house.store.parent / "checkpoints").iterdir()

    ended = house.run()
    assert ended.returncode == 0, ended.stderr
    told = "mini/resnet-mix on mini/digits, seed 0, learning rate 0.1, weight decay 0.0005: goes on at step 2 of 4"
    assert told in " ".join(ended.stdout.split())
    assert house.values() == undisturbed.values()
    curves = {key: record.details.get("curve") for key, record in house.records().items()}
    assert curves == {key: record.details.get("curve") for key, record in undisturbed.records().items()}
    assert not left.exists()


@pytest.mark.parametrize("executor", ["processes", "ray"])
def test_a_killed_driver_takes_its_workers_along(executor: str, house: House, undisturbed: House) -> None:
    with subprocess.Popen(house.command("--workers", "2", executor=executor), stdout=subprocess.DEVNULL) as driver:
        _wait_until(lambda: house.store.exists() and measurements_or_none(house) >= 2)
        workers = _descendants(driver.pid)
        assert len(workers) >= 2
        driver.kill()
    _wait_until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))
    before = house.values()
    ended = house.run()
    assert ended.returncode == 0, ended.stderr
    assert house.values() == undisturbed.values()
    assert set(before) <= set(house.values())
    assert measurements(house) == CELLS


def test_interrupted_by_ctrl_c(house: House, undisturbed: House) -> None:
    command = house.command("--workers", "2", executor="processes")
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, preexec_fn=_hear_interrupts
    ) as driver:
        _wait_until(lambda: house.store.exists() and measurements_or_none(house) >= 1)
        driver.send_signal(signal.SIGINT)
        _, told = driver.communicate(timeout=60)
    assert driver.returncode == 130
    assert told.strip() == "tbench: interrupted; what was measured is stored, run again to go on"
    assert house.run().returncode == 0
    assert house.values() == undisturbed.values()
    assert measurements(house) == CELLS


def test_a_second_run_measures_nothing_and_changes_no_byte(undisturbed: House) -> None:
    before = {path: path.read_bytes() for path in undisturbed.pages.iterdir()}
    rows = measurements(undisturbed)
    ended = undisturbed.run()
    assert ended.returncode == 0
    assert f"measured 0, remembered {CELLS}" in ended.stdout
    assert {path: path.read_bytes() for path in undisturbed.pages.iterdir()} == before
    assert measurements(undisturbed) == rows


def test_again_measures_again_and_gets_the_same(house: House, undisturbed: House) -> None:
    house.run("--models", "*mix", metrics="logme")
    house.run("--models", "*mix", "--again", metrics="logme")
    assert measurements(house) == 2 * 3
    assert house.values().items() <= undisturbed.values().items()


def test_a_flipped_byte_in_kept_features_is_noticed_and_computed_again(house: House, undisturbed: House) -> None:
    assert house.run().returncode == 0
    for path in (house.store.parent / "evidence").rglob("*.safetensors"):
        content = bytearray(path.read_bytes())
        content[-3] ^= 0x10
        path.write_bytes(content)
    house.store.unlink()
    ended = house.run()
    assert ended.returncode == 0
    assert ended.stdout.count("does not have the checksum") == 4
    assert house.values() == undisturbed.values()


def test_processes_and_here_agree(house: House, undisturbed: House) -> None:
    assert house.run("--workers", "2", executor="processes").returncode == 0
    assert house.values() == undisturbed.values()


def _hear_interrupts() -> None:
    """What a shell starts in the background ignores them, and so would all that comes of it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def measurements_or_none(house: House) -> int:
    try:
        return measurements(house)
    except sqlite3.OperationalError:  # not yet created
        return 0


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # it has ended in the meantime
            for child in map(int, thread.read_text().split()):
                found += [child, *_descendants(child)]
    return found


def _wait_until(true: object, patience: float = 120) -> None:
    assert callable(true)
    end = time.monotonic() + patience
    while not true():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)
