"""tbench submit and tbench verify: what was measured is accepted, what was tampered with is refused, and why."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tbench.cli import main
from tbench.executors import Notice
from tbench.metric import Catalogue
from tbench.plan import make_plan
from tbench.results import Key, Record
from tbench.store import Store
from tbench.submission import CHECKSUM, read, written
from tbench.suite import load_suite
from tbench.workshop import Means, Workshop

SUITE = """
title = "tiny"
description = "for tests"
candidates = ["mini/resnet-mix", "mini/resnet-rot", "mini/resnet-random"]
datasets = ["mini/digits"]
metrics = ["logme", "nearest-mean", "source-accuracy"]
floors = []
reference = "mini/reference"
protocol = "short"
[protocols.short]
optimizer = "sgd"
momentum = 0.9
learning_rates = [0.01]
weight_decays = [5e-4]
steps = 4
batch = 16
warmup = 0.25
shift = 2
seeds = [0, 1]
seconds = 0.3
[protocols.longer]
optimizer = "sgd"
momentum = 0.9
learning_rates = [0.01]
weight_decays = [5e-4]
steps = 8
batch = 16
warmup = 0.25
shift = 2
seeds = [0, 1, 2]
seconds = 0.3
"""
TRUTH = {"mini/resnet-mix": 0.9, "mini/resnet-rot": 0.7, "mini/resnet-random": 0.5}


@dataclass(frozen=True)
class Desk:
    """A suite, a store that knows its scores, and a folder for submissions."""

    folder: Path

    @property
    def suite(self) -> Path:
        return self.folder / "tiny.toml"

    @property
    def store(self) -> Path:
        return self.folder / "store/results.sqlite"

    @property
    def file(self) -> Path:
        return self.folder / "submissions/tiny/logme.txt"

    def submit(self, metric: str = "logme", *words: str, store: Path | None = None) -> Result:
        places = ["--suite", self.suite, "--store", store or self.store, "--out", self.folder / "submissions"]
        return tbench("submit", metric, *places, *words)

    def verify(self, *words: str, file: Path | None = None, store: Path | None = None) -> Result:
        places = ["--suite", self.suite, "--store", store or self.store]
        return tbench("verify", file or self.file, *places, "--seed", 0, *words)

    def tampered(self, change: Callable[[str], str]) -> Path:
        """A file that was changed, and sealed anew."""
        text = self.file.read_text(encoding="utf-8")
        content = text[: text.rindex(CHECKSUM)]
        other = change(content)
        assert other != content
        made = self.folder / "tampered.txt"
        made.write_text(f"{other}{CHECKSUM}{hashlib.sha256(other.encode()).hexdigest()}\n", encoding="utf-8")
        return made


def tbench(*words: object) -> Result:
    return CliRunner().invoke(main, [*map(str, words)])


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    made = Desk(tmp_path_factory.mktemp("desk"))
    made.suite.write_text(SUITE)
    suite = load_suite(str(made.suite))
    protocol = suite.protocol(None)
    catalogue = Catalogue.installed()
    metrics = [catalogue.metric(name) for name in suite.metrics]
    plan = make_plan(suite, protocol, metrics, protocol.seeds, {}, cited=True)
    workshop = Workshop(suite, protocol, Means("cpu", "float32", made.folder / "store"))
    (run,) = protocol.runs()
    keys = [Key("truth", "tiny", "mini/digits", name, run.spec, seed) for name in TRUTH for seed in protocol.seeds]
    made.store.parent.mkdir()
    with Store(made.store) as store:
        store.add(*(said for task in plan.tasks for said in workshop(task) if not isinstance(said, Notice)))
        store.add(*(_truth(key) for key in keys))
    ended = made.submit()
    assert ended.exit_code == 0, ended.output
    assert ended.output == f"{made.file}: 6 cells (6 ok, 0 inapplicable, 0 failed)\n"
    return made


def _truth(key: Key) -> Record:
    told = {"validation": TRUTH[key.candidate], "protocol": "short", "measure": "accuracy", "training": "ok"}
    told |= {"learning_rate": 0.01, "weight_decay": 5e-4, "steps": 4}
    return Record(key, "ok", TRUTH[key.candidate] - key.seed / 100, details=told)


def test_the_same_store_gives_the_same_bytes(desk: Desk) -> None:
    before = desk.file.read_bytes()
    assert desk.submit().exit_code == 0
    assert desk.file.read_bytes() == before


def test_what_was_measured_is_accepted_and_its_row_is_shown(desk: Desk) -> None:
    ended = desk.verify()
    assert ended.exit_code == 0, ended.output
    assert "6 cells (6 ok, 0 inapplicable, 0 failed), all of the suite's, each once; checksum holds" in ended.output
    assert re.search(r"6 cells measured anew with tbench \S+ \(--seed 0\): all agree within 0.0001", ended.output)
    assert re.search(r"^logme +1\.000 ", ended.output, re.M)


def test_settings_stand_in_the_name_of_the_file(desk: Desk) -> None:
    ended = desk.submit("logme:as=thuml")
    assert ended.exit_code == 1
    assert "6 of the 6 cells of logme:as=thuml on suite tiny are not in" in ended.output


def test_cells_without_a_number_are_submitted_with_their_reason(desk: Desk) -> None:
    assert desk.submit("source-accuracy").exit_code == 0
    file = desk.folder / "submissions/tiny/source-accuracy.txt"
    assert re.search(r"^mini/digits,mini/resnet-random,0,inapplicable,,[^,]+", file.read_text(), re.M)
    assert desk.verify(file=file).exit_code == 0


def test_a_changed_file_is_refused(desk: Desk) -> None:
    made = desk.folder / "changed.txt"
    made.write_text(desk.file.read_text().replace(",ok,", ",ok,1", 1))
    ended = desk.verify(file=made)
    assert (ended.exit_code, ended.output) == (
        1,
        f"tbench: {made} was changed after it was written: its checksum is not that of its content\n",
    )


def first_score(text: str) -> str:
    return re.sub(r"(,0,ok,)[^,]+", r"\g<1>0.5", text, count=1)


TAMPERED: dict[str, tuple[Callable[[str], str], str]] = {
    "a score": (first_score, r"differs: mini/resnet-mix on mini/digits, seed 0: submitted 0\.5, and here it is "),
    "other weights": (
        lambda text: re.sub(r'("mini/resnet-rot": )"\w+"', r'\1"0123"', text),
        r"mini/resnet-rot on mini/digits, seed 0: measured with other weights \(0123\)",
    ),
    "other images": (lambda text: re.sub(r'("1": )"\w+"', r'\1"0123"', text), r"other data \(0123\)"),
    "another protocol": (
        lambda text: text.replace('"protocol": "short"', '"protocol": "longer"'),
        r"cells missing \(3\)",
    ),
    "a protocol that is none": (lambda text: text.replace('"short"', '"none"'), "no protocol 'none'"),
    "a stranger": (lambda text: text.replace("digits,mini/resnet-rot", "digits,mini/resnet-rox"), "does not have"),
    "other settings": (lambda text: text.replace("logdet=full", "logdet=thin"), "logme is|is not as|logdet"),
    "a metric that is not installed": (
        lambda text: text.replace('"spec": "logme', '"spec": "logmine'),
        "nothing can be measured anew: no metric is called 'logmine'",
    ),
    "another way to see images": (
        lambda text: text.replace('"probe": ""', '"probe": "all"'),
        "other images of a dataset",
    ),
    "another suite": (lambda text: text.replace('"suite": "tiny"', '"suite": "mini"'), "is of suite mini, not of tiny"),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_what_was_tampered_with_is_refused_with_the_reason(what: str, desk: Desk) -> None:
    change, reason = TAMPERED[what]
    ended = desk.verify(file=desk.tampered(change))
    assert ended.exit_code == (2 if what == "another suite" else 1), ended.output
    assert re.search(reason, ended.output), ended.output
    assert "\x1b" not in ended.output


def test_cells_that_are_missing_or_there_twice_are_named(desk: Desk) -> None:
    submission, file = read(desk.file), desk.folder / "cells.txt"
    (one,) = [cell for cell in submission.cells if (cell.candidate, cell.seed) == ("mini/resnet-rot", 1)]
    fewer = tuple(cell for cell in submission.cells if cell is not one)
    for cells, told in ((fewer, "missing (1)"), ((*submission.cells, one), "twice or more (1)")):
        file.write_text(written(replace(submission, cells=cells)), encoding="utf-8")
        ended = desk.verify(file=file)
        assert ended.exit_code == 1
        assert f"cells {told}: mini/resnet-rot on mini/digits, seed 1" in ended.output


def test_the_file_alone_can_be_checked_without_the_metric(desk: Desk) -> None:
    file = desk.tampered(lambda text: text.replace('"spec": "logme', '"spec": "logmine'))
    ended = desk.verify("--cells", "0", file=file)
    assert ended.exit_code == 0, ended.output
    assert "measured anew" not in ended.output


def test_a_tolerance_can_be_told(desk: Desk) -> None:
    def near(text: str) -> str:
        return re.sub(r"(,0,ok,)([^,]+)", lambda found: f"{found[1]}{float(found[2]) * 1.001!r}", text, count=1)

    file = desk.tampered(near)
    assert desk.verify(file=file).exit_code == 1
    assert desk.verify("--tolerance", "0.01", file=file).exit_code == 0


def test_without_a_truth_there_is_no_tau(desk: Desk, tmp_path: Path) -> None:
    ended = desk.verify("--cells", "0", store=tmp_path / "none.sqlite")
    assert ended.exit_code == 0
    assert "no tau_w: " in ended.output
    Store(tmp_path / "empty.sqlite").close()
    ended = desk.verify("--cells", "0", store=tmp_path / "empty.sqlite")
    assert ended.exit_code == 0
    assert "holds no fine-tuning by protocol short" in ended.output


def test_missing_cells_are_not_submitted(desk: Desk, tmp_path: Path) -> None:
    ended = desk.submit("logme", "--protocol", "longer")
    assert ended.exit_code == 1
    assert "3 of the 9 cells of logme on suite tiny are not in" in ended.output
    assert "--protocol longer --metrics logme` measures them" in ended.output


def test_scores_of_other_weights_are_not_submitted(desk: Desk, tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite"
    shutil.copy(desk.store, other)
    with Store(other) as store:
        one = next(record for record in store.latest("tiny", "score") if record.key.spec.startswith("logme"))
        store.add(replace(one, provenance={**one.provenance, "weights": "others"}))
    ended = desk.submit(store=other)
    assert ended.exit_code == 1
    assert "1 of the 6 cells" in ended.output


def test_a_file_that_names_a_file_as_its_suite_is_refused(desk: Desk) -> None:
    file = desk.tampered(lambda text: text.replace('"suite": "tiny"', '"suite": "../tiny.toml"'))
    ended = tbench("verify", file)
    assert ended.exit_code == 1
    assert "names a file as its suite" in ended.output


def test_a_suite_that_is_not_installed_must_be_given(desk: Desk) -> None:
    ended = tbench("verify", desk.file)
    assert ended.exit_code == 1
    assert re.search("no suite is called 'tiny'.*--suite FILE.toml", ended.output)
    assert tbench("verify", desk.file, "--suite", "teeny").exit_code == 2
