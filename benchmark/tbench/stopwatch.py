"""How a thing is timed: monotonic wall clock and CPU seconds, one thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

import torch
from threadpoolctl import threadpool_limits

Value = TypeVar("Value")

REPEATS = 5
PATIENCE = 0.1  # seconds that repeating may take


@dataclass(frozen=True)
class Timing:
    """Seconds of one call: medians over the repeats; spread is the largest wall time minus the smallest."""

    seconds: float
    cpu_seconds: float
    spread: float = 0.0
    repeats: int = 1


class Clock:
    """Seconds added up over the stretches of time that are spent within it: `with clock: ...`."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.cpu_seconds = 0.0
        self._since = (0.0, 0.0)

    def __enter__(self) -> Clock:
        self._since = (time.perf_counter(), time.process_time())
        return self

    def __exit__(self, *exception: object) -> None:
        wall, cpu = self._since
        self.seconds += time.perf_counter() - wall
        self.cpu_seconds += time.process_time() - cpu

    @property
    def timing(self) -> Timing:
        return Timing(self.seconds, self.cpu_seconds)


def once(call: Callable[[], Value]) -> tuple[Value, Timing]:
    wall, cpu = time.perf_counter(), time.process_time()
    value = call()
    return value, Timing(time.perf_counter() - wall, time.process_time() - cpu)


def steady(call: Callable[[], Value]) -> tuple[Value, Timing]:
    """Warm up, then the median of up to REPEATS calls; a call longer than PATIENCE is timed once, as it comes."""
    value, first = once(call)
    if first.seconds > PATIENCE:
        return value, first
    timings: list[Timing] = []
    while len(timings) < REPEATS and sum(timing.seconds for timing in timings) < PATIENCE:
        timings.append(once(call)[1])
    walls = [timing.seconds for timing in timings]
    return value, Timing(
        median(walls), median(timing.cpu_seconds for timing in timings), max(walls) - min(walls), len(timings)
    )


@contextmanager
def one_thread() -> Iterator[None]:
    """Hold BLAS, OpenMP and torch to one thread: on a busy machine two threads in one process cost many times more."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(before)
