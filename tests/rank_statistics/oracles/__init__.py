"""Expected values of rank statistics and of a published pool."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).parent
RULES: dict[str, Any] = json.loads((HERE / "rank_statistics.json").read_text(encoding="utf-8"))
PUBLISHED: dict[str, Any] = json.loads((HERE / "published_supervised_pool.json").read_text(encoding="utf-8"))
CASES: dict[str, dict[str, Any]] = {case["id"]: case for case in RULES["cases"]}
RANKED = [name for name, case in CASES.items() if "leave_one_model_out" in case["expected"]]
TRUTH: NDArray[np.float64] = np.array(PUBLISHED["accuracy_percent"]) / 100  # (datasets, models)


def vectors(name: str) -> tuple[list[float], list[float]]:
    inputs = CASES[name]["inputs"]
    return inputs["scores"], inputs["ground_truth"]


def numbers(values: list[Any]) -> list[float]:
    return [float(value) for value in values]
