"""Metrics that look at the task and the source, not at the candidate: what they cannot tell apart has no number."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tbench.leaderboard.board import Board, make_board
from tbench.leaderboard.metrics import find_metrics
from tbench.leaderboard.page import render, sections
from tbench.leaderboard.pool import Line, Pool
from tbench.leaderboard.tables import Section, tau
from tbench.leaderboard.tidy import tidy_files
from tbench.results import Record
from tbench.statistics import agreement

from .made import DATASETS, frame, score, scores, truth

Y = [0.4, 0.5, 0.8, 0.6]
TRUTH = [*truth("t/x", [0.9, 0.7, 0.5, 0.3]), *truth("t/y", Y)]
PAIRS = {"one source": ("m/a", "m/b"), "two sources": ("m/b", "m/c", "m/d")}
LEGEND = "constant by construction: it knows the task and the source, not the candidate."


def everywhere(metric: str, values: Sequence[float | None], **told: object) -> list[Record]:
    return [record for dataset in DATASETS for record in scores(metric, dataset, values, **told)]


def board_of(*records: Record) -> Board:
    return make_board([*TRUTH, *everywhere("good", [4, 3, 2, 1]), *records], frame(boards=PAIRS))


def section(board: Board, name: str) -> Section:
    return next(one for one in sections(board) if one.name == name)


def rows(section: Section, label: str) -> list[tuple[str, ...]]:
    """Those of every table that begin so."""
    return [row for _, table in section.tables for row in table.rows if row[0] == label]


def line_of(pool: Pool, label: str) -> Line:
    return next(line for line in (*pool.lines, *pool.variants) if line.metric.label == label)


def test_of_one_source_it_is_constant_in_every_table_and_no_number() -> None:
    board = board_of(*everywhere("ds", [5, 5, 5, 5], blind=True))
    assert rows(section(board, "agreement"), "ds") == [("ds", "constant", "constant", "constant", "4/4")]
    assert rows(section(board, "boards"), "ds") == [("ds", *["constant"] * 3)]
    assert rows(section(board, "datasets"), "ds") == [("ds", *["constant"] * 4, "4/4")] * 2
    assert rows(section(board, "pools"), "ds") == [("ds", *["constant"] * 3, "0/2")] * 2
    for name in ("agreement", "boards", "datasets", "pools"):
        found = section(board, name)
        assert [*found.before, *found.after].count(LEGEND) == 1
    assert "tied by" not in render(board)


def test_it_is_neither_above_chance_nor_failing_nor_unexplained() -> None:
    board = board_of(*everywhere("ds", [5, 5, 5, 5], blind=True), *everywhere("flat", [5, 5, 5, 5]))
    after = section(board, "agreement").after
    assert "No order at all: flat." in after
    assert not any("ds" in line for line in after)
    told = section(board, "absences").after
    assert [line.partition(" is not defined")[0] for line in told] == ["τ_w of flat"]


def test_what_merely_happens_to_be_constant_stays_undefined() -> None:
    told = [record for record in everywhere("late", [5, 5, 5, 5], blind=True) if record.key.candidate != "m/a"]
    told += [score("late", dataset, "m/a", 5) for dataset in DATASETS]  # of a time when nobody said
    board = board_of(*everywhere("flat", [5, 5, 5, 5], blind=False), *told)
    for label in ("flat", "late"):
        assert rows(section(board, "agreement"), label)[0][1:4] == ("–", "–", "–")
        assert rows(section(board, "pools"), label) == [(label, "–", "–", "–", "0/2")] * 2
    assert LEGEND not in render(board)


def test_of_two_sources_it_has_a_number_and_ties_those_of_one() -> None:
    board = board_of(*everywhere("ds", [5, 5, 2, 2], blind=True), *everywhere("seeing", [5, 5, 2, 2]))
    assert rows(section(board, "agreement"), "ds")[0][1:] == rows(section(board, "agreement"), "seeing")[0][1:]
    assert [line.constant for line in (line_of(pool, "ds") for pool in board.pools)] == [False, True, False]
    assert rows(section(board, "boards"), "ds")[0][2] == "constant"
    assert rows(section(board, "boards"), "seeing")[0][2] == "–"
    tied = "By construction, candidates of one source are tied by: ds."
    for name, legend in (("agreement", False), ("boards", True), ("pools", True)):
        found = section(board, name)
        assert [(tied in lines, LEGEND in lines) for lines in [[*found.before, *found.after]]] == [(True, legend)]
    said = [line for line in section(board, "agreement").after if line.startswith(("Clearly above", "Not above"))]
    assert sum("ds" in line for line in said) == 1


def test_where_every_source_is_another_nothing_is_tied() -> None:
    page = render(board_of(*everywhere("ds", [5, 4, 2, 1], blind=True)))
    assert "by construction" not in page.lower()


def test_gaps_do_not_hide_that_it_is_constant() -> None:
    some = [record for record in everywhere("ds", [None, 5, 5, None], blind=True) if record.key.dataset == "t/x"]
    board = board_of(*some)
    ((_, x, y, mean, *_),) = rows(section(board, "agreement"), "ds")
    assert (x, y, mean) == ("constant", "–", "constant")
    both = board_of(*some, *scores("ds", "t/y", [1, 2, 3, 4], blind=True))
    ((_, x, y, mean, *_),) = rows(section(both, "agreement"), "ds")
    assert x == "constant"
    assert y.strip("*") == mean.removesuffix(" †") == tau(agreement([1, 2, 3, 4], Y).tau_w)
    assert not any("τ_w of ds" in line for line in section(both, "absences").after)


def test_variants_are_told_too() -> None:
    variant = everywhere("ds:as=old", [5, 5, 5, 5], spec="ds:x=2", blind=True)
    found = section(board_of(*everywhere("ds", [5, 5, 5, 5], blind=True), *variant), "variants")
    assert [row[2] for _, table in found.tables for row in table.rows] == ["constant", "constant"]
    assert LEGEND in found.after


def test_the_file_says_so_in_a_column() -> None:
    board = board_of(*everywhere("ds", [5, 5, 2, 2], blind=True), *everywhere("flat", [5, 5, 5, 5]))
    found = csv.DictReader(io.StringIO(tidy_files(board)["agreement.csv"]))
    constant = {(row["pool"], row["metric"]) for row in found if row["constant"] == "1"}
    assert constant == {("one source", "ds")}


@pytest.mark.parametrize(("blind", "expected"), [((True, True), True), ((True, False), False), ((None, None), False)])
def test_a_metric_is_blind_if_every_score_says_so(blind: Sequence[bool | None], expected: bool) -> None:
    pairs = zip(("m/a", "m/b"), blind, strict=True)
    found = [score("a", "t/x", name, 1.0, **({} if told is None else {"blind": told})) for name, told in pairs]
    found.append(score("a", "t/x", "m/c", None, status="inapplicable"))
    assert [metric.blind for metric in find_metrics(found, ())] == [expected]
    assert [metric.blind for metric in find_metrics(found[-1:], ())] == [False]


@settings(max_examples=30)
@given(st.lists(st.sampled_from([0.1, 0.1 + 1e-15, 0.2, 7.0]), min_size=4, max_size=4))
def test_constant_or_a_number_or_both_by_what_can_be_told_apart(values: list[float]) -> None:
    line = line_of(board_of(*everywhere("ds", values, blind=True)).whole, "ds")
    different = len({round(value, 9) for value in values})
    assert line.constant == (different == 1) == (line.mean.value is None)
    assert line.ties == (1 < different < len(values))
