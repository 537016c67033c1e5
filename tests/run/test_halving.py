"""A suite whose protocol halves its grid, through the command line: whole sweeps, remembered as a whole."""

from __future__ import annotations

import csv

from .conftest import House


def test_a_halved_sweep_is_measured_once_and_published(house: House) -> None:
    suite = house.folder / "tiny.toml"
    text = suite.read_text().replace("seconds = 0.3", "seconds = 0.3\nhalving = true\nclip = 1.0")
    suite.write_text(text.replace("[0.01, 0.1]", "[0.003, 0.01, 0.1]"))
    ended = house.run(metrics="leep")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    truths = [record for key, record in house.records().items() if key.kind == "truth"]
    assert sorted(record.status for record in truths) == ["inapplicable"] * 4 + ["ok"] * 2
    assert all("halving=True" in record.key.spec and "clip=1.0" in record.key.spec for record in truths)
    assert sorted(record.details["steps"] for record in truths) == [1, 1, 2, 2, 4, 4]
    assert not any((house.store.parent / "checkpoints").iterdir())
    with (house.pages / "truth.csv").open() as file:
        rows = [*csv.DictReader(file)]
    assert sorted((row["training"] == "stopped", row["chosen"]) for row in rows) == [
        *[(False, "1")] * 2,
        *[(True, "0")] * 4,
    ]
    page = (house.pages / "README.md").read_text()
    assert "6 runs, of which" in page
    assert "4 were stopped early" in page

    again = house.run(metrics="leep")
    assert "measured 0, remembered 8" in again.stdout
