"""The page: what it says, byte for byte the same from the same records, and whole or not there."""

from __future__ import annotations

import csv
import io
import os
import random
import re
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from tbench.errors import TbenchError
from tbench.leaderboard.board import make_board
from tbench.leaderboard.page import publish, render
from tbench.leaderboard.tables import difference, marked, span, tau, times, with_best
from tbench.results import Record, from_json, to_json

from .made import (
    CANDIDATES,
    DATASETS,
    MACHINE,
    RATES,
    frame,
    run,
    score,
    scores,
    truth,
    varied_store,
    whole_frame,
    whole_store,
)

GOLDEN = Path(__file__).with_name("golden.md")


def section(page: str, title: str) -> str:
    return page.partition(f"## {title}")[2].partition("\n## ")[0]


def row(page: str, label: str) -> list[str]:
    line = next(line for line in page.splitlines() if line.startswith(f"| {label} "))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_page_of_a_small_store() -> None:
    """golden.md was read and checked by hand against the made-up numbers; change it only with that care."""
    assert render(make_board(whole_store(), whole_frame())) == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("store", [whole_store, varied_store])
def test_same_records_same_bytes_in_any_order_and_through_the_store(
    tmp_path: Path, store: Callable[[], list[Record]]
) -> None:
    records = store()
    first = publish(records, whole_frame(), tmp_path / "one")
    random.Random(3).shuffle(records)
    second = publish([from_json(to_json(record)) for record in records], whole_frame(), tmp_path / "two")
    names = ["README.md", "agreement.csv", "cost.csv", "index.html", "scores.csv", "truth.csv", "worth.csv"]
    assert sorted(path.name for path in first.parent.iterdir()) == names
    for name in names:
        content = (first.parent / name).read_bytes()
        assert content == (second.parent / name).read_bytes()
        assert b"\r" not in content
        assert content.endswith(b"\n")
    assert first == tmp_path / "one" / "small" / "README.md"


def test_a_page_is_replaced_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = publish(whole_store(), whole_frame(), tmp_path)
    before = page.read_bytes()

    def full(file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TbenchError, match="cannot be written: No space left on device"):
        publish([], whole_frame(), tmp_path)
    assert page.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TbenchError, match=r"leaderboard .*file/small cannot be written: Not a directory"):
        publish([], frame(), tmp_path / "file")


def test_a_page_without_records_or_without_truth_says_so() -> None:
    empty = render(make_board([], frame()))
    assert "Nothing can be ranked yet" in empty
    assert "Nothing has been fine-tuned by this protocol yet." in empty
    assert "**Records**: 0, measured – (UTC)" in empty
    scored = render(make_board(scores("a", "t/x", [1, 2, 3, 4]), frame()))
    assert "Nothing can be ranked yet" in scored
    assert "Nothing to rank (fewer than two candidates with different truths): x, y." in scored
    assert row(section(scored, "What it costs"), "a")[1] == "4"


def test_a_finished_suite_without_gaps_has_nothing_to_tell() -> None:
    values = [1, 2, 3, 4]
    records = [
        r for dataset in DATASETS for r in (*scores("a", dataset, values), *truth(dataset, [0.1, 0.2, 0.3, 0.4]))
    ]
    page = render(make_board(records, frame()))
    assert section(page, "What is not in these tables").strip().startswith("Nothing.")
    assert "**Noise ceiling**: not known: it takes the truths of two seeds" in page
    assert row(page, "a") == ["a", "**1.000**", "**1.000**", "**1.000**", "4/4"]
    assert "(c|d|s):" not in page


def test_what_was_left_out_is_counted() -> None:
    page = render(make_board(whole_store(), whole_frame()))
    told = section(page, "What is not in these tables")
    assert row(told, "fine-tuning by another protocol (full)")[1] == "1"
    assert row(told, "of a dataset that the suite does not list (t/z)")[1] == "1"
    assert row(told, "other weights under the same name (m/a)")[1] == "1"
    assert row(told, "partial") == ["partial", "inapplicable", "4", "a", "all 2", "the candidate has no head"]
    assert "out \\| of memory" in told
    assert "τ_w of flat is not defined for 4 of 4 dataset × seed" in told


