"""Several drivers on one store: which tasks are this one's to do, and which are left to the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from tbench.claims import Claims
from tbench.plan import Task
from tbench.results import Key
from tbench.store import Store

PAUSE = 0.2  # seconds between two looks at what others are at


class Share:
    """Hands out a task once it has claimed it, without what others have added to the store since the mark.

    remembered: cells that others did. told: called before it waits for others, with how many tasks they are at.
    """

    def __init__(self, store: Store, claims: Claims, mark: int, told: Callable[[int], object]) -> None:
        self._store = store
        self._claims = claims
        self._mark = mark
        self._told = told
        self._held: dict[str, set[Key]] = {}  # work -> cells that are still to come
        self._part_of: dict[Key, str] = {}
        self._elsewhere: list[Task] = []
        self.remembered = 0

    def hand_out(self, tasks: Iterable[Task]) -> Iterator[Task]:
        for task in tasks:
            work = _work(task)
            if work not in self._held and not self._claims.take(work):
                self._elsewhere.append(task)
                continue
            left = self._left(task)
            if left is None:
                self._drop(work)
            else:
                self._held.setdefault(work, set()).update(left.cells)
                self._part_of |= dict.fromkeys(left.cells, work)
                yield left

    def heard(self, key: Key) -> None:
        """A cell is in the store."""
        work = self._part_of.pop(key, "")
        cells = self._held.get(work, set())
        cells.discard(key)
        if work and not cells:
            self._drop(work)

    def waited(self) -> Sequence[Task]:
        """At the end of a walk: drop what is held; then what others were at and have left, as soon as there is some."""
        for work in [*self._held]:
            self._drop(work)
        tasks, self._elsewhere = self._elsewhere, []
        waiting = False
        while tasks := [left for task in tasks if (left := self._left(task))]:
            free = [task for task in tasks if self._claims.take(_work(task))]
            if free:
                for task in free:
                    self._claims.drop(_work(task))
                break
            if not waiting:
                self._told(len(tasks))
                waiting = True
            time.sleep(PAUSE)
        return tasks

    def _left(self, task: Task) -> Task | None:
        left = task.without(self._store.added_since(self._mark, task.cells))
        self.remembered += len(task.cells) - (len(left.cells) if left else 0)
        return left

    def _drop(self, work: str) -> None:
        self._held.pop(work, None)
        self._claims.drop(work)


def _work(task: Task) -> str:
    """The same for drivers that ask for other metrics of the same evidence: they had better not make it twice."""
    first = task.cells[0]
    return f"{first.suite} {task.kind} {task.dataset} {' '.join(task.candidates)} {task.seed}"
