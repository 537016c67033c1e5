"""tbench properties: the printed table beside the derived one, and the committed page."""

from __future__ import annotations

import re
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tbench.cli import main
from tbench.leaderboard.properties import COLUMNS, differing, printed_section
from tbench.metric import Catalogue
from tbench.properties import AGAINST, Properties
from tbench.published.facts import claims, disagreements
from tbench.registry import ADMIT, Registry

PAGE = Path(__file__).parents[2] / "leaderboards" / "properties" / "README.md"
PRINTED = {
    "Taskonomy": "xxooo",
    "Task2Vec": "xxxox",
    "RSA": "oxooo",
    "DEPARA": "oxooo",
    "N-LEEP": "oxooo",
    "DS": "xoxox",
    "Zhang et al. 2021": "xoxxx",
    "Tong et al. 2021": "xoxxx",
    "NCE": "xooxx",
    "H-Score": "ooxox",
    "LogME": "ooxox",
    "LEEP": "oooxx",
    "TransRate": "ooooo",
}


@pytest.fixture(autouse=True)
def _tbench_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever else is installed on this machine is on its pages."""
    monkeypatch.setenv(ADMIT, "tbench")


def tbench(*words: object) -> Result:
    return CliRunner().invoke(main, ["properties", *map(str, words)], env={"COLUMNS": "160"})


@pytest.fixture(scope="module")
def derived() -> dict[str, Properties]:
    catalogue = Catalogue.installed()
    names = {metric for claim in claims() for metric in claim.metrics}
    return {name: Properties.of(catalogue.metric(name), catalogue.nodes) for name in names}


def row(properties: Properties) -> str:
    return "".join("x" if reasons else "o" for reasons in properties.against().values())


def test_the_thirteen_rows_are_as_printed() -> None:
    assert {claim.measure: "".join(claim.cells.values()) for claim in claims()} == PRINTED
    assert all(tuple(claim.cells) == tuple(AGAINST) == tuple(COLUMNS) for claim in claims())


def test_ten_rows_follow_and_three_do_not(derived: dict[str, Properties]) -> None:
    rows = {claim.measure: row(derived[claim.metrics[0]]) for claim in claims()}
    assert {measure: found for measure, found in rows.items() if found != PRINTED[measure]} == {
        "Taskonomy": "oxooo",
        "Tong et al. 2021": "xxxoo",
        "H-Score": "ooooo",
        "LogME": "ooxoo",
    }
    assert row(derived["nce"]) == "oooxx"
    told = " ".join(printed_section(derived, claims(), disagreements()).before)
    assert "10 of 13 printed rows follow from what the measures need" in told
    assert "(9 from tbench's metrics cell by cell; Tong et al. 2021 as published, of which tbench has another" in told
    assert ", and 3 do not: Taskonomy, H-Score, LogME." in told


def test_every_difference_is_explained_and_nothing_else_is(derived: dict[str, Properties]) -> None:
    found = {
        (metric, column)
        for claim in claims()
        for metric in claim.metrics
        for column in differing(derived[metric], claim)
    }
    assert found == {(one.metric, one.column) for one in disagreements()}
    assert {one.cause for one in disagreements()} == {"print", "form"}
    assert all(one.why.endswith(".") for one in disagreements())


def test_a_difference_that_nobody_has_explained_is_not_hidden(derived: dict[str, Properties]) -> None:
    told = printed_section(derived, claims(), [])
    (_, whole), (_, reasons) = told.tables
    assert len(reasons.rows) == sum(cell.startswith("**") for line in whole.rows for cell in line) == 8
    assert {line[-1] for line in reasons.rows} == {"not explained"}
    assert "9 of 13" in told.before[1]


def test_labels_of_a_source_are_needed_by_those_that_say_so(derived: dict[str, Properties]) -> None:
    needing = {name for name, properties in derived.items() if properties.labelled_source}
    assert needing == {"task2vec", "domain-similarity", "transfer-measure", "nce-paired"}


@pytest.mark.parametrize(
    ("spec", "expected", "labels"),
    [
        ("parameter-distance", "oxooo", False),
        ("tta", "xoxox", True),
        ("tta:form=learned-a", "xoxox", True),
        ("tta:form=learned-all", "xoxox", True),
        ("otce", "xoxox", True),
        ("f-otce", "xoxoo", True),
        ("jc-otce", "xoxoo", True),
        ("otdd", "xoxox", True),
        ("dds", "oxooo", False),
        ("domain-similarity:clusters=5", "xoxox", False),
        ("transrate", "ooooo", False),
        ("parc", "ooooo", False),
        ("sfda", "oxooo", False),
        ("linear-probe", "oxooo", False),
        ("logme+ped", "xoxoo", False),
        ("random", "oooox", False),
        ("parameters", "ooooo", False),
        ("source-accuracy", "xooxx", True),
    ],
)
def test_rows_that_are_not_printed(spec: str, expected: str, labels: bool) -> None:
    catalogue = Catalogue.installed()
    found = Properties.of(catalogue.metric(spec), catalogue.nodes)
    assert (row(found), bool(found.labelled_source)) == (expected, labels)


def test_learned_forms_search_harder_than_the_fixed_one() -> None:
    catalogue = Catalogue.installed()
    forms = {form: catalogue.metric(f"tta:form={form}") for form in ("fixed", "learned-a", "learned-all")}
    solvers = {form: Properties.of(metric, catalogue.nodes).solver for form, metric in forms.items()}
    assert solvers == {"fixed": "convex", "learned-a": "iterative", "learned-all": "iterative"}


def test_what_compares_tasks_alone_is_blind() -> None:
    catalogue = Catalogue.installed()
    metrics = [catalogue.metric(name) for name in catalogue.metrics.names()]
    blind = {metric.label for metric in metrics if Properties.of(metric, catalogue.nodes).blind}
    assert blind == {"constant", "domain-similarity", "otdd", "task2vec", "nce-paired", "random"}


def test_the_committed_page_is_what_the_command_makes(tmp_path: Path) -> None:
    done = tbench("--out", tmp_path)
    assert done.exit_code == 0, done.output
    made = (tmp_path / "properties" / "README.md").read_text(encoding="utf-8")
    assert made == PAGE.read_text(encoding="utf-8"), "tbench properties --out leaderboards"
    assert f"page: {tmp_path / 'properties' / 'README.md'}" in done.output
    printed = made.partition("## Every metric")[0]
    for measure in PRINTED:
        assert len(re.findall(rf"^\| {re.escape(measure)} +\| [\w-]+ +\| (?:\*\*)?[ox] .*\|$", printed, re.M)) >= 1


def test_one_metric_is_told_with_its_reasons() -> None:
    done = tbench("otdd,logme:as=thuml")
    assert done.exit_code == 0, done.output
    words = " ".join(done.output.split())
    assert "nothing of the candidate" in words
    assert "iterative: logme" in words
    assert "TransRate" not in words
    assert "not explained" not in words


def test_a_strangers_metric_has_its_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nearby_metric.py").write_text(
        "from tbench.api import evidence\n\n\n"
        "@evidence(solver='iterative')\n"
        "def nearby(features, source_features, *, steps=3):\n"
        "    return 0.0\n\n\n"
        "def broken(features, lost):\n"
        "    return 0.0\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    installed = Registry.installed

    def with_stranger(kind: str) -> Registry:
        entries = installed(kind).entries()
        if kind == "metrics":
            entries += [EntryPoint("nearby", "nearby_metric:nearby", "tbench.metrics")]
            entries += [EntryPoint("broken", "nearby_metric:broken", "tbench.metrics")]
        if kind == "evidence":
            entries += [EntryPoint("lost", "there_is_no_such_module:lost", "tbench.evidence")]
        return Registry.of(kind, entries)

    monkeypatch.setattr(Registry, "installed", with_stranger)
    done = tbench("--out", tmp_path)
    assert done.exit_code == 0, done.output
    page = (tmp_path / "properties" / "README.md").read_text(encoding="utf-8")
    cells = re.search(r"^\| nearby +\|(.*)\|$", page, re.M)
    assert cells
    assert [cell.strip() for cell in cells[1].split("|")] == [
        *("x", "o", "x", "o", "o", "–"),
        "source data: source_features; iterative: nearby",
    ]
    assert "| broken" not in page
    assert "evidence 'lost' from there_is_no_such_module:lost cannot be imported" in done.stderr
    asked = tbench("broken")
    assert (asked.exit_code, asked.stderr.count("\n")) == (1, 1)


def test_a_page_is_of_all_metrics(tmp_path: Path) -> None:
    done = tbench("logme", "--out", tmp_path)
    assert (done.exit_code, done.stderr) == (
        2,
        "tbench: the page is of all metrics; leave out --out or the metrics\n",
    )
    assert tbench("logmee").exit_code == 2


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "properties").write_text("in the way")
    done = tbench("--out", tmp_path)
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
    assert "cannot be written" in done.stderr
