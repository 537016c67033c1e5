"""Where work runs. An executor opens a workshop in each worker, hands it tasks, and passes on what it says at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tbench.errors import UsageError
from tbench.registry import Registry
from tbench.spec import Piece, bind

if TYPE_CHECKING:
    from tbench.plan import Task
    from tbench.results import Record

    OpenWorkshop = Callable[[], Callable[[Task], Iterator["Record | Notice"]]]

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")  # "1" in each worker process


@dataclass(frozen=True)
class Notice:
    """Something that a user should hear, though no cell failed."""

    text: str


@dataclass(frozen=True)
class Lost:
    """A worker died over a task; what it had said before is safe, the rest is for the driver to ask for again."""

    task: Task
    reason: str


class Executor(Protocol):
    """What an entry point of tbench.executors names: a class that is called with the number of workers.

    None is for as many as it thinks right. Its parameters with default are settings, which are written behind its name
    as those of a metric are: `ray:gpus=0.5`. If its `isolates` is true, strangers' metrics are called in processes of
    their own unless the user says otherwise.
    """

    @property
    def workers(self) -> int:
        """How many tasks are done at once."""

    def run(self, open_workshop: OpenWorkshop, tasks: Iterable[Task]) -> Iterator[Record | Notice | Lost]:
        """Do every task once, in any order. open_workshop can be pickled; it is called once in each worker."""


def load_executor(text: str, workers: int | None) -> Executor:
    """`processes`, or `ray:address=10.0.0.1:6379,gpus=0.5`: a value goes on to the next comma."""
    name, colon, rest = text.partition(":")
    pairs = [part.partition("=") for part in rest.split(",")] if colon else []
    settings = {key: value for key, _, value in pairs}
    if not all(equals for _, equals, _ in pairs) or len(settings) < len(pairs):
        raise UsageError(f"--executor {text!r} is not name:setting=value,setting=value")
    made = Registry.installed("executors").load(name)
    executor: Executor = made(workers, **bind(Piece(name, tuple(settings.items())), made))
    return executor
