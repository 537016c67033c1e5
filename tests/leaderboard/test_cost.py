"""What scores cost: sums over the same cells, one machine, with and without extraction."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import replace

import pytest

from tbench.leaderboard.board import make_board
from tbench.leaderboard.cost import DEAREST, Bill, Price, make_bill
from tbench.leaderboard.metrics import find_metrics
from tbench.leaderboard.page import render
from tbench.leaderboard.prices import cost_section
from tbench.leaderboard.seconds import Seconds
from tbench.leaderboard.tidy import tidy_files
from tbench.leaderboard.truth import find_truths
from tbench.results import Record

from .made import MACHINE, calibration, frame, run, score, scores, truth, varied_store

NODES = {
    "forward": (4.0, MACHINE),
    "features": (0.125, MACHINE),
    "reference_forward": (8.0, MACHINE),
    "m": (0.5, MACHINE),
}


def bill_of(records: Iterable[Record]) -> Bill:
    records = list(records)
    of_metrics = [record for record in records if record.key.kind == "score"]
    truths = find_truths(record for record in records if record.key.kind == "truth")
    estimates = [record for record in records if record.key.kind == "calibration"]
    bill = make_bill(find_metrics(of_metrics, ()), of_metrics, truths, frame(), estimates)
    assert bill is not None
    return bill


def price_of(bill: Bill, label: str) -> Price:
    return next(price for price in bill.prices if price.metric.label == label)


def seconds(wall: float) -> Seconds:
    return Seconds(wall, 2 * wall)


def test_parts_of_a_price() -> None:
    bill = bill_of(
        [*scores("a", "t/x", [1, 2, 3, 4], seconds=0.25, evidence=NODES), *truth("t/x", [0.1, 0.2, 0.3, 0.4])]
    )
    price = price_of(bill, "a")
    assert price.cells == bill.cells == 4
    assert price.own == seconds(4 * 0.25)
    assert price.evidence == seconds(4 * (0.125 + 0.5))
    assert price.extraction == seconds(4 * (4.0 + 8.0))
    assert price.best == bill.best == seconds(4 * 100)
    assert price.sweep == bill.sweep == seconds(4 * 160)
    assert bill.extraction == {"forward": (4, seconds(16)), "reference_forward": (4, seconds(32))}
    assert (bill.machine, bill.left_out) == (MACHINE, 0)


def test_the_dearest_nodes_are_told_by_name() -> None:
    """All metrics together say which they are, each node once in a cell; a metric pays its own part of each."""
    dear = {f"n{place}": (float(2**place), MACHINE) for place in range(DEAREST + 2)}
    some = {node: dear[node] for node in ("n0", "n7", "n3")}
    bill = bill_of([*scores("a", "t/x", [1, 2, 3, 4], evidence=dear), score("b", "t/x", "m/a", 1.0, evidence=some)])
    named = [f"n{place}" for place in range(DEAREST + 1, 1, -1)]
    assert [*bill.evidence][:DEAREST] == named
    assert price_of(bill, "a").nodes == {node: seconds(4 * dear[node][0]) for node in named}
    few = price_of(bill, "b")
    assert few.nodes == {node: seconds(dear[node][0] if node in some else 0.0) for node in named}
    assert few.evidence == seconds(1 + 128 + 8)
    assert few.strict == seconds(0.5 + 1 + 128 + 8)


def test_a_metric_with_gaps_is_held_against_the_fine_tuning_of_its_own_cells() -> None:
    records = [
        *scores("a", "t/x", [1, 2, 3, 4]),
        *scores("b", "t/x", [1, None, None, 4], evidence={}),
        score("b", "t/x", "m/b", None, status="inapplicable"),
        *truth("t/x", [0.1, 0.2, 0.3, 0.4]),
    ]
    bill = bill_of(records)
    assert (price_of(bill, "a").cells, price_of(bill, "b").cells) == (4, 2)
    assert price_of(bill, "b").best == seconds(200)
    assert price_of(bill, "b").sweep == seconds(320)
    assert price_of(bill, "b").extraction == seconds(0)
    assert bill.left_out == 0


def test_cells_that_were_not_fine_tuned_are_not_counted_unless_none_was() -> None:
    some = [*scores("a", "t/x", [1, 2, 3, 4]), *truth("t/x", [0.1, None, None, None])]
    assert price_of(bill_of(some), "a").cells == 1
    bill = bill_of(scores("a", "t/x", [1, 2, 3, 4]))
    assert (bill.cells, bill.best, bill.sweep) == (4, None, None)
    assert (price_of(bill, "a").cells, price_of(bill, "a").best) == (4, None)


def test_seconds_of_two_machines_are_never_added() -> None:
    there = {"machine": "another"}
    records = [
        *scores("a", "t/x", [1, 2, 3, 4]),
        *truth("t/x", [0.1, 0.2, 0.3, None]),
        run("t/x", "m/d", 0.4, of=there),
        score("b", "t/x", "m/a", 1.0, of=there, evidence={}),
        score("c", "t/x", "m/a", 1.0, evidence={"forward": (4.0, "another")}),
        score("c", "t/x", "m/b", 1.0),
        score("d", "t/x", "m/a", 1.0, seconds=None, evidence={}),
    ]
    bill = bill_of(records)
    assert bill.machine == MACHINE
    assert bill.left_out == 4
    assert bill.cells == 3
    assert [(price.metric.label, price.cells) for price in bill.prices] == [("a", 3), ("c", 1)]
    assert bill.best == seconds(300)


def test_runs_that_were_stopped_early_are_part_of_the_sweep() -> None:
    stopped = run("t/x", "m/a", None, rate=0.01, status="inapplicable", training="stopped", seconds=10.0)
    bill = bill_of([*scores("a", "t/x", [1, None, None, None]), stopped, run("t/x", "m/a", 0.5, seconds=100.0)])
    assert (bill.best, bill.sweep) == (seconds(100), seconds(110))


def test_seconds_of_two_devices_are_never_added() -> None:
    there = {"device": "cuda: big"}
    elsewhere = score("c", "t/x", "m/a", 1.0)
    elsewhere = replace(elsewhere, evidence={"forward": {**elsewhere.evidence["forward"], "device": "cuda: big"}})
    records = [
        *scores("a", "t/x", [1, 2, 3, 4], of={"device": "cpu"}),
        *truth("t/x", [0.1, 0.2, 0.3, 0.4]),
        score("b", "t/x", "m/a", 1.0, of=there),
        elsewhere,
    ]
    bill = bill_of(records)
    assert (bill.machine, bill.left_out) == (MACHINE, 2)
    assert [price.metric.label for price in bill.prices] == ["a"]


def test_a_board_of_one_device_is_charged_there() -> None:
    kept = score("a", "t/x", "m/b", 1.0, of={"device": "cuda: big"})
    kept = replace(kept, evidence={"forward": {**kept.evidence["forward"], "device": "cpu"}})
    bill = bill_of([*scores("a", "t/x", [1, None, 3, 4], of={"device": "cuda: big"}), kept])
    assert (bill.machine, bill.cells, bill.left_out) == (f"{MACHINE}, cuda: big", 3, 1)


def test_variants_are_priced_but_not_in_the_table() -> None:
    section = cost_section(make_board(varied_store(), frame()))
    for _, table in section.tables[:2]:
        assert {"good", "good+ped", "few"} <= {row[0] for row in table.rows}
        assert not any("as=" in row[0] for row in table.rows)
    assert {"good:as=old", "lost:as=a"} <= {price.metric.label for price in bill_of(varied_store()).prices}


def test_a_sweep_that_is_partly_from_elsewhere_is_not_counted() -> None:
    records = [
        *scores("a", "t/x", [1, 2, 3, 4]),
        *truth("t/x", [0.1, 0.2, None, None]),
        run("t/x", "m/c", 0.4, rate=0.01, validation=0.1),
        run("t/x", "m/c", 0.4, of={"machine": "another"}),
    ]
    bill = bill_of(records)
    assert (bill.cells, bill.left_out) == (2, 1)
    assert price_of(bill, "a").cells == 2


def test_nothing_measured() -> None:
    assert make_bill((), [], {}, frame()) is None
    assert make_bill((), [score("a", "t/x", "m/a", None, status="failed")], {}, frame()) is None
    section = cost_section(make_board([], frame()))
    assert (section.tables, section.before) == ((), ("No score with its seconds yet.",))


def test_an_estimate_stands_where_nothing_was_measured_and_for_every_seed() -> None:
    records = [record for seed in (0, 1) for record in scores("a", "t/x", [1, 2, 3, 4], seed)]
    records += [calibration("t/x", "m/a", 500.0), calibration("t/x", "m/b", 700.0, tried=80)]
    bill = bill_of(records)
    assert (bill.cells, bill.estimated, bill.tried) == (4, 4, ((40, "quick"), (80, "quick")))
    assert (bill.best, bill.sweep) == (seconds(1200), seconds(2400))
    price = price_of(bill, "a")
    assert (price.cells, price.estimated, price.best, price.sweep) == (4, 4, seconds(1200), seconds(2400))


def test_what_was_measured_wins_over_an_estimate() -> None:
    records = [*scores("a", "t/x", [1, 2, 3, 4]), *scores("b", "t/x", [1, None, None, None])]
    records += [*truth("t/x", [0.1, 0.2, None, None]), *(calibration("t/x", f"m/{name}", 500.0) for name in "abc")]
    bill = bill_of(records)
    assert (bill.cells, bill.estimated) == (3, 1)
    assert (bill.best, bill.sweep) == (seconds(200 + 250), seconds(320 + 500))
    assert (price_of(bill, "a").estimated, price_of(bill, "b").estimated) == (1, 0)


def test_an_estimate_of_another_machine_is_none() -> None:
    elsewhere = calibration("t/x", "m/a", 500.0, of={"machine": "another"})
    bill = bill_of([*scores("a", "t/x", [1, 2, 3, 4]), elsewhere])
    assert (bill.cells, bill.estimated, bill.sweep, bill.left_out) == (4, 0, None, 1)


def test_estimates_are_marked_on_the_page_and_in_the_file() -> None:
    nodes = {"forward": (4.0, MACHINE), "moments": (0.5, MACHINE)}
    records = [*scores("a", "t/x", [1, 2, 3, 4], seconds=0.5, evidence=nodes)]
    records += [*scores("b", "t/x", [1, None, None, None], seconds=0.5, evidence=nodes)]
    records += [*truth("t/x", [0.1, None, None, None]), *(calibration("t/x", f"m/{name}", 200.0) for name in "abcd")]
    board = make_board(records, frame())
    section = cost_section(board)
    ((_, wall), *_) = section.tables
    assert wall.rows[:2] == (
        ("fine-tuning, whole sweep", "4", "≈ 760", "", "", "", "", "1×", "1×"),
        ("fine-tuning, best run alone", "4", "≈ 400", "", "", "1×", "1×", "", ""),
    )
    rows = {row[0]: row[5:] for row in wall.rows}
    assert rows["a"] == ("≈ 100×", "≈ 20×", "≈ 190×", "≈ 38×")
    assert rows["b"] == ("100×", "20×", "160×", "32×")
    legend = (
        "≈ rests on estimates: 3 cells of 4 had no fine-tuning here; what it would take is extrapolated from 40 steps "
        "of one run by protocol quick."
    )
    assert section.before[-1] == legend
    files = {name: list(csv.DictReader(io.StringIO(text))) for name, text in tidy_files(board).items()}
    assert {row["item"]: row["estimated_cells"] for row in files["cost.csv"] if row["spec"]} == {"a": "3", "b": "0"}
    told = [row for row in files["truth.csv"] if row["status"] == "estimated"]
    assert [(row["candidate"], row["seconds"], row["cpu_seconds"], row["chosen"], row["test"]) for row in told] == [
        (f"m/{name}", "200.0", "400.0", "0", "") for name in "abcd"
    ]


def test_a_page_without_estimates_says_nothing_of_them() -> None:
    records = [*scores("a", "t/x", [1, 2, 3, 4]), *truth("t/x", [0.1, 0.2, 0.3, 0.4])]
    assert "≈" not in render(make_board(records, frame()))


def test_a_suite_that_was_only_calibrated_has_a_page() -> None:
    records = [*scores("a", "t/x", [1, 2, 3, 4]), *(calibration("t/x", f"m/{name}", 200.0) for name in "abcd")]
    page = render(make_board(records, frame()))
    (line, _) = [line for line in page.splitlines() if line.startswith("| fine-tuning, whole sweep")]
    assert [cell.strip() for cell in line.strip("|").split("|")][:3] == ["fine-tuning, whole sweep", "4", "≈ 800"]
    assert "Nothing has been fine-tuned by this protocol yet." in page
    agreement = page.partition("## How well each metric")[2].partition("\n## ")[0]
    (line,) = [line for line in agreement.splitlines() if line.startswith("| a ")]
    assert [cell.strip() for cell in line.strip("|").split("|")][:2] == ["a", "–"]
    assert "nan" not in page.replace("nano", "").lower().split()


def test_estimates_of_other_protocols_are_left_out() -> None:
    other = calibration("t/x", "m/a", 500.0, spec="calibration:steps=5")
    board = make_board([*scores("a", "t/x", [1, 2, 3, 4]), other], frame())
    assert board.sifted.left_out == {"estimate of what another protocol takes": 1}
    assert board.bill is not None
    assert board.bill.sweep is None


def test_a_calibration_that_failed_is_told_with_its_reason() -> None:
    failed = replace(calibration("t/x", "m/a", 1.0), status="failed", value=None, reason="no room", details={})
    board = make_board([*scores("a", "t/x", [1, 2, 3, 4]), failed], frame())
    (line,) = [line for line in render(board).splitlines() if line.startswith("| calibration")]
    told = [cell.strip() for cell in line.strip("|").split("|")]
    assert told == ["calibration", "failed", "1", "a", "x", "no room"]
    (row,) = csv.DictReader(io.StringIO(tidy_files(board)["truth.csv"]))
    assert (row["status"], row["seconds"], row["reason"]) == ("failed", "", "no room")


def test_the_table_gives_both_speed_ups() -> None:
    nodes = {"forward": (4.0, MACHINE), "moments": (0.5, MACHINE)}
    records = [*scores("a", "t/x", [1, 2, 3, 4], seconds=0.5, evidence=nodes), *truth("t/x", [0.1, 0.2, 0.3, 0.4])]
    section = cost_section(make_board(records, frame()))
    (_, wall), (_, cpu), _ = section.tables
    assert [row for row in wall.rows if row[0] == "a"] == [
        ("a", "4", "2.00", "4.00", "20.0", "100×", "20×", "160×", "32×"),
    ]
    assert [row for row in cpu.rows if row[0] == "a"] == [
        ("a", "4", "4.00", "8.00", "40.0", "100×", "20×", "160×", "32×"),
    ]
    assert wall.rows[:3] == (
        ("fine-tuning, whole sweep", "4", "640", "", "", "", "", "1×", "1×"),
        ("fine-tuning, best run alone", "4", "400", "", "", "1×", "1×", "", ""),
        ("extraction: forward", "4", "16.0", "", "", "", "", "", ""),
    )
    assert "Sums over 4 cells" in section.before[0]
    assert MACHINE in section.before[0]


def test_records_left_out_of_the_cost_are_told() -> None:
    records = [*scores("a", "t/x", [1, 2, 3, 4]), score("b", "t/x", "m/a", 1.0, of={"machine": "another"}, evidence={})]
    section = cost_section(make_board(records, frame()))
    assert section.before[-1] == "Left out here, measured elsewhere or without seconds: 1 record."
    assert not any("another" in line for line in section.before)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0.0000"),
        (1e-9, "<0.0001"),
        (0.00123, "0.0012"),
        (0.5, "0.500"),
        (1.5, "1.50"),
        (12345.6, "12,346"),
    ],
)
def test_how_seconds_are_written(value: float | None, text: str) -> None:
    from tbench.leaderboard.tables import seconds

    assert seconds(value) == text
