"""Work spread over processes of one thread each; a worker that dies costs only the cell that it was at."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import TYPE_CHECKING

from tbench.environment import switched_on
from tbench.executors import THREADS, Lost

if TYPE_CHECKING:
    from tbench.executors import Notice, OpenWorkshop
    from tbench.plan import Task
    from tbench.results import Record


@dataclass
class Worker:
    """A process, the pipe to it, and the task that it is at."""

    process: SpawnProcess
    pipe: Connection
    task: Task | None = None


class Processes:
    """In worker processes of one thread each; a worker that dies costs only the cell that it was at.

    Each has a pipe of its own, so that none can leave a lock behind when it is killed.
    """

    def __init__(self, workers: int | None) -> None:
        self.workers = workers or len(os.sched_getaffinity(0))
        self._context = multiprocessing.get_context("spawn")

    def run(self, open_workshop: OpenWorkshop, tasks: Iterable[Task]) -> Iterator[Record | Notice | Lost]:
        waiting = deque(tasks)
        workers = [self._hire(open_workshop) for _ in range(min(self.workers, len(waiting)))]
        try:
            for worker in workers:
                _hand_out(worker, waiting)
            while busy := [worker for worker in workers if worker.task]:
                heard = wait([worker.pipe for worker in busy])
                for worker in (worker for worker in busy if worker.pipe in heard):
                    try:
                        said = worker.pipe.recv()
                    except (EOFError, ConnectionResetError):
                        yield _lost(worker)
                        workers.remove(worker)
                        if waiting:
                            workers.append(self._hire(open_workshop))
                            _hand_out(workers[-1], waiting)
                        continue
                    if said is None:
                        _hand_out(worker, waiting)
                    else:
                        yield said
        finally:
            for worker in workers:
                worker.process.kill() if worker.task else worker.pipe.close()
            for worker in workers:
                worker.process.join()

    def _hire(self, open_workshop: OpenWorkshop) -> Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(open_workshop, theirs), daemon=True)
        with switched_on(THREADS):  # before a worker starts, since its libraries read these when they are imported
            process.start()
        theirs.close()
        return Worker(process, ours)


def _hand_out(worker: Worker, waiting: deque[Task]) -> None:
    worker.task = waiting.popleft() if waiting else None
    if worker.task:
        with suppress(BrokenPipeError):  # a worker that is dead already is noticed when it is listened to
            worker.pipe.send(worker.task)


def _lost(worker: Worker) -> Lost:
    assert worker.task is not None
    worker.process.join()
    code = worker.process.exitcode or 0
    how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    return Lost(worker.task, f"its worker process {how}")


def _serve(open_workshop: OpenWorkshop, pipe: Connection) -> None:
    """A worker's life: until the driver closes the pipe or is gone. Ctrl-C is the driver's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        workshop = open_workshop()
        while True:
            for said in workshop(pipe.recv()):
                pipe.send(said)
            pipe.send(None)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
