"""Walking a plan: every outcome is stored the moment it exists, and listeners are told."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tbench.executors import Executor, Lost, Notice
from tbench.hooks import Listeners
from tbench.plan import Plan, Task
from tbench.provenance import machine, now, versions
from tbench.results import Key, Record
from tbench.share import Share
from tbench.store import Store

if TYPE_CHECKING:
    from tbench.executors import OpenWorkshop

TRIES = 3  # of a task whose worker died


@dataclass
class Summary:
    """How a run ended."""

    remembered: int
    measured: int = 0
    inapplicable: int = 0
    failed: list[Record] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


def run(
    plan: Plan,
    store: Store,
    executor: Executor,
    open_workshop: OpenWorkshop,
    listeners: Listeners,
    since: int | None = None,
) -> Summary:
    """Do every task of the plan. A cell that fails is told and stored as failed, and the walk goes on.

    Other drivers may walk the same store: none does what another is at, or has added since the store's mark that was
    taken before the plan was made.
    """
    summary = Summary(plan.remembered)

    def told(text: str) -> None:
        summary.notices.append(text)
        listeners.tell("noticed", text=text)

    def waiting(tasks: int) -> None:
        told(f"another driver is at {tasks} tasks of this run; waiting for it")

    with closing(store.claims()) as claims:
        share = Share(store, claims, store.mark() if since is None else since, waiting)
        tasks: Sequence[Task] = plan.tasks
        for trial in range(1, TRIES + 1):
            done: set[Key] = set()
            lost: list[Lost] = []
            while tasks:
                for said in executor.run(open_workshop, share.hand_out(tasks)):
                    if isinstance(said, Lost):
                        lost.append(said)
                    elif isinstance(said, Notice):
                        told(said.text)
                    else:
                        done.add(said.key)
                        _keep(said, store, listeners, summary)
                        share.heard(said.key)
                tasks = share.waited()
            left = [(task, loss.reason) for loss in lost if (task := loss.task.without(done))]
            for task, reason in left:
                if trial < TRIES:
                    whose = f"{task.candidates[0]} on {task.dataset}"
                    told(f"{whose}: {reason}; its {len(task.cells)} cells are tried again")
                else:
                    for key in sorted(set(task.cells) - done):
                        _keep(_given_up(key, reason), store, listeners, summary)
            tasks = [part for task, _ in left for part in _apart(task)]
            if not tasks:
                break
    summary.remembered += share.remembered
    return summary


def _apart(task: Task) -> list[Task]:
    """The cell that a worker died over, alone, and after all the others: it must not take them with it again."""
    if task.whole:
        return [task]
    culprit, rest = task.cells[:1], task.cells[1:]
    return [replace(task, cells=cells) for cells in (rest, culprit) if cells]


def _keep(record: Record, store: Store, listeners: Listeners, summary: Summary) -> None:
    store.add(record)
    if record.status == "ok":
        summary.measured += 1
        listeners.tell("measured", record=record)
    elif record.status == "inapplicable":
        summary.inapplicable += 1
        listeners.tell("skipped", record=record)
    else:
        summary.failed.append(record)
        listeners.tell("failed", record=record)


def _given_up(key: Key, reason: str) -> Record:
    return Record(
        key,
        "failed",
        reason=f"{reason}, {TRIES} times over",
        details={"label": key.spec},
        provenance={**versions(), "machine": machine()},
        time=now(),
    )
