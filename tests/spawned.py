"""What tests run in processes of their own: these must be able to import it by name."""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tbench.claims import OnFile
from tbench.executors import THREADS
from tbench.executors.here import Here
from tbench.hooks import Listeners
from tbench.plan import Plan, Task
from tbench.results import Key, Record
from tbench.run import run
from tbench.store import Store

if TYPE_CHECKING:
    from tbench.workshop import Workshop


class Shop:
    """Stands for a workshop: answers each cell, and dies, dawdles or notes down what it is told to."""

    def __init__(self, killer: str = "", slow: Path | None = None) -> None:
        self.killer = killer
        self.slow = slow

    def __call__(self, task: Task) -> Iterator[Record]:
        for key in task.cells:
            if key.spec == self.killer and key.dataset == "d/1":
                os.kill(os.getpid(), signal.SIGKILL)
            if self.slow:
                (self.slow / str(os.getpid())).touch()
                time.sleep(30)
            threads = [os.environ.get(name) for name in THREADS]
            yield Record(key, "ok", float(os.getpid()), details={"threads": threads})


def add_many(path: Path | str, worker: int, count: int) -> None:
    with Store(path) as store:
        for number in range(count):
            store.add(Record(Key("score", "mini", "mini/digits", f"c/{worker}", "logme:x=1", number), "ok", 0.5))


def hold(path: Path, held: Path) -> None:
    """Claim a work, say so, and never let go of it."""
    claims = OnFile(path)
    assert claims.take("this work")
    held.touch()
    time.sleep(600)


def walk(path: Path | str, tasks: Sequence[Task], driver: str, stuck: Path | None = None) -> None:
    """A driver: each cell takes a moment. stuck: told and stuck after the first cell."""

    def shop(task: Task) -> Iterator[Record]:
        for place, key in enumerate(task.cells):
            if stuck and place:
                stuck.touch()
                time.sleep(600)
            time.sleep(0.05)
            yield Record(key, "ok", 1.0, details={"driver": driver})

    with Store(path) as store:
        run(Plan(tuple(tasks), 0), store, Here(1), lambda: shop, Listeners(()), since=0)


def doomed(room: str, name: str, call: int, marker: Path, open_workshop: Callable[[], Workshop]) -> Workshop:
    """A workshop whose worker kills its node of a Ray cluster, and itself, at a call of a function of tbench.

    One worker does: the first to leave its mark.
    """
    owner = import_module(room)
    work, calls = getattr(owner, name), itertools.count(1)

    def deadly(*given: Any, **settings: Any) -> Any:
        if next(calls) == call:
            with suppress(FileExistsError):
                marker.touch(exist_ok=False)
                os.kill(os.getppid(), signal.SIGKILL)
                os.kill(os.getpid(), signal.SIGKILL)
        return work(*given, **settings)

    setattr(owner, name, deadly)
    return open_workshop()
