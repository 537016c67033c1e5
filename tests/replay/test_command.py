"""tbench replay, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tbench.cli import main
from tbench.published.facts import names


def tbench(*words: str) -> Result:
    return CliRunner().invoke(main, words, env={"COLUMNS": "140"})


def test_all_as_json() -> None:
    done = tbench("replay", "all", "--json")
    assert done.exit_code == 0
    rows = json.loads(done.stdout)
    assert len(rows) == 656
    assert {row["suite"] for row in rows} <= set(names())
    asked = {"suite", "table", "metric", "dataset", "statistic", "published", "recomputed", "status"}
    assert all(asked <= row.keys() for row in rows)
    assert all(isinstance(row["published"], float) for row in rows)
    assert all((row["recomputed"] is None) == (row["status"] == "not computable") for row in rows)


def test_one_suite_for_readers() -> None:
    done = tbench("replay", "tllib")
    assert done.exit_code == 0
    words = " ".join(done.stdout.split())
    assert "64 printed numbers: 31 exact, 12 within rounding, 3 tie order, 18 differs." in words
    assert "follows from the truth of cifar10 instead" in words
    assert "Pets: the printed correlations fit no accuracy column of the page." in words
    assert words.count(" tau_w ") >= 32


@pytest.mark.parametrize("name", ["emms", "transrate-cost", "schuture"])
def test_suites_of_another_kind_can_be_read(name: str) -> None:
    assert tbench("replay", name).exit_code == 0


def test_pages_are_written_where_asked(tmp_path: Path) -> None:
    done = tbench("replay", "etran", "--out", str(tmp_path))
    assert done.exit_code == 0
    assert str(tmp_path / "etran" / "README.md") in done.stdout.replace("\n", "")
    assert (tmp_path / "etran" / "replay.csv").is_file()


def test_an_unknown_suite_is_one_line() -> None:
    done = tbench("replay", "pedd")
    assert done.exit_code == 2
    assert done.stderr == "tbench: no published suite 'pedd'; did you mean ped?\n"