def test_candidates_without_a_truth_are_named() -> None:
    page = render(make_board([*truth("t/x", [0.1, 0.2, None, None]), *scores("a", "t/x", [1, 2, 3, 4])], frame()))
    assert "No truth on x, so not ranked there: c, d." in page
    assert row(page, "a")[-1] == "2/2"


def test_pools_that_differ_between_datasets() -> None:
    records = [*truth("t/x", [0.1, 0.2, None, None]), *truth("t/y", [0.1, 0.2, 0.3, 0.4])]
    records += [record for dataset in DATASETS for record in scores("a", dataset, [1, 2, 3, 4])]
    records += [*scores("b", "t/x", [1, 2, 3, 4]), *scores("b", "t/y", [1, 2, 3, None])]
    page = render(make_board(records, frame()))
    assert (row(page, "a")[-1], row(page, "b")[-1]) == ("all", "1 missing")


def test_a_metric_without_any_score_is_named_with_its_reason_and_has_no_row() -> None:
    reason = "needs regression targets"
    mute = [score("mute", "t/x", name, None, status="inapplicable", reason=reason) for name in CANDIDATES]
    page = render(
        make_board([*truth("t/x", [0.9, 0.7, 0.5, 0.3]), *scores("good", "t/x", [4, 3, 2, 1]), *mute], frame())
    )
    agreement = section(page, "How well each metric ranks")
    assert "No score at all (the reasons stand below): mute." in agreement
    assert "| mute " not in page.partition("### Cells without a number")[0]
    assert row(page.partition("### Cells without a number")[2], "mute")[1:] == [
        *("inapplicable", "4", "all 4", "x", reason),
    ]


def test_floors_are_apart_and_never_bold() -> None:
    records = [record for dataset in DATASETS for record in truth(dataset, [0.1, 0.2, 0.3, 0.4])]
    for label, values in (("knn", [1, 2, 3, 4]), ("knn:k=1", [1, 2, 3, 4]), ("a", [4, 3, 2, 1])):
        records += [record for dataset in DATASETS for record in scores(label, dataset, values)]
    page = render(make_board(records, frame()))
    metrics, _, floors = section(page, "How well each metric ranks").partition("### Floors")
    assert row(metrics, "a")[1:4] == ["**-1.000**"] * 3
    assert "knn" not in metrics
    assert row(floors, "knn")[1:4] == row(floors, "knn:k=1")[1:4] == ["1.000"] * 3
    assert row(section(page, "Smaller pools"), "knn")[1] == "1.000"
    assert row(section(page, "Each dataset on its own"), "knn")[1:5] == ["1.000"] * 4


def test_what_takes_fine_tuned_weights_is_apart_and_no_rival() -> None:
    records = [record for dataset in DATASETS for record in truth(dataset, [0.1, 0.2, 0.3, 0.4])]
    for label, values, touches in (("after", [1, 2, 3, 4], ["fine-tuned weights"]), ("a", [4, 3, 2, 1], ["candidate"])):
        for dataset, (place, value) in product(DATASETS, enumerate(values)):
            records.append(score(label, dataset, f"m/{'abcd'[place]}", value, touches=touches))
    board = make_board(records, frame())
    assert [line.metric.label for line in board.whole.blocks] == ["a", "after"]
    first, _, afterwards = section(render(board), "How well each metric ranks").partition("### Afterwards")
    assert row(first, "a")[1:4] == ["**-1.000**"] * 3
    assert "after" not in first
    assert row(afterwards, "after")[1:4] == ["1.000"] * 3


