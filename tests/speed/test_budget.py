"""What the core set may cost at 10000 samples, 2048 columns and 100 classes; measured only when it is asked for.

    pytest tests/speed/test_budget.py --benchmark-enable     # some minutes; the machine should be quiet

Without --benchmark-enable the same report is made of tiny evidence, on which times and memory mean nothing: then the
tests hold it to what must be true of any size. Peak memory is that of a process of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from tbench.bench import Report, Size, bench
from tbench_metrics.literal import CORE

SET_FLOORS = 6.0  # the whole set, its evidence counted once, in units of the Gram and its eigen-decomposition
METRIC_FLOORS = 2.5  # each metric, with all evidence that it rests on
PEAK_BYTES = 2e9
PARC = "parc:samples=10000"

Measure = Callable[..., Report]


@pytest.fixture(scope="module")
def measure(sizes: Mapping[str, Size]) -> Measure:
    """measure(specs): the report of a fresh process."""

    def fresh(specs: list[str]) -> Report:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            return process.submit(bench, sizes["large"], specs, literals=False).result()

    return fresh


@pytest.fixture(scope="module")
def report(measure: Measure) -> Report:
    return measure([*CORE])


def test_all_values_are_finite_and_evidence_is_charged_once(report: Report) -> None:
    (together,) = report.sets
    assert len(together.metrics) == len(CORE)
    assert all(math.isfinite(metric.value) for metric in together.metrics)
    charges = [(node, cost) for metric in together.metrics for node, cost in metric.evidence.items()]
    assert {node for node, _ in charges} == {*together.evidence}
    assert all(cost == together.evidence[node] for node, cost in charges)  # the same charge, wherever it is told
    own = sum(metric.own.cpu_seconds for metric in together.metrics)
    once = sum(cost.cpu_seconds for cost in together.evidence.values())
    assert together.cpu_seconds == pytest.approx(own + once)
    assert together.cpu_seconds < sum(metric.cpu_seconds for metric in together.metrics)


def test_the_set_together(report: Report, enabled: bool) -> None:
    floors = report.sets[0].cpu_seconds / report.floor.cpu_seconds
    assert 0 < floors <= (SET_FLOORS if enabled else math.inf)


@pytest.mark.parametrize("place", range(len(CORE)), ids=[*CORE])
def test_no_metric_is_dear(report: Report, place: int, enabled: bool) -> None:
    metric = report.sets[0].metrics[place]
    assert 0 < metric.cpu_seconds / report.floor.cpu_seconds <= (METRIC_FLOORS if enabled else math.inf), metric


def test_the_memory_of_the_set(report: Report) -> None:
    assert report.sets[0].peak_bytes < PEAK_BYTES


def test_the_memory_of_parc_on_all_samples(measure: Measure) -> None:
    (together,) = measure([PARC]).sets
    assert len(together.metrics) == 1
    assert together.peak_bytes < PEAK_BYTES
