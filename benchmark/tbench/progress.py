"""What a run says to the terminal: a bar with the time left, or now and then a line where there is no terminal."""

from __future__ import annotations

import time
from collections.abc import Mapping

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tbench.hooks import hookimpl
from tbench.plain import plain
from tbench.plan import Plan
from tbench.protocol import Protocol
from tbench.results import Key, Kind, Record

BEFORE = 0.05  # share of the work that the expected pace counts for
LINE_EVERY = 15.0  # seconds, where there is no terminal
WORDS: Mapping[Kind, str] = {"score": "scoring", "truth": "fine-tuning", "calibration": "calibrating"}


class Terminal:
    """The first listener of every run. Time left = expected seconds of what is left, at the pace seen so far.

    As if a twentieth of the work had been done at the expected pace before: the first cell, which waits for libraries
    and data, says nothing of the others.
    """

    def __init__(self, plan: Plan, protocol: Protocol, console: Console, workers: int = 1) -> None:
        self._console = console
        self._weights = _weights(plan, protocol)
        self._total = sum(self._weights.values())
        self._before = BEFORE * self._total
        self._workers = workers
        self._done = 0.0
        self._cells = 0
        self._failed = 0
        self._start = time.monotonic()
        self._last_line = self._start
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._line = self._bar.add_task("starting", total=plan.cells, left="")

    def __enter__(self) -> Terminal:
        self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.stop()

    @hookimpl
    def measured(self, record: Record) -> None:
        self._advance(record.key)

    @hookimpl
    def skipped(self, record: Record) -> None:
        self._advance(record.key)

    @hookimpl
    def failed(self, record: Record) -> None:
        self._failed += 1
        self._advance(record.key)

    @hookimpl
    def noticed(self, text: str) -> None:
        self._console.print(plain(f"note: {text}"), style="yellow", markup=False, highlight=False)

    def _advance(self, key: Key) -> None:
        self._done += self._weights.get(key, 0.0)
        self._cells += 1
        what = WORDS[key.kind]
        left = self._left()
        self._bar.update(self._line, advance=1, description=what, left=left)
        if not self._console.is_terminal and time.monotonic() - self._last_line > LINE_EVERY:
            self._last_line = time.monotonic()
            failed = f", {self._failed} failed" if self._failed else ""
            share = self._done / self._total
            self._console.print(f"{share:4.0%}  {what}: {self._cells} of {len(self._weights)} cells{failed}, {left}")

    def _left(self) -> str:
        if not self._done:
            return ""
        elapsed = time.monotonic() - self._start + self._before / self._workers
        seconds = elapsed * (self._total - self._done) / (self._done + self._before)
        return f"about {duration(seconds)} left"


def duration(seconds: float) -> str:
    """Rounded to what one would say: 40 s, 4 min, 3 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


def _weights(plan: Plan, protocol: Protocol) -> dict[Key, float]:
    weights: dict[Key, float] = {}
    for task in plan.tasks:
        weights |= dict.fromkeys(task.cells, plan.seconds_of(task, protocol) / len(task.cells))
    return weights