def test_truth_is_flagged_and_sweeps_with_a_failed_run_are_counted() -> None:
    records = [
        *truth("t/x", [0.9, 0.8, None, None], 0),
        *truth("t/x", [0.7, None, None, None], 1),
        run("t/x", "m/c", 0.1, training="chance"),
        run("t/x", "m/c", None, rate=RATES[0], status="failed", reason="out of memory"),
        run("t/x", "m/d", 0.2, training="diverged"),
        run("t/x", "m/d", None, rate=RATES[0], status="failed", reason="out of memory"),
    ]
    told = section(render(make_board(records, frame())), "Ground truth")
    assert row(told, "a")[1] == "**80.0 ± 14.1**"
    assert row(told, "b")[1] == "**80.0 s**"
    assert row(told, "c")[1] == "10.0 cs"
    assert row(told, "d")[1] == "20.0 ds"
    assert "8 runs, of which 1 diverged and 1 stayed at chance" in told
    assert "In 2 of 5 sweeps a run failed; the best of the others is taken." in told


def test_runs_that_were_stopped_early_are_counted_apart() -> None:
    records = [run("t/x", f"m/{name}", value) for name, value in (("a", 0.9), ("b", 0.8))]
    records += [
        run("t/x", f"m/{name}", None, rate=RATES[0], status="inapplicable", training="stopped", reason="stopped at 8")
        for name in "ab"
    ]
    page = render(make_board(records, frame()))
    told = section(page, "Ground truth")
    assert "4 runs, of which 0 diverged and 0 stayed at chance. 2 were stopped early, for better ones to go on." in told
    assert "a run failed" not in told
    assert row(section(page, "What is not"), "fine-tuning")[1:] == ["inapplicable", "2", "a, b", "x", "stopped at 8"]


def test_measures_are_named_where_they_differ() -> None:
    records = [*truth("t/x", [0.1, 0.2, 0.3, 0.4]), *truth("t/y", [0.1, 0.2, 0.3, 0.4], measure="map")]
    assert "Measure: x accuracy, y map." in render(make_board(records, frame()))


def test_gaps_are_marked_and_take_no_part_in_best() -> None:
    records = [
        *(r for dataset in DATASETS for r in truth(dataset, [0.1, 0.2, 0.3, 0.4])),
        *(r for dataset in DATASETS for r in scores("a", dataset, [1, 2, 4, 3])),
        *(r for dataset in DATASETS for r in scores("b", dataset, [None, 2, 3, 4])),
        *scores("c", "t/x", [1, 1, 1, 1]),
    ]
    page = render(make_board(records, frame()))
    assert all(cell.startswith("**") for cell in row(page, "a")[1:4])
    assert row(page, "b")[1:] == ["1.000", "1.000", "1.000 †", "3/4", "2/2"]
    assert row(page, "c")[1:] == ["–", "–", "–", "0–4/4", "0/2"]


def test_versions_machines_and_days_are_told() -> None:
    records = [
        score("a", "t/x", "m/a", 1.0, time="2026-01-05T00:00:00+00:00", of={"torch": "2.14.0", "plugin": "other 3"}),
        score("a", "t/x", "m/b", 1.0, time="2026-01-03T23:00:00+00:00"),
        score("a", "t/x", "m/c", 1.0, time="2026-01-04T00:00:00+00:00", of={"machine": "another"}),
    ]
    page = render(make_board(records, frame()))
    assert "- **Records**: 3, measured 2026-01-03 to 2026-01-05 (UTC)" in page
    assert "- **Machine**: a quiet one, 2 cores (2 records); another (1 record)" in page
    assert "- **Versions**: tbench 0.1, torch 2.14.0 / 2.15.0" in page
    assert "device" not in page
    assert "- **Plug-ins**: other 3, tbench 0.1" in page
    assert "protocol quick: optimizer sgd, learning rates 0.01 / 0.1, steps 80;" in page


