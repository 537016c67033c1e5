"""What metrics said of their scores: marked, counted, with one example, and nothing asked of old records."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbench.leaderboard.absences import absences_section
from tbench.leaderboard.board import make_board
from tbench.leaderboard.page import render, sections
from tbench.leaderboard.remarks import Kind, general, grouped, remarks
from tbench.results import Record

from .made import CANDIDATES, frame, score, scores, truth, varied_store, whole_store

LABELS = {"a:x=1": "a", "b:x=1": "b"}
NAMES = {name: name.partition("/")[2] for name in (*CANDIDATES, "t/x", "t/y")}


def rows(records: list[Record], section: str, label: str) -> list[tuple[str, ...]]:
    """Those of every table of a section whose first cell is the label, marked or not."""
    found = next(one for one in sections(make_board(records, frame())) if one.name == section)
    return [row for _, table in found.tables for row in table.rows if row[0] in (label, f"{label} ‡")]


def test_saturated_cells_and_means_are_marked_in_every_table() -> None:
    records = varied_store()
    ((_, x, y, mean, *_),) = rows(records, "agreement", "few")
    assert (x.endswith(" ‡"), y.endswith(" ‡"), mean.endswith(" ‡")) == (True, False, True)
    ((_, whole),) = rows(records, "boards", "few")
    assert whole == mean
    assert [row[0] for row in rows(records, "datasets", "few")] == ["few ‡", "few"]
    assert not any("‡" in cell for row in rows(records, "agreement", "good") for cell in row)


def test_the_footnote_counts_cells_and_gives_one_example() -> None:
    found = {one.name: one for one in sections(make_board(varied_store(), frame()))}
    agreement, boards, datasets = (found[name] for name in ("agreement", "boards", "datasets"))
    assert agreement.after[-2:] == (
        "‡ rests on saturated scores, of which the metric itself says that they tell little: few 6 of 16 cells "
        "(candidate × dataset × seed).",
        "few, 6 cells, for example a on x, seed 0: good: N = 100 samples are too few",
    )
    legend = "‡ rests on saturated scores: how many, and why, stands below the first table."
    assert boards.before[-1] == datasets.before[-1] == legend


def test_saturated_variants_are_told_below_their_own_table() -> None:
    records = [*truth("t/x", [0.1, 0.2, 0.3, 0.4]), *scores("a", "t/x", [1, 2, 3, 4])]
    records += scores("a:as=old", "t/x", [1, 2, 3, 4], spec="a:x=2", saturated=["at its bound"])
    agreement, variants = sections(make_board(records, frame()), ["agreement", "variants"])
    assert "‡" not in str(agreement)
    assert variants.after == (
        "‡ rests on saturated scores, of which the metric itself says that they tell little: a:as=old 4 of 4 cells "
        "(candidate × dataset × seed).",
        "a:as=old, 4 cells, for example a on x, seed 0: at its bound",
    )


def test_only_what_is_ranked_is_counted() -> None:
    records = [*truth("t/x", [0.1, 0.2, 0.3, None]), *scores("a", "t/x", [1, 2, 3, 4], saturated=["few", "flat"])]
    agreement = sections(make_board(records, frame()))[0]
    assert "a 3 of 3 cells" in agreement.after[-3]
    assert [line[:10] for line in agreement.after[-2:]] == ["a, 3 cells"] * 2


def test_equal_remarks_are_grouped_whatever_their_numbers_and_names() -> None:
    records = [
        score("a", "t/x", "m/b", 1.0, warnings=["m/b: 12 of 1e3\nsamples  kept", "K-1 = 9"]),
        score("a", "t/x", "m/a", 1.0, warnings=["m/a: 7 of 2.5 samples kept"]),
        score("a", "t/y", "m/a", 1.0, warnings=["m/a: -3 of 1,024 samples kept"]),
        score("b", "t/y", "m/a", 1.0, warnings=["K-1 = 10"]),
        score("b", "t/y", "m/b", 1.0),
    ]
    assert grouped(records, "warnings", LABELS, NAMES) == (
        "a, 3 cells, for example a on x, seed 0: m/a: 7 of 2.5 samples kept",
        "a, 1 cell, for example b on x, seed 0: K-1 = 9",
        "b, 1 cell, for example a on y, seed 0: K-1 = 10",
    )
    assert grouped(records, "saturated", LABELS, NAMES) == ()


@given(st.lists(st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False)), min_size=4, max_size=4))
def test_any_number_is_a_number(numbers: list[float]) -> None:
    records = [
        score("a", "t/x", name, 1.0, saturated=[f"H = {number} <= {number / 3:.3g}, {number // 5:,}"])
        for name, number in zip(CANDIDATES, numbers, strict=True)
    ]
    (said,) = grouped(records, "saturated", LABELS, NAMES)
    assert said.startswith("a, 4 cells, for example a on x, seed 0: H = ")


@pytest.mark.parametrize("kind", ["saturated", "warnings"])
def test_old_records_say_nothing(kind: Kind) -> None:
    assert remarks(score("a", "t/x", "m/a", 1.0), kind) == ()
    assert remarks(score("a", "t/x", "m/a", 1.0, **{kind: None}), kind) == ()
    assert remarks(score("a", "t/x", "m/a", 1.0, **{kind: ["one", "two"]}), kind) == ("one", "two")


def test_reasons_lose_the_names_of_their_cell() -> None:
    assert general("m/a  on t/x\nfails", score("a", "t/x", "m/a", 1.0).key) == "the candidate on the dataset fails"


def test_old_records_and_empty_remarks_make_the_same_page() -> None:
    records = whole_store()
    empty: dict[str, object] = {"saturated": [], "warnings": [], "terms": {}}
    new = [replace(record, details={**record.details, **empty}) for record in records]
    assert render(make_board(records, frame())) == render(make_board(new, frame()))


def test_warnings_and_spreads_are_told_among_the_absences() -> None:
    after = absences_section(make_board(varied_store(), frame())).after
    assert after == (
        "Each score of lost:as=a is a mean over random draws; the median sd between these is 0.375 (16 cells).",
        "Scores that came with a warning:",
        "lost:as=b, 12 cells, for example b on x, seed 0: only 3 of 4",
    )
