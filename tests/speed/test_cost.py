"""What each metric costs: alone, with its evidence, and as its literal form, beside the floor.

    pytest tests/speed/test_cost.py --benchmark-enable --benchmark-group-by=group -k 'medium'

CPU seconds; wall seconds and the ratios are in the extra information (--benchmark-json). The literal forms at the large
size take minutes each, N-LEEP and the repository's forms of TransRate much longer: choose with -k. Without
--benchmark-enable everything runs once, on tiny evidence.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pytest

from tbench.bench import Size, made_up
from tbench.evidence.graph import Evidence, Root
from tbench.metric import Catalogue, Metric
from tbench.spec import needs
from tbench.stopwatch import one_thread, steady
from tbench_metrics.literal import CORE, OTHERS

LITERALS = {**CORE, **OTHERS}
ROUNDS = 3

Cost = Callable[..., tuple[float, float]]

pytestmark = [
    pytest.mark.benchmark(timer=time.process_time),
    pytest.mark.filterwarnings("ignore::UserWarning"),  # what scores warn of is not what is asked here
]


class Bench:
    """Evidence of one size, and the CPU seconds of the floor on it."""

    def __init__(self, size: Size) -> None:
        self.catalogue = Catalogue.installed()
        self.inputs = made_up(size, seed=0)
        rows = np.asarray(self.inputs["features"], dtype=np.float64)
        gram, first = steady(lambda: rows.T @ rows)
        self.floor = first.cpu_seconds + steady(lambda: np.linalg.eigh(gram))[1].cpu_seconds

    def evidence(self) -> Evidence:
        return Evidence({name: Root.of(value) for name, value in self.inputs.items()}, self.catalogue.nodes)


@pytest.fixture(scope="module", params=["medium", "large"])
def bench(request: pytest.FixtureRequest, sizes: Mapping[str, Size]) -> Iterator[Bench]:
    with one_thread():
        yield Bench(sizes[request.param])


@pytest.fixture
def metric(spec: str, bench: Bench) -> Metric:
    return bench.catalogue.metric(spec)


@pytest.fixture
def cost(benchmark: Any, spec: str, bench: Bench, enabled: bool) -> Cost:
    """cost(call, setup): the value of call(*setup()) and its least CPU seconds, told beside wall seconds and floors."""

    def measure(call: Callable[..., float], setup: Callable[[], tuple[Any, ...]]) -> tuple[float, float]:
        walls, seconds, values = [], [], []

        def timed(*given: Any) -> None:
            wall, cpu = time.perf_counter(), time.process_time()
            values.append(call(*given))
            walls.append(time.perf_counter() - wall)
            seconds.append(time.process_time() - cpu)

        benchmark.group = f"{spec}, {len(bench.inputs['labels'])} samples"
        benchmark.pedantic(timed, setup=lambda: (setup(), {}), rounds=ROUNDS)
        assert len(values) == (ROUNDS if enabled else 1)
        assert all(map(math.isfinite, values))
        benchmark.extra_info |= {"wall_seconds": min(walls), "floors": min(seconds) / bench.floor}
        return values[0], min(seconds)

    return measure


@pytest.mark.parametrize("spec", LITERALS)
def test_own(metric: Metric, bench: Bench, cost: Cost) -> None:
    evidence = bench.evidence()
    known = metric.judge(evidence).value
    value, _ = cost(lambda: metric.judge(evidence).value, tuple)
    assert value == known


@pytest.mark.parametrize("spec", LITERALS)
def test_with_evidence(metric: Metric, bench: Bench, cost: Cost) -> None:
    value, seconds = cost(lambda evidence: metric.judge(evidence).value, lambda: (bench.evidence(),))
    assert value == metric.judge(bench.evidence()).value
    assert seconds > 0


@pytest.mark.parametrize("spec", LITERALS)
def test_literal(spec: str, metric: Metric, bench: Bench, cost: Cost, benchmark: Any) -> None:
    literal, evidence = LITERALS[spec], bench.evidence()
    given = {need: evidence[need] for need in needs(literal)}
    value, seconds = cost(lambda: literal(**given), tuple)
    verdict, timing = steady(lambda: metric.judge(bench.evidence()))
    assert verdict.value == pytest.approx(value, rel=1e-6, abs=1e-9)
    benchmark.extra_info["times_slower"] = seconds / timing.cpu_seconds
