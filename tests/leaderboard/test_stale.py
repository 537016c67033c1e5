"""Pages of measured suites follow from the tables beside them; what does not is stale."""

from __future__ import annotations

import csv
import io
import math
import re
import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from tbench.leaderboard import certainty
from tbench.leaderboard.board import make_board
from tbench.leaderboard.markdown import markdown
from tbench.leaderboard.page import SECTIONS, render, sections
from tbench.leaderboard.tidy import tidy_files
from tbench.registry import Registry

from .likeness import alike, first_difference
from .readback import records_of, rows_of
from .rebuilt import Rebuilt, missing
from .staleness import LEFT_OUT, parts, stale

LEADERBOARDS = Path(__file__).parents[2] / "leaderboards"
SMALL = "mini-equal"
BOARDS = sorted({name for name in Registry.installed("suites") if (LEADERBOARDS / name / "scores.csv").exists()})

rebuilt = cache(lambda name: Rebuilt.of(LEADERBOARDS / name))
LONG = {"mini-layers", "mini-sources", "small-real"}  # whose draws for “How sure that is” take 22 s; of others 10 s


@cache
def anew(name: str) -> dict[str, str]:
    """The parts of the page; of LONG boards all but certainty, which is left out to save its time."""
    with pytest.MonkeyPatch.context() as patch:
        if name in LONG:
            kept = {section: make for section, make in SECTIONS.items() if section != "certainty"}
            patch.setattr("tbench.leaderboard.page.SECTIONS", kept)
        return parts(render(rebuilt(name).board))


def test_every_measured_board_is_there() -> None:
    assert {"mini", "mini-equal", "mini-layers", "mini-sources", "small-real"} <= {*BOARDS}


@pytest.mark.parametrize("name", BOARDS)
def test_every_section_follows_from_scores_and_truths(name: str) -> None:
    told = rebuilt(name)
    if told.counted.estimated or any(row["status"] == "estimated" for row in rows_of(told.folder / "truth.csv")):
        pytest.skip("the page rests on estimates of what fine-tuning takes, which its tables do not tell whole")
    page = parts(told.page)
    if name in LONG:
        del page[certainty.TITLE]
    assert [*stale(name, page, anew(name))] == []


@pytest.mark.parametrize("name", BOARDS)
def test_nothing_that_is_asked_for_today_is_missing(name: str) -> None:
    assert [*missing(rebuilt(name))] == [], f"leaderboards/{name} is stale: run the suite for these, then publish it"


@pytest.mark.parametrize("name", BOARDS)
def test_the_other_tables_follow_from_scores_and_truths(name: str) -> None:
    told = rebuilt(name)
    for file, made in tidy_files(told.board).items():
        committed, anew = rows_of(told.folder / file), [*csv.DictReader(io.StringIO(made))]
        assert len(committed) == len(anew) > 0, file
        for row, other in zip(committed, anew, strict=True):
            assert all(map(same, row.values(), other.values())), f"leaderboards/{name}/{file} is stale: {row}, {other}"


@pytest.mark.parametrize("name", BOARDS)
def test_own_seconds_and_those_of_fine_tuning_are_sums_over_cells(name: str) -> None:
    told = rebuilt(name)
    assert told.board.bill
    assert len(told.board.bill.prices) == len(told.counted.prices) > 20
    for price, counted in zip(told.board.bill.prices, told.counted.prices, strict=True):
        assert (price.metric, price.cells) == (counted.metric, counted.cells)
        for one, other in ((price.own, counted.own), (price.best, counted.best), (price.sweep, counted.sweep)):
            assert one
            assert other
            assert (one.wall, one.cpu) == pytest.approx((other.wall, other.cpu))


def same(one: str, other: str) -> bool:
    try:
        return one == other or math.isclose(float(one), float(other), rel_tol=1e-9, abs_tol=1e-12)
    except ValueError:
        return False


