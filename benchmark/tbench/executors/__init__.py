"""Where work runs. An executor opens a workshop in each worker, hands it tasks, and passes on what it says at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tbench.plan import Task
    from tbench.results import Record

    OpenWorkshop = Callable[[], Callable[[Task], Iterator["Record | Notice"]]]


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

    If its `isolates` is true, strangers' metrics are called in processes of their own unless the user says otherwise.
    """

    def run(self, open_workshop: OpenWorkshop, tasks: Iterable[Task]) -> Iterator[Record | Notice | Lost]:
        """Do every task once, in any order. open_workshop can be pickled; it is called once in each worker."""