def test_a_device_beside_the_processor_is_named_at_the_head() -> None:
    records = [
        score("a", "t/x", "m/a", 1.0, of={"device": "cuda: NVIDIA H200"}),
        score("a", "t/x", "m/b", 1.0, of={"device": "cpu"}),
        score("a", "t/x", "m/c", 1.0),
    ]
    page = render(make_board(records, frame()))
    machines = "a quiet one, 2 cores (2 records); a quiet one, 2 cores, cuda: NVIDIA H200 (1 record)"
    assert f"- **Machine**: {machines}\n- **Versions**: tbench 0.1, torch 2.15.0\n" in page


def test_paths_are_shortened_to_what_tells_them_apart() -> None:
    datasets = ("arrays/real/mnist.npz#300", "arrays/real/cifar10.npz#300", "arrays/real/cifar10.npz#500", "folder/x/y")
    candidates = ("checkpoint/a/net.safetensors@layer3", "timm/net.a1_in1k", "m/net", "f/net")
    names = make_board([], frame(datasets=datasets, candidates=candidates)).names
    assert [names[name] for name in datasets] == ["mnist", "real/cifar10.npz#300", "real/cifar10.npz#500", "y"]
    assert [names[name] for name in candidates] == ["net@layer3", "net.a1_in1k", "m/net", "f/net"]


def test_names_that_two_families_share_are_not_shortened() -> None:
    page = render(make_board(truth("t/x", [0.1, 0.2, 0.3, 0.4]), frame(candidates=(*CANDIDATES, "n/a"))))
    told = section(page, "Ground truth")
    assert row(told, "m/a")
    assert row(told, "b")


def test_csv_is_sorted_and_exact(tmp_path: Path) -> None:
    third = 1 / 3
    records = [*scores("a", "t/x", [third, 2.0, 3.0, 1e-300], 10), *scores("a", "t/x", [1.0, 2.0, 3.0, 4.0], 9)]
    records += [*truth("t/x", [0.1, 0.2, 0.3, 0.4], 9), *truth("t/x", [0.1, 0.2, 0.3, 0.4], 10)]
    folder = publish(records, frame(), tmp_path).parent
    rows = list(csv.DictReader(io.StringIO((folder / "scores.csv").read_text())))
    assert [(one["candidate"], one["seed"]) for one in rows[:3]] == [("m/a", "9"), ("m/a", "10"), ("m/b", "9")]
    assert rows[1]["score"] == repr(third)
    assert float(rows[7]["score"]) == 1e-300
    assert {(one["saturated"], one["terms"]) for one in rows} == {("0", "")}
    runs = list(csv.DictReader(io.StringIO((folder / "truth.csv").read_text())))
    assert len(runs) == 16
    assert {(one["learning_rate"], one["chosen"]) for one in runs} == {("0.01", "0"), ("0.1", "1")}
    agreements = list(csv.DictReader(io.StringIO((folder / "agreement.csv").read_text())))
    assert [(one["pool"], one["dataset"], one["metric"]) for one in agreements] == [("all candidates", "t/x", "a")]
    assert (agreements[0]["ranked"], agreements[0]["candidates"], agreements[0]["seeds"]) == ("4", "4", "2")
    costs = list(csv.DictReader(io.StringIO((folder / "cost.csv").read_text())))
    spent = [f"spent: {kind}" for kind in ("passes through networks", "closed form")]
    assert [one["item"] for one in costs] == ["extraction: forward", *spent, "a"]
    assert (costs[-1]["own_seconds"], costs[-1]["sweep_cpu_seconds"]) == ("4.0", "2560.0")


