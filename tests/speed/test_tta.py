"""What the bound of task transfer analysis costs at 1000 samples a side: less than a CPU second, class by class.

    pytest tests/speed/test_tta.py --benchmark-enable     # some seconds

CPU seconds of one thread. Without --benchmark-enable the sides are small.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

import tbench
from tbench.stopwatch import one_thread

ROUNDS = 3
MOST = 1.0

pytestmark = pytest.mark.benchmark(timer=time.process_time)


def test_the_fixed_form(benchmark: Any, enabled: bool) -> None:
    samples, columns = (1000, 512) if enabled else (60, 8)
    draws = np.random.default_rng(0)
    labels, means = np.arange(samples) % 10, draws.normal(size=(10, columns))
    given = {"labels": labels, "source_labels": labels}
    given |= {name: means[labels] + draws.normal(size=(samples, columns)) for name in ("features", "source_features")}
    seconds: list[float] = []

    def score() -> float:
        start = time.process_time()
        value = tbench.score("tta", **given)
        seconds.append(time.process_time() - start)
        return value

    with one_thread():
        value = benchmark.pedantic(score, rounds=ROUNDS, warmup_rounds=1)
    assert np.isfinite(value)
    assert value < 0
    assert not enabled or min(seconds) < MOST