def test_what_is_left_out_is_on_some_page() -> None:
    pages = [(LEADERBOARDS / name / "README.md").read_text(encoding="utf-8") for name in BOARDS]
    assert [pattern for pattern in LEFT_OUT if not any(re.search(pattern, page, re.MULTILINE) for page in pages)] == []


def test_another_number_on_a_page_is_told() -> None:
    page = rebuilt(SMALL).page
    line = next(line for line in page.splitlines() if line.startswith("| knn "))
    told = page.replace(line, line.replace("0.552", "0.554"))
    assert told != page
    (complaint,) = stale(SMALL, parts(told), anew(SMALL))
    assert complaint.startswith(
        f"leaderboards/{SMALL}/README.md, section 'How well each metric ranks the candidates (τ_w)' is stale: "
        "`tbench publish --suite all` writes it anew; it says '| knn "
    )


def test_a_section_more_or_less_is_told() -> None:
    page, made = parts(rebuilt(SMALL).page), anew(SMALL)
    less = {title: text for title, text in page.items() if title != "In other pools"}
    (complaint,) = stale(SMALL, less, made)
    assert complaint.startswith(f"leaderboards/{SMALL}/README.md lacks the section 'In other pools'")
    (complaint,) = stale(SMALL, {**page, "Of old": "words"}, made)
    assert "section 'Of old' is stale" in complaint


def test_another_score_and_a_row_less_are_told(tmp_path: Path) -> None:
    told = rebuilt(SMALL)
    shutil.copytree(told.folder, tmp_path, dirs_exist_ok=True)
    file = tmp_path / "scores.csv"
    lines = file.read_text(encoding="utf-8").splitlines()
    of = {label: next(line for line in lines if f",{label},0,ok," in line) for label in ("knn", "gbc")}
    lines[lines.index(of["knn"])] = of["knn"].replace(of["knn"].split(",")[5], "-9.0", 1)
    lines.remove(of["gbc"])
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    board = make_board(records_of(tmp_path, told.board.frame), told.board.frame)
    made = parts("\n\n".join(map(markdown, sections(board, ("agreement", "worth", "datasets")))))
    page = {title: text for title, text in parts(told.page).items() if title in made}
    assert len([*stale(SMALL, page, made)]) == len(made) == 3


def test_a_metric_a_candidate_and_a_dataset_more_are_told() -> None:
    told = rebuilt(SMALL)
    more = replace(
        told.suite,
        candidates=(*told.suite.candidates, "mini/new"),
        datasets=(*told.suite.datasets, "mini/far"),
        metrics=(*told.suite.metrics, "logme:eps=0.1"),
    )
    found = [*missing(replace(told, suite=more))]
    assert found[0] == "metric logme:eps=0.1"
    assert {f"mini/new on {name}" for name in more.datasets} < {*found}
    assert {f"{name} on mini/far" for name in more.candidates} < {*found}
    assert len(found) == 1 + len(more.candidates) + len(told.suite.datasets)


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("τ_w 0.123", "τ_w 0.124", True),
        ("τ_w 0.123", "τ_w 0.125", False),
        ("-0.001 to 0.001", "0.000 to 0.001", True),
        ("97 % of 216 cells", "98 % of 216 cells", True),
        ("97 % of 216 cells", "97 % of 217 cells", False),
        ("1,234.5", "1,234.6", True),
        ("0.12", "0.123", False),
        ("resnet20", "resnet21", False),
        ("**0.123**", "0.123", False),
    ],
)
def test_texts_are_alike_up_to_the_last_digit(one: str, other: str, equal: bool) -> None:
    assert alike(one, other) == equal


def test_the_widths_of_columns_do_not_count_and_lines_do() -> None:
    assert first_difference("| a  |   1 |\n|:---|----:|", "| a | 1 |\n|:----|------:|") is None
    assert first_difference("a\nb", "a") == "'b', but it follows ''"
