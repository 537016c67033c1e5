"""How large the made-up evidence is: as benchmarks want it, or tiny where they are not asked for."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tbench.bench import SIZES, Size

TINY = {"medium": Size(120, 8, 3, 5, 60), "large": Size(160, 24, 5, 7, 80)}


@pytest.fixture(scope="session")
def enabled(pytestconfig: pytest.Config) -> bool:
    """Whether pytest-benchmark was told to measure; by default (see setup.cfg) it was not."""
    return bool(pytestconfig.getoption("benchmark_enable")) or not pytestconfig.getoption("benchmark_disable")


@pytest.fixture(scope="session")
def sizes(enabled: bool) -> Mapping[str, Size]:
    return SIZES if enabled else TINY
