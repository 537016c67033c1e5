"""tbench run --calibrate: a page with costs that are marked as estimates, before anything was fine-tuned."""

from __future__ import annotations

import csv

from .conftest import House


def test_estimated_then_measured(house: House) -> None:
    ended = house.run("--calibrate", "3", metrics="leep,logme")
    assert ended.returncode == 0, ended.stderr
    assert "to do: 4 scores and 2 calibrations" in ended.stdout
    records = house.records()
    estimates = [record for key, record in records.items() if key.kind == "calibration"]
    assert {record.details["tried"] for record in estimates} == {3}
    assert {key.kind for key in records} == {"score", "calibration"}
    page = (house.pages / "README.md").read_text()
    assert "≈ rests on estimates: 2 cells of 2 had no fine-tuning here" in page
    assert "extrapolated from 3 steps of one run" in page
    with (house.pages / "truth.csv").open() as file:
        assert [row["status"] for row in csv.DictReader(file)] == ["estimated"] * 2

    again = house.run("--calibrate", metrics="leep,logme")
    assert "measured 0, remembered 6" in again.stdout

    measured = house.run(metrics="leep,logme")
    assert measured.returncode == 0, measured.stderr
    assert "to do: 0 scores and 4 fine-tuning runs" in measured.stdout
    assert "≈" not in (house.pages / "README.md").read_text()
    truths = [record for key, record in house.records().items() if key.kind == "truth"]
    for estimate in estimates:
        sweep = sum(r.seconds or 0 for r in truths if r.key.candidate == estimate.key.candidate)
        assert 0.02 < (estimate.value or 0) / sweep < 50  # the order of magnitude, on a busy machine too
