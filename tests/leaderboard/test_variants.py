"""Published variants: a table of their own, against the default form, and nothing of them in the other tables."""

from __future__ import annotations

from dataclasses import replace
from statistics import fmean, stdev

import pytest

from tbench.leaderboard.board import Board, make_board
from tbench.leaderboard.page import sections
from tbench.leaderboard.tables import Section, difference
from tbench.leaderboard.variants import variants_section
from tbench.results import Record
from tbench.statistics import agreement

from .made import frame, scores, truth, varied_store, whole_frame, whole_store

X = [0.9, 0.7, 0.5, 0.3]


def table(records: list[Record]) -> dict[str, tuple[str, ...]]:
    ((_, found),) = variants_section(make_board(records, frame(datasets=("t/x",)))).tables
    return {row[0]: row[1:] for row in found.rows}


def section(board: Board, name: str) -> Section:
    return next(section for section in sections(board) if section.name == name)


def test_default_first_then_its_variants_in_the_order_of_the_first_table() -> None:
    found = variants_section(make_board(varied_store(), frame()))
    ((_, shown),) = found.tables
    assert shown.header == ("metric", "follows", "mean τ_w", "difference", "rank", "candidates")
    assert [row[:2] for row in shown.rows] == [
        ("good", "default"),
        ("good:as=old", "old"),
        ("good+ped", "default"),
        ("good+ped:as=wide", "wide"),
        ("lost:as=a", "a"),
        ("lost:as=b", "b"),
    ]
    assert "No verdict against chance is given" in found.before[1]


def test_difference_is_paired_by_seed() -> None:
    tests = ([0.9, 0.7, 0.5, 0.3], [0.8, 0.7, 0.2, 0.4])
    ours, theirs = ([1, 2, 4, 3], [4, 2, 3, 1]), ([4, 3, 1, 2], [2, 4, 3, 1])
    records: list[Record] = []
    for seed in (0, 1):
        records += truth("t/x", tests[seed], seed) + scores("a", "t/x", theirs[seed], seed)
        records += scores("a:as=old", "t/x", ours[seed], seed, spec="a:x=2")
    mean = [fmean(pair) for pair in zip(*tests, strict=True)]

    def tau(values: list[int]) -> float:
        found = agreement(values, mean).tau_w
        assert found is not None
        return found

    moved = [tau(one) - tau(other) for one, other in zip(ours, theirs, strict=True)]
    assert table(records)["a:as=old"][2] == difference(fmean(moved), stdev(moved))
    assert table(records)["a"][2] == "–"


def test_rank_is_that_of_the_variant_in_the_place_of_its_default() -> None:
    orders = {"a": [3, 4, 2, 1], "best": X, "worst": [1, 2, 3, 4], "twin": X, "random": X}
    records = truth("t/x", X)
    for label, values in orders.items():
        records += scores(label, "t/x", values)
    records += scores("a:as=good", "t/x", X, spec="a:x=2")
    records += scores("a:as=bad", "t/x", [1, 2, 3, 4], spec="a:x=3")
    records += scores("random:as=bad", "t/x", [1, 2, 3, 4], spec="random:x=3")
    ranks = {label: row[3] for label, row in table(records).items()}
    assert ranks == {"a": "3/4", "a:as=good": "1/4", "a:as=bad": "3/4", "random": "–", "random:as=bad": "–"}


def test_only_what_ranks_the_same_candidates_is_compared() -> None:
    records = [
        *truth("t/x", X),
        *scores("a", "t/x", X),
        *scores("b", "t/x", [4, 3, 1, 2]),
        *scores("c", "t/x", [None, 3, 1, 2]),
        *scores("a:as=gap", "t/x", [None, 3, 2, 1], spec="a:x=2"),
        *scores("a:as=flat", "t/x", [1, 1, 1, 1], spec="a:x=3"),
    ]
    found = table(records)
    assert found["a"] == ("default", "1.000", "–", "1/2", "4/4")
    assert found["a:as=gap"] == ("gap", "1.000 †", "–", "1/2", "3/4")
    assert found["a:as=flat"] == ("flat", "–", "–", "–", "4/4")


def test_a_variant_whose_default_was_not_measured() -> None:
    records = [*truth("t/x", X), *scores("b", "t/x", X), *scores("a:as=old", "t/x", [3, 4, 2, 1])]
    assert table(records)["a:as=old"][2:] == ("–", "2/2", "4/4")
    assert "a" not in table(records)


def test_variants_change_nothing_in_the_other_tables() -> None:
    records = whole_store()
    variants = [
        replace(record, key=replace(record.key, spec=f"{label}:x=9"), details={**record.details, "label": new})
        for record in records
        for label, new in (("good", "good:as=old"), ("partial", "partial:as=a"), ("turned", "new:as=b"))
        if record.details.get("label") == label and record.key.spec == f"{label}:x=1"
    ]
    before, after = (make_board(several, whole_frame()) for several in (records, [*records, *variants]))
    for name in ("agreement", "boards", "cost", "truth", "datasets"):
        assert section(before, name) == section(after, name)
    assert section(before, "variants") != section(after, "variants")


@pytest.mark.parametrize("records", [[], whole_store()], ids=["no records", "no variants"])
def test_no_variants(records: list[Record]) -> None:
    found = variants_section(make_board(records, whole_frame()))
    assert (found.before, found.tables) == (("No published variant was measured.",), ())


def test_variants_without_any_truth_yet() -> None:
    records = [*scores("a", "t/x", X), *scores("a:as=old", "t/x", X, spec="a:x=2")]
    assert table(records)["a:as=old"] == ("old", "–", "–", "–", "all")
