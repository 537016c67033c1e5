"""10000 resamples of 40 candidates, 40 metrics and 12 datasets in under 20 CPU seconds; measured when it is asked for.

    pytest tests/speed/test_resampling.py --benchmark-enable

Without --benchmark-enable the same is done with few draws, and times mean nothing.
"""

from __future__ import annotations

import time

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from tbench.statistics import Study, other_candidates, other_seeds, permutation_test

LIMIT = 20.0  # CPU seconds


@pytest.mark.parametrize("ties", [False, True], ids=["distinct", "ties"])
@pytest.mark.parametrize("what", [other_candidates, other_seeds, permutation_test])
def test_budget(benchmark: BenchmarkFixture, enabled: bool, what: object, ties: bool) -> None:
    random = np.random.default_rng(0)
    scores, truths = random.standard_normal((12, 1, 40, 40)), random.random((12, 3, 40))
    study = Study(np.round(scores, 1) if ties else scores, np.round(truths, 2) if ties else truths)
    draws = 10_000 if enabled else 20
    spent = []

    def once() -> object:
        before = time.process_time()
        found = what(study, 0, draws)
        spent.append(time.process_time() - before)
        return found

    found = benchmark.pedantic(once, rounds=1)
    benchmark.extra_info["cpu_seconds"] = min(spent)
    cells = found.cells if what is permutation_test else found
    assert np.isfinite(cells).all()
    assert cells.shape[-2:] == (12, 40)
    assert not enabled or min(spent) < LIMIT
