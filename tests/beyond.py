"""What published code gives for the metrics beyond the first ones: arrays, and the numbers for them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent / "metrics" / "oracles" / "beyond"


def cases(name):
    """Of one document, each with its read-only arrays by role, its expected values and its tolerance."""
    found = json.loads((HERE / f"{name}.json").read_text())["cases"]
    return [case for case in found if isinstance(case["inputs"]["arrays"], dict)]


def arrays(case):
    with np.load(HERE / case["inputs"]["file"], allow_pickle=False) as stored:
        given = {role: stored[array] for role, array in case["inputs"]["arrays"].items()}
    for array in given.values():
        array.flags.writeable = False
    return given
