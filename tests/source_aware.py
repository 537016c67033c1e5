"""What published code and derivations give for metrics that know of the source: arrays and the numbers for them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent / "metrics" / "oracles" / "source_aware"


def oracle(name):
    """The read-only input arrays, and the document that holds the expected values, their tolerance and their source."""
    with np.load(HERE / f"{name}.npz", allow_pickle=False) as stored:
        arrays = dict(stored)
    for array in arrays.values():
        array.flags.writeable = False
    return arrays, json.loads((HERE / f"{name}.json").read_text())
