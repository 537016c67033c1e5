"""What the driver does when workers die over a task."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from tbench.executors import Lost
from tbench.hooks import Listeners
from tbench.plan import Plan, Task
from tbench.results import Key, Record
from tbench.run import TRIES, Summary, run
from tbench.store import Store

CELLS = tuple(Key("truth", "s", "d/x", "m/a", spec, 0) for spec in ("one", "two", "three"))


class Deadly:
    """An executor whose worker answers the first `answered` cells of a task, and dies."""

    def __init__(self, answered: int) -> None:
        self.answered = answered
        self.asked: list[Task] = []

    def run(self, open_workshop: object, tasks: Iterable[Task]) -> Iterator[Record | Lost]:
        for task in tasks:
            self.asked.append(task)
            yield from (Record(key, "ok", 1.0) for key in task.cells[: self.answered])
            yield Lost(task, "it died")


def walked(executor: Deadly, task: Task, where: Path) -> tuple[Summary, dict[str, str]]:
    with Store(where / "store.sqlite") as store:
        summary = run(Plan((task,), 0), store, executor, lambda: iter, Listeners(()))
        return summary, {record.key.spec: record.status for record in store.latest("s")}


def test_a_cell_that_kills_is_tried_alone_and_given_up(tmp_path: Path) -> None:
    executor = Deadly(0)
    summary, stored = walked(executor, Task(CELLS), tmp_path)
    assert [task.cells for task in executor.asked][:3] == [CELLS, CELLS[1:], CELLS[:1]]
    assert stored == dict.fromkeys(("one", "two", "three"), "failed")
    assert summary.failed[0].reason == f"it died, {TRIES} times over"


def test_a_task_that_is_decided_as_a_whole_stays_whole(tmp_path: Path) -> None:
    executor = Deadly(1)
    whole = Task(CELLS, whole=True)
    summary, stored = walked(executor, whole, tmp_path)
    assert executor.asked == [whole] * TRIES
    assert stored == {"one": "ok", "two": "failed", "three": "failed"}
    assert [record.key.spec for record in summary.failed] == ["three", "two"]
