"""Random: a score that knows nothing, the floor under every other."""

from __future__ import annotations

import numpy as np


def random(seed: int) -> float:
    """Uniform in [0, 1), from the seed alone; the seed differs between candidates and between datasets."""
    return float(np.random.default_rng(seed).random())
