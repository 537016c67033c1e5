"""What seconds go to: passes, training, transport, optimisation, closed forms; each node once in each cell."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbench.leaderboard.board import make_board
from tbench.leaderboard.frame import Frame
from tbench.leaderboard.page import render
from tbench.leaderboard.prices import cost_section
from tbench.leaderboard.seconds import Seconds
from tbench.leaderboard.spending import Kind, Spending, find_spendings
from tbench.leaderboard.tidy import tidy_files
from tbench.results import Record

from .made import CANDIDATES, MACHINE, frame, score, scores, truth

FRAME = frame(passes=("attributions",), training=("probe_weights", "held_out"))
TRUTH = truth("t/x", [0.9, 0.7, 0.5, 0.3])


def nodes(**seconds: float) -> dict[str, tuple[float, str]]:
    return {name.replace("_AND_", "+"): (spent, MACHINE) for name, spent in seconds.items()}


def spent(records: Iterable[Record], frame: Frame = FRAME) -> dict[Kind, Spending]:
    records = list(records)
    labels = {record.key.spec: record.details["label"] for record in records}
    return {spending.kind: spending for spending in find_spendings(records, labels, frame)}


def wall(seconds: float) -> Seconds:
    return Seconds(seconds, 2 * seconds)


def test_nodes_by_what_they_are_and_the_rest_is_closed_form() -> None:
    fits = {"probe_weights": 7.5, "held_out_AND_ped": 1, "pool_of_transfer_losses": 0.5}
    below = nodes(forward=4, attributions=2, transport=0.5, moments=0.25, **fits)
    found = spent(scores("a", "t/x", [1, 2, None, None], seconds=0.125, evidence=below))
    assert {kind: spending.seconds for kind, spending in found.items()} == {
        "passes through networks": wall(2 * 6),
        "training on the target": wall(2 * 9),
        "optimal transport": wall(2 * (0.5 + 0.125)),
        "closed form": wall(2 * 0.25),
    }
    assert {spending.cells for spending in found.values()} == {2}


def test_what_several_metrics_share_counts_once_in_a_cell() -> None:
    below = nodes(forward=4, probe_weights=8)
    records = [record for name in "abc" for record in scores(name, "t/x", [1, 2, 3, 4], seconds=0.5, evidence=below)]
    found = spent(records)
    assert found["passes through networks"].seconds == wall(4 * 4)
    assert found["training on the target"].seconds == wall(4 * 8)
    assert found["training on the target"].metrics == ("a", "b", "c")
    assert found["closed form"] == Spending("closed form", ("a", "b", "c"), 4, wall(3 * 4 * 0.5))


@pytest.mark.parametrize(
    ("told", "below", "kind"),
    [
        ({}, {}, "closed form"),
        ({"solver": "closed", "touches": ["source data", "randomness"]}, {}, "closed form"),
        ({"solver": "iterative"}, {}, "optimisation"),
        ({"solver": "convex"}, {"forward": 1.0}, "optimisation"),
        ({"solver": "convex"}, {"transport": 1.0}, "optimal transport"),
        ({"solver": "iterative"}, {"transport_AND_ped": 1.0}, "optimal transport"),
        ({"solver": "iterative", "touches": ["target training"]}, {"forward": 1.0}, "training on the target"),
        ({"touches": ["target probe"]}, {"probe_weights": 1.0}, "closed form"),
        ({"solver": "iterative", "touches": ["target training"]}, {"held_out": 1.0}, "optimisation"),
    ],
)
def test_own_seconds_go_where_the_metrics_own_work_belongs(
    told: dict[str, object], below: dict[str, float], kind: Kind
) -> None:
    record = score("a", "t/x", "m/a", 1.0, seconds=0.5, evidence=nodes(**below), **told)
    found = spent([record])
    there = [name for name, spending in found.items() if spending.seconds.wall % 1 == 0.5]
    assert there == [kind]
    assert "a" in found[kind].metrics


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(CANDIDATES), st.integers(1, 9)), max_size=12))
def test_nothing_is_lost_and_nothing_twice(cells: list[tuple[str, str, int]]) -> None:
    unique = {(metric, name): own for metric, name, own in cells}
    below = nodes(forward=4, probe_weights=8, moments=1)
    records = [score(m, "t/x", name, 1.0, seconds=own, evidence=below) for (m, name), own in unique.items()]
    candidates = {name for _, name in unique}
    total = Seconds.sum(spending.seconds for spending in spent(records).values())
    assert total == wall(sum(unique.values()) + 13 * len(candidates))


def test_variants_do_not_spend_and_cells_without_fine_tuning_do_not_count() -> None:
    below = nodes(forward=4, probe_weights=8)
    records = [*truth("t/x", [0.9, 0.7, None, None]), *scores("a", "t/x", [1, 2, 3, 4], evidence=below)]
    records += scores("a:as=old", "t/x", [1, 2, 3, 4], spec="a:x=2", evidence=nodes(held_out=100), seconds=50)
    bill = make_board(records, FRAME).bill
    assert bill is not None
    assert [(one.kind, one.cells, one.seconds) for one in bill.spendings] == [
        ("passes through networks", 2, wall(8)),
        ("training on the target", 2, wall(16)),
        ("closed form", 2, wall(1)),
    ]
    assert bill.evidence == {"held_out": (2, wall(200)), "probe_weights": (2, wall(16))}


def test_dear_evidence_has_rows_of_its_own() -> None:
    below = nodes(forward=4, reference_forward=6, probe_weights=80, discriminant=0.5, moments=0.25)
    records = [*TRUTH, *(one for name in "ab" for one in scores(name, "t/x", [1, 2, 3, 4], evidence=below))]
    section = cost_section(make_board(records, FRAME))
    for (_, table), times in zip(section.tables, (1, 2), strict=False):
        dear = [row[:3] for row in table.rows if row[0].startswith("evidence")]
        assert dear == [
            ("evidence: probe_weights", "4", f"{times * 320}"),
            ("evidence: discriminant", "4", f"{times * 2.0:.2f}"),
        ]
    assert any("at least 5 % of the seconds of all extraction" in line for line in section.before)
    cheap = cost_section(make_board([*TRUTH, *scores("a", "t/x", [1, 2, 3, 4])], FRAME))
    assert not any("Rows of evidence" in line for line in cheap.before)


def test_the_table_of_spending() -> None:
    records = [*TRUTH, *scores("rsa", "t/x", [1, 2, 3, 4], seconds=0.5, evidence=nodes(forward=4, probe_weights=8))]
    records += scores("logme", "t/x", [1, 2, 3, 4], seconds=0.25, solver="iterative", evidence=nodes(forward=4))
    records += scores("parameters", "t/x", [1, 2, 3, 4], seconds=0.125, evidence={})
    title, table = cost_section(make_board(records, FRAME)).tables[-1]
    assert title == "What scores spend their seconds on"
    assert table.rows == (
        ("passes through networks", "all but parameters", "4", "16.0", "4.00", "32.0", "8.00"),
        ("training on the target", "rsa", "4", "32.0", "8.00", "64.0", "16.0"),
        ("optimisation", "logme", "4", "1.00", "0.250", "2.00", "0.500"),
        ("closed form", "all but logme", "4", "2.50", "0.625", "5.00", "1.25"),
    )


def test_who_trains_on_the_target_is_marked() -> None:
    records = [*TRUTH, *scores("rsa", "t/x", [1, 2, 3, 4], touches=["target probe"])]
    records += scores("good", "t/x", [1, 2, 3, 4], touches=["source data"])
    records += scores("old", "t/x", [1, 2, 3, 4])
    board = make_board(records, FRAME)
    section = cost_section(board)
    for _, table in section.tables[:2]:
        assert {row[0] for row in table.rows} >= {"rsa §", "good", "old"}
    assert section.before[-1].startswith("§ trains on the target")
    found = csv.DictReader(io.StringIO(tidy_files(board)["cost.csv"]))
    assert {row["item"]: row["trains"] for row in found if row["spec"]} == {"rsa": "1", "good": "0", "old": "0"}
    assert "§" not in render(make_board([*TRUTH, *scores("old", "t/x", [1, 2, 3, 4])], FRAME))


def test_the_file_holds_all_evidence_and_all_kinds() -> None:
    below = nodes(forward=4, probe_weights=8, moments=0.25)
    board = make_board([*TRUTH, *scores("a", "t/x", [1, 2, 3, 4], seconds=0.5, evidence=below)], FRAME)
    found = {row["item"]: row for row in csv.DictReader(io.StringIO(tidy_files(board)["cost.csv"]))}
    told = {name: (row["cells"], row["own_seconds"], row["evidence_seconds"]) for name, row in found.items()}
    assert told == {
        "extraction: forward": ("4", "", ""),
        "evidence: probe_weights": ("4", "", "32.0"),
        "evidence: moments": ("4", "", "1.0"),
        "spent: passes through networks": ("4", "16.0", ""),
        "spent: training on the target": ("4", "32.0", ""),
        "spent: closed form": ("4", "3.0", ""),
        "a": ("4", "2.0", "33.0"),
    }