def test_csv_holds_saturation_terms_devices_and_variants(tmp_path: Path) -> None:
    folder = publish(varied_store(), frame(), tmp_path).parent
    files = {
        name: list(csv.DictReader(io.StringIO((folder / f"{name}.csv").read_text())))
        for name in ("scores", "agreement", "cost")
    }
    saturated = [one for one in files["scores"] if one["saturated"] == "1"]
    assert [(one["metric"], one["dataset"], one["candidate"], one["seed"]) for one in saturated] == [
        ("few", "t/x", name, seed) for name in ("m/a", "m/b", "m/c") for seed in ("0", "1")
    ]
    assert {one["terms"] for one in files["scores"] if one["metric"] == "lost:as=a"} == {
        '{"a":1,"sd":0.25}',
        '{"a":1,"sd":0.5}',
    }
    assert {one["terms"] for one in files["scores"] if one["metric"] != "lost:as=a"} == {""}
    assert {one["machine"] for one in files["scores"] if one["metric"] == "random"} == {f"{MACHINE}, cuda: big"}
    variants = {"good:as=old", "good+ped:as=wide", "lost:as=a", "lost:as=b"}
    assert variants <= {one["metric"] for one in files["agreement"]}
    assert variants <= {one["item"] for one in files["cost"]}


def test_every_number_of_the_page_is_a_number_of_the_files(tmp_path: Path) -> None:
    page = publish(whole_store(), whole_frame(), tmp_path)
    rows = csv.DictReader(io.StringIO((page.parent / "agreement.csv").read_text()))
    table = section(page.read_text(), "How well each metric ranks")
    for one in rows:
        if one["pool"] == "all candidates":
            shown = row(table, one["metric"])[1 + DATASETS.index(one["dataset"])].strip("*")
            assert shown == (tau(float(one["tau_w"])) if one["tau_w"] else "–")


@pytest.mark.parametrize("store", [whole_store, varied_store])
def test_tables_are_whole_markdown(store: Callable[[], list[Record]]) -> None:
    page = render(make_board(store(), whole_frame()))
    for block in re.findall(r"(?:^\|.*\n)+", page, flags=re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(widths) == 1
    assert "nan" not in page.replace("nano", "").lower().split()
    assert "None" not in page


def test_how_numbers_are_written() -> None:
    assert [tau(None), tau(-0.0001), tau(0.5, 0.25), tau(-1.0)] == ["–", "0.000", "0.500 ± 0.250", "-1.000"]
    assert [difference(0.5), difference(-0.0001, 0.25), difference(-1)] == ["+0.500", "+0.000 ± 0.250", "-1.000"]
    assert [marked("a"), marked("a", partial=True), marked("a", partial=True, saturated=True)] == ["a", "a †", "a †‡"]
    assert [times(None, 1), times(5, 0), times(5, 2), times(1000, 0.5)] == ["–", "–", "2.5×", "2,000×"]
    assert [span([], 4), span([4, 4], 4), span([2, 4, 3], 4)] == ["–", "4/4", "2–4/4"]
    assert with_best(["a", "b", "c", "d"], [0.1, 0.50001, 0.50002, None]) == ["a", "**b**", "**c**", "d"]
    assert with_best(["–"], [None]) == ["–"]


def test_a_page_says_once_what_was_left_out_since_it_was_seen() -> None:
    records = [
        *truth("t/x", [0.9, None, 0.5, 0.3]),
        *truth("t/y", [0.4, 0.5, 0.8, None]),
        *scores("a", "t/x", [4, None, 2, 1]),
        *scores("a", "t/y", [1, 2, 4, None]),
    ]
    page = render(make_board(records, frame(seen=frozenset({("m/b", "t/x"), ("m/d", "t/y")}))))
    told = "- **Left out**: b on x, d on y: pre-trained on images of that very dataset (the oracle fits these gaps)"
    assert page.count(told) == page.count("pre-trained") == 1
    assert section(page, "What is not in these tables").split() == ["Nothing."]
    assert row(page, "a")[1:4] == ["**1.000**"] * 3
    page = render(make_board(records, frame()))
    assert "pre-trained" not in page
    assert "No truth on x, so not ranked there: b." in section(page, "What is not in these tables")
