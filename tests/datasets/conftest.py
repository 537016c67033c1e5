"""Each part of each dataset is drawn once for all tests."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from tbench.api import Split
from tbench_datasets.mini.family import family


@pytest.fixture(scope="session")
def drawn() -> Callable[..., Split]:
    """drawn(name, part): the part at seed 0."""
    return cache(lambda name, part: family.dataset(name).split(part, 0))
