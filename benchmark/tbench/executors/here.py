"""Work done in this process, one task after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from tbench.executors import Lost

if TYPE_CHECKING:
    from tbench.executors import Notice, OpenWorkshop
    from tbench.plan import Task
    from tbench.results import Record


class Here:
    """In this process, one task after the other: simple to debug; a crash of the interpreter ends the run."""

    workers = 1

    def __init__(self, workers: int | None) -> None:
        del workers  # there is only this one

    def run(self, open_workshop: OpenWorkshop, tasks: Iterable[Task]) -> Iterator[Record | Notice | Lost]:
        workshop = open_workshop()
        for task in tasks:
            yield from workshop(task)
