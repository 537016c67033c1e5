"""Every installed metric gives the numbers that published code gives."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

import tbench

HERE = Path(__file__).parent / "oracles"
ROWS = list(csv.DictReader((HERE / "expected.csv").read_text().splitlines()))


@pytest.mark.filterwarnings("ignore::tbench.api.ScoreWarning")
@pytest.mark.parametrize("row", [pytest.param(row, id=f"{row['id']}-{row['case']}") for row in ROWS])
def test_agrees_with_published_code(row):
    with np.load(HERE / "cases" / f"{row['case']}.npz") as case:
        evidence = {name: case[array] for name, array in (words.split("=") for words in row["inputs"].split())}
    for array in evidence.values():
        array.flags.writeable = False
    value = tbench.score(row["spec"], **evidence)
    assert value == pytest.approx(float(row["value"]), rel=float(row["rtol"]), abs=1e-12)
