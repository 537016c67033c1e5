"""Random: a score that knows nothing, the floor under every other."""

from __future__ import annotations

import numpy as np

from tbench.api import evidence


@evidence(touches=["randomness"])
def random(seed: int) -> float:
    """Uniform in [0, 1), from the seed alone; the seed differs between candidates and between datasets."""
    return float(np.random.default_rng(seed).random())
