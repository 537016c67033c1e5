"""What tests run in processes of their own: these must be able to import it by name."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from tbench.executors import THREADS
from tbench.plan import Task
from tbench.results import Key, Record
from tbench.store import Store


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
