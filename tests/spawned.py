"""What tests run in processes of their own: these must be able to import it by name."""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tbench.executors import THREADS
from tbench.plan import Task
from tbench.results import Key, Record
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


def add_many(path: Path, worker: int, count: int) -> None:
    with Store(path) as store:
        for number in range(count):
            store.add(Record(Key("score", "mini", "mini/digits", f"c/{worker}", "logme:x=1", number), "ok", 0.5))


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
