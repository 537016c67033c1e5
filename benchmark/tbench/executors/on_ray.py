"""Work spread over the nodes of a Ray cluster; a node that dies costs only the cells that its workers were at."""

from __future__ import annotations

import math
import os
import secrets
import socket
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from tbench.environment import held
from tbench.errors import TbenchError, UsageError
from tbench.executors import THREADS, Lost, Notice
from tbench.failure import reason
from tbench.provenance import versions

if TYPE_CHECKING:
    from tbench.executors import OpenWorkshop
    from tbench.plan import Task
    from tbench.results import Record

LOCAL = "local"
PATIENCE = 60.0  # seconds without any worker, after which the user hears of it
OPENINGS = 3  # of a workshop that fail in a row, after which nobody is hired in that place any more
OBJECTS = 100_000_000  # bytes of Ray's memory for large objects, of which there are none: records are small
ROUNDING = 1e-9  # ten tenths of a GPU are one


@dataclass
class Worker:
    """An actor of Ray, the stream of its words, and the task that it is at.

    failures: workers that were hired in its place before it, and could not open their workshop.
    """

    actor: Any
    words: Any
    failures: int = 0
    where: str = ""
    task: Task | None = None

    def farewell(self, error: Exception) -> Lost | Notice:
        """It is heard no more, and why."""
        from ray.exceptions import RayTaskError

        if isinstance(error, RayTaskError) and isinstance(error.cause, Exception):
            why = f"failed: {reason(error.cause)}"
        else:
            why = "died, or its node did"
        if self.task:
            return Lost(self.task, f"its worker ({self.where}) {why}")
        return Notice(f"a worker on the Ray cluster {why}, before its workshop was open")


class Bench:
    """What a worker is in its own process, on whatever node."""

    def open(self, open_workshop: OpenWorkshop, expected: Mapping[str, str], folder: str) -> Iterator[str]:
        """Says where it is. TbenchError if not all is installed there as the driver has it."""
        where = f"process {os.getpid()} on {socket.gethostname()}"
        found = versions()
        if different := [f"{name} {found[name]} for {own}" for name, own in expected.items() if found[name] != own]:
            raise TbenchError(f"{where} has {', '.join(different)}; install there what the driver has")
        os.chdir(folder)
        self._workshop = open_workshop()
        yield where

    def work(self, task: Task) -> Iterator[Record | Notice]:
        """Says it item by item: Ray sends values into generators, which `yield from` would pass on to any iterator."""
        for said in self._workshop(task):  # noqa: UP028
            yield said


