"""tbench bench: what is measured, what is told, and which words are wrong."""

from __future__ import annotations

import re
from io import StringIO

import numpy as np
import pytest
from click.testing import CliRunner
from rich.console import Console

import tbench
from tbench.bench import SIZES, Size, bench, made_up
from tbench.cli import main
from tbench.cli.bench import _table
from tbench.cli.bench import bench as command
from tbench.errors import UsageError

SMALL = Size(120, 8, 3, 5, 60)
WORDS = ["--samples", "120", "--columns", "8", "--classes", "3", "--sources", "5"]


def test_shared_evidence_is_counted_once() -> None:
    report = bench(SMALL, ["lfc", "hscore-shrunk", "logme+ped"], literals=False)
    (together,) = report.sets
    lfc, shrunk, moved = together.metrics
    assert lfc.evidence["moments"] is shrunk.evidence["moments"]
    assert "features+ped" in moved.evidence
    assert {*together.evidence} == {*lfc.evidence, *shrunk.evidence, *moved.evidence}
    for kind in ("seconds", "cpu_seconds"):
        own = sum(getattr(measured.own, kind) for measured in together.metrics)
        once = {node: getattr(cost, kind) for node, cost in together.evidence.items()}
        assert getattr(together, kind) == pytest.approx(own + sum(once.values()))
        for measured in together.metrics:
            below = sum(once[node] for node in measured.evidence)
            assert getattr(measured, kind) == pytest.approx(getattr(measured.own, kind) + below)
    assert report.floor.seconds == report.floor.gram.seconds + report.floor.eigh.seconds
    assert 0 < report.floor.cpu_seconds < 60
    assert together.peak_bytes > 2**20


def test_values_are_those_of_the_metrics_and_of_their_literal_forms() -> None:
    report = bench(SMALL, ["hscore", "nce", "logme:method=icml", "logme:logdet=thin"], seed=3)
    evidence = made_up(SMALL, 3)
    icml = "logme:method=icml"
    for measured, spec in zip(report.sets[0].metrics, ["hscore", "nce", icml, "logme:logdet=thin"], strict=True):
        assert measured.value == tbench.score(spec, **evidence)
        if spec == "logme:logdet=thin":  # has none
            assert measured.literal is None
            assert measured.literal_value is None
            assert measured.difference is None
        else:
            assert measured.literal is not None
            assert measured.literal.seconds > 0
            assert measured.difference is not None
            assert measured.difference < 1e-9


def test_a_literal_form_is_known_by_any_way_to_write_its_spec() -> None:
    (measured,) = bench(SMALL, ["logme:eps=1e-5,method=icml"]).sets[0].metrics
    assert measured.literal is not None


def test_progress_is_told_step_by_step() -> None:
    told: list[tuple[str, int, int]] = []
    bench(SMALL, ["nce", "leep"], tell=lambda *step: told.append(step))
    whats = ["the floor", "nce", "leep", "nce, literally", "leep, literally"]
    assert told == [(what, done, len(whats)) for done, what in enumerate(whats)]


def test_the_same_seed_makes_up_the_same_evidence() -> None:
    first, again, other = made_up(SMALL, 1), made_up(SMALL, 1), made_up(SMALL, 2)
    for name in ("features", "labels", "source_probabilities", "reference_features"):
        assert np.array_equal(first[name], again[name])
        assert not np.array_equal(first[name], other[name])
    assert np.asarray(first["features"]).shape == (120, 8)
    assert np.asarray(first["reference_features"]).shape == (60, 8)
    assert np.asarray(first["source_probabilities"]).shape == (120, 5)
    assert np.bincount(np.asarray(first["labels"])).tolist() == [40, 40, 40]
    assert np.asarray(first["features"]).min() == 0


@pytest.mark.parametrize("spec", ["logmee", "hscore:x=1", "nce+ped"])
def test_wrong_specs(spec: str) -> None:
    with pytest.raises(UsageError):
        bench(SMALL, [spec])


def test_the_command_tells_a_plain_table() -> None:
    result = CliRunner().invoke(main, ["bench", "--metrics", "hscore,lfc,knn:neighbours=3", *WORDS])
    assert result.exit_code == 0, result.output
    assert "\x1b" not in result.output
    assert result.stdout.startswith("120 samples, 8 columns, 3 classes, 5 source classes, 5000 reference samples")
    rows = {line.split()[0]: line.split()[1:] for line in result.stdout.splitlines() if line.strip()}
    assert len(rows["hscore"]) == len(rows["lfc"]) == 8
    assert all(float(cell) >= 0 for cell in rows["hscore"])
    assert float(rows["hscore"][-1]) < 1e-9
    assert rows["knn:neighbours=3"][-3:] == ["–", "–", "–"]
    assert re.search(r"^evidence, CPU s: .*\bmoments \S", result.stdout, re.MULTILINE)
    assert "peak memory" in result.stdout


def test_numbers_are_whole_in_a_terminal_and_long_specs_are_folded() -> None:
    report = bench(SMALL, ["hscore", "transrate:eps=0.125,form=projected,normalize=false"])
    console = Console(file=StringIO(), width=80)
    console.print(_table(report.sets[0], report.floor, literal=True))
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert "…" not in "".join(lines)
    (row,) = (line.split() for line in lines if line.startswith("hscore"))
    assert row[3] == f"{report.sets[0].metrics[0].cpu_seconds:.3f}"
    (together,) = (line.split() for line in lines if line.startswith("together"))
    assert together[1] == f"{report.sets[0].cpu_seconds:.3f}"


def test_without_literal_forms_there_are_no_columns_for_them() -> None:
    result = CliRunner().invoke(main, ["bench", "--metrics", "hscore", "--no-literal", *WORDS])
    assert result.exit_code == 0, result.output
    assert "literal" not in result.stdout
    (row,) = (line for line in result.stdout.splitlines() if line.startswith("hscore"))
    assert len(row.split()) == 6


def test_what_a_metric_warns_of_is_a_note() -> None:
    result = CliRunner().invoke(
        main, ["bench", "--metrics", "hscore", "--no-literal", "--samples", "20", "--columns", "30"]
    )
    assert result.exit_code == 0, result.output
    assert result.stderr.count("note: hscore: 20 samples are too few for 30 columns") == 1


@pytest.mark.parametrize(
    ("words", "code", "line"),
    [
        (["--metrics", "logmee"], 2, "no metric is called 'logmee'; did you mean logme"),
        (["--metrics", ""], 2, "names no metric"),
        (["--metrics", "parameters"], 1, "a metric cannot be measured on what is made up: "),
        (["--size", "huge"], 2, "Invalid value for '--size'"),
        (["--classes", "1"], 2, "Invalid value for '--classes'"),
    ],
)
def test_one_clear_line(words: list[str], code: int, line: str) -> None:
    result = CliRunner().invoke(main, ["bench", *words])
    assert result.exit_code == code
    assert line in result.stderr
    assert "Traceback" not in result.output
    assert result.stdout == ""


def test_the_sizes_can_be_asked_for() -> None:
    (choice,) = (option.type for option in command.params if option.name == "size")
    assert list(choice.choices) == list(SIZES)
