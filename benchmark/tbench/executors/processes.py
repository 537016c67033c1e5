"""Work spread over processes of one thread each; a worker that dies costs only the cell that it was at."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import TYPE_CHECKING

from tbench.environment import switched_on
from tbench.executors import THREADS, Lost
from tbench.failure import ending

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

    isolates = True

    def __init__(self, workers: int | None) -> None:
        self.workers = workers or len(os.sched_getaffinity(0))
        self._context = multiprocessing.get_context("spawn")

    def run(self, open_workshop: OpenWorkshop, tasks: Iterable[Task]) -> Iterator[Record | Notice | Lost]:
        waiting = iter(tasks)  # asked for one by one: what is not handed out yet may be left to other drivers
        workers: list[Worker] = []
        try:
            for task in islice(waiting, self.workers):
                workers.append(self._hire(open_workshop))
                _hand_out(workers[-1], task)
            while busy := [worker for worker in workers if worker.task]:
                heard = wait([worker.pipe for worker in busy])
                for worker in (worker for worker in busy if worker.pipe in heard):
                    try:
                        said = worker.pipe.recv()
                    except (EOFError, ConnectionResetError):
                        yield _lost(worker)
                        workers.remove(worker)
                        if another := next(waiting, None):
                            workers.append(self._hire(open_workshop))
                            _hand_out(workers[-1], another)
                        continue
                    if said is None:
                        _hand_out(worker, next(waiting, None))
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


def _hand_out(worker: Worker, task: Task | None) -> None:
    worker.task = task
    if task:
        with suppress(BrokenPipeError):  # a worker that is dead already is noticed when it is listened to
            worker.pipe.send(task)


def _lost(worker: Worker) -> Lost:
    assert worker.task is not None
    worker.process.join()
    return Lost(worker.task, f"its worker process {ending(worker.process.exitcode or 0)}")


def _serve(open_workshop: OpenWorkshop, pipe: Connection) -> None:
    """A worker's life: until the driver closes the pipe or is gone. Ctrl-C is the driver's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.register_at_fork(after_in_child=pipe.close)  # or the driver would not hear that this worker is dead
    try:
        workshop = open_workshop()
        while True:
            for said in workshop(pipe.recv()):
                pipe.send(said)
            pipe.send(None)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
