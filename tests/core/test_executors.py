"""Every task done once, said as it is said, and a dead worker costs only the cell that it was at."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spawned import Shop

from tbench.errors import UsageError
from tbench.executors import THREADS, Executor, Lost, load_executor
from tbench.executors.here import Here
from tbench.executors.on_ray import Ray, _fit
from tbench.executors.processes import Processes
from tbench.plan import Task
from tbench.results import Key, Record

TASKS = [
    Task(tuple(Key("score", "s", f"d/{number}", "c", spec, 0) for spec in ("one", "two", "three")))
    for number in range(5)
]


def run(executor: Executor, shop: Callable[[], Shop] = Shop) -> tuple[list[Record], list[Lost]]:
    said = list(executor.run(shop, TASKS))
    return [item for item in said if isinstance(item, Record)], [item for item in said if isinstance(item, Lost)]


def keys(tasks: list[Task]) -> list[Key]:
    return sorted(key for task in tasks for key in task.cells)


@pytest.mark.parametrize("executor", [Here(1), Processes(1), Processes(3), Processes(9)])
def test_every_cell_once(executor: Executor) -> None:
    records, lost = run(executor)
    assert sorted(record.key for record in records) == keys(TASKS)
    assert lost == []


def test_workers_are_other_processes_of_one_thread() -> None:
    records, _ = run(Processes(2))
    assert len({record.value for record in records}) == 2
    assert os.getpid() not in {record.value for record in records}
    assert {thread for record in records for thread in record.details["threads"]} == {"1"}
    assert all(os.environ.get(name) != "1" for name in THREADS) or os.environ.get(THREADS[0]) == "1"


def test_a_killed_worker_is_replaced_and_what_it_had_said_is_kept() -> None:
    records, lost = run(Processes(2), partial(Shop, killer="two"))
    assert [(loss.task.dataset, loss.reason) for loss in lost] == [("d/1", "its worker process was killed by SIGKILL")]
    missing = set(keys(TASKS)) - {record.key for record in records}
    assert {(key.dataset, key.spec) for key in missing} == {("d/1", "two"), ("d/1", "three")}


def test_a_workshop_that_cannot_be_opened_loses_its_tasks_and_ends(capfd: pytest.CaptureFixture[str]) -> None:
    records, lost = run(Processes(2), partial(Shop, wrong="argument"))
    assert records == []
    assert sorted(loss.task.dataset for loss in lost) == [task.dataset for task in TASKS]
    assert {loss.reason for loss in lost} == {"its worker process ended with exit code 1"}
    assert "unexpected keyword argument 'wrong'" in capfd.readouterr().err


def test_leaving_early_leaves_no_process_behind(tmp_path: Path) -> None:
    walk = Processes(2).run(partial(Shop, slow=tmp_path), TASKS)
    with pytest.raises(KeyboardInterrupt):
        _interrupt_when(walk, lambda: len(list(tmp_path.iterdir())) == 2)
    for process in tmp_path.iterdir():
        with pytest.raises(ProcessLookupError):
            os.kill(int(process.name), 0)


def _interrupt_when(walk: Iterator[object], ready: Callable[[], bool]) -> None:
    """Ctrl-C while the driver listens for workers."""

    def interrupt(*_: object) -> None:
        if ready():
            signal.setitimer(signal.ITIMER_REAL, 0)
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.1, 0.1)
    try:
        next(walk)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_settings_behind_the_name() -> None:
    executor = load_executor("ray:address=10.0.0.1:6379,gpus=0.5", 3)
    assert isinstance(executor, Ray)
    assert executor.workers == 3
    assert isinstance(load_executor("here", 3), Here)
    assert load_executor("processes", None).workers == len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("ray:gpu=1", r"ray has no setting 'gpu'; did you mean gpus\? \(it has address, cpus, gpus\)"),
        ("ray:gpus", "--executor 'ray:gpus' is not name:setting=value,setting=value"),
        ("ray:gpus=1,gpus=2", "is not name:setting=value,setting=value"),
        ("ray:gpus=some", "ray: gpus=some is not a number"),
        ("ray:cpus=0", "a worker takes cpus above 0 and gpus of 0 or more, not 0.0 and 0.0"),
        ("ray:gpus=-1", "not 1.0 and -1.0"),
        ("ray:address=ray://10.0.0.1:10001", "ray://10.0.0.1:10001 is Ray's client, which streams nothing"),
        ("processes:workers=2", r"processes has no setting 'workers' \(it has none\)"),
    ],
)
def test_settings_that_do_not_fit_are_refused(text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        load_executor(text, None)


@given(st.dictionaries(st.sampled_from(("CPU", "GPU")), st.integers(0, 64)), st.integers(1, 10))
def test_fractions_fill_a_node(node: dict[str, int], parts: int) -> None:
    """As many workers of a part of a device as there are parts on it, whatever floating point makes of them."""
    assert _fit({"CPU": 1 / parts, "GPU": 0.0}, node) == node.get("CPU", 0) * parts
    assert _fit({"CPU": 1.0, "GPU": 1 / parts}, node) == min(node.get("CPU", 0), node.get("GPU", 0) * parts)