class Ray:
    """On a Ray cluster, one that it starts on this machine or a running one: `ray:address=auto,gpus=0.5`.

    address: `local` starts one, `auto` finds the one that this machine is a node of, and HOST:PORT names one. cpus and
    gpus are what each worker takes of a node; fractions share a GPU. The driver must run on a node of the cluster, and
    the folder of the store must be at the same path on all of them. Needs the extra `ray`.

    Workers are actors and not tasks of Ray's, which starts a process, and imports everything, anew for every task with
    a GPU. Each streams its records to the driver, which has one in its own memory as soon as it exists, so that no node
    takes any along. Each has at most one task, and is given it only when its workshop is open: a place that cannot be
    filled keeps no task waiting, and one that is freed late, or by a node that joins, is filled then.
    """

    def __init__(self, workers: int | None, address: str = LOCAL, cpus: float = 1.0, gpus: float = 0.0) -> None:
        if not (cpus > 0 and gpus >= 0):
            raise UsageError(f"executor ray: a worker takes cpus above 0 and gpus of 0 or more, not {cpus} and {gpus}")
        if "://" in address:
            raise UsageError(f"executor ray: {address} is Ray's client, which streams nothing; run on a node of it")
        self._wanted = workers
        self._address = address
        self._takes = {"CPU": cpus, "GPU": gpus}
        self._connected = False

    @property
    def workers(self) -> int:
        """As many as were asked for, or as the cluster has room for."""
        if self._wanted or self._address == LOCAL:
            return self._wanted or len(os.sched_getaffinity(0))
        self._connect()
        return self._room()

    def run(self, open_workshop: OpenWorkshop, tasks: Iterable[Task]) -> Iterator[Record | Notice | Lost]:
        waiting = iter(tasks)  # asked for one by one: what is not handed out yet may be left to other drivers
        first = next(waiting, None)
        if first is None:
            return
        self._connect()
        ray = _ray()
        ready = deque([first, *islice(waiting, self.workers - 1)])
        workers = [self._hire(open_workshop) for _ in ready]
        patient = True
        try:
            while ready or any(worker.task for worker in workers):
                if not workers:
                    yield from (Lost(task, "no worker could open its workshop") for task in chain(ready, waiting))
                    return
                heard, _ = ray.wait([worker.words for worker in workers], timeout=PATIENCE)
                if not heard and patient and not any(worker.task for worker in workers):
                    patient = False
                    yield Notice(
                        f"no worker on the Ray cluster yet: it has no room ({self._told}), or is slow; waiting"
                    )
                for worker in [worker for worker in workers if worker.words in heard]:
                    try:
                        said = ray.get(next(worker.words))
                    except StopIteration:
                        worker.task = ready.popleft() if ready else next(waiting, None)
                        if worker.task:
                            worker.words = _stream(worker.actor.work, worker.task)
                        else:
                            workers.remove(worker)
                            ray.kill(worker.actor)
                    except Exception as error:
                        yield worker.farewell(error)
                        ray.kill(worker.actor)
                        workers.remove(worker)
                        failures = 0 if worker.task else worker.failures + 1
                        ready.extend(islice(waiting, 0 if ready else 1))
                        if ready and failures < OPENINGS:
                            workers.append(self._hire(open_workshop, failures))
                    else:
                        if worker.task:
                            yield said
                        else:
                            worker.where = said
        finally:
            for worker in workers:
                ray.kill(worker.actor)

    def _hire(self, open_workshop: OpenWorkshop, failures: int = 0) -> Worker:
        variables = {name: value for name, value in os.environ.items() if name.startswith("TBENCH_")}
        bench = _ray().remote(Bench)
        actor = bench.options(
            num_cpus=self._takes["CPU"],
            num_gpus=self._takes["GPU"],
            runtime_env={"env_vars": variables | dict.fromkeys(THREADS, "1")},
        ).remote()
        return Worker(actor, _stream(actor.open, open_workshop, dict(versions()), os.getcwd()), failures)

    def _connect(self) -> None:
        """Once. UsageError if there is no cluster, or no room on it."""
        if self._connected:
            return
        if self._address == LOCAL and not {"ray", "RAY_AUTH_MODE"} & {*sys.modules, *os.environ}:
            # Ray reads these when it is imported; without a token of ours it would write one to the user's home.
            os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
        if not _ray().is_initialized():
            self._join()
        if not self._room():
            raise UsageError(f"executor ray: no node has {self._told}; start one that has, or let a worker take less")
        self._connected = True

    def _join(self) -> None:
        """A cluster of our own, or a running one. Without usage statistics."""
        own: dict[str, Any] = {}
        if self._address == LOCAL:
            cores = math.ceil(self.workers * self._takes["CPU"])
            own = {"num_cpus": cores, "include_dashboard": False, "object_store_memory": OBJECTS}
        with held({"RAY_USAGE_STATS_ENABLED": "0"}):
            try:
                _ray().init(self._address, log_to_driver=False, logging_level="ERROR", **own)
            except (ConnectionError, ValueError) as error:
                raise UsageError(f"executor ray: no cluster at {self._address} ({reason(error)})") from error
        # Ray has no setting that keeps the last words of a dead node, pages of them, out of what we print.
        _ray()._private.worker.print_to_stdstream = lambda *_, **__: None

    def _room(self) -> int:
        """For how many workers there is room on all nodes together."""
        return sum(_fit(self._takes, node["Resources"]) for node in _ray().nodes() if node["Alive"])

    @property
    def _told(self) -> str:
        return " and ".join(f"{amount:g} {name}" for name, amount in self._takes.items() if amount)


def _stream(method: Any, *given: object) -> Any:
    return method.options(num_returns="streaming").remote(*given)


def _fit(takes: Mapping[str, float], node: Mapping[str, float]) -> int:
    return min(int(node.get(name, 0.0) / amount + ROUNDING) for name, amount in takes.items() if amount)


def _ray() -> Any:
    """Imported when it is needed, since most runs do not."""
    try:
        import ray
    except ImportError as error:
        raise UsageError("executor ray needs Ray; pip install 'tbench[ray]'") from error
    return ray
