"""Pages of a published truth: scores are held against it, and nothing is said that fine-tuning alone could tell."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import pytest
from scipy.stats import kendalltau, weightedtau

from tbench.leaderboard.board import make_board
from tbench.leaderboard.frame import Frame, PublishedTruth
from tbench.leaderboard.page import publish, render
from tbench.results import Record

from .made import CANDIDATES, DATASETS, frame, score, scores, truth

VALUES = {"t/x": [0.82, 0.91, 0.55, 0.7], "t/y": [0.3, 0.2, 0.45, 0.4]}
PUBLISHED = PublishedTruth(
    reference="Somebody (2023)",
    source="`tbench replay small`, pool 'all'; some/where at c0ffee",
    values={dataset: dict(zip(CANDIDATES, values, strict=True)) for dataset, values in VALUES.items()},
    measures={"t/x": "accuracy", "t/y": "mAP"},
    remarks=("One of the numbers is wrong.",),
    left_out={"m/e": "nobody has it"},
)
FRAME = frame(folder="small/run", protocol="", settings={}, runs=(), published=PUBLISHED)
GOOD = {"t/x": [4.0, 3.0, 1.0, 2.0], "t/y": [2.0, 1.0, 3.0, 4.0]}


def test_what_is_wrong_with_the_truth_is_in_plain_sight(tmp_path: Path) -> None:
    for told, wanted in ((FRAME, True), (replace(FRAME, published=replace(PUBLISHED, remarks=())), False)):
        page = publish(records(0), told, tmp_path).with_name("index.html").read_text(encoding="utf-8")
        head = page.partition('id="reading"')[0]
        assert ("One of the numbers is wrong." in head) == wanted
        assert ("What to know of the published truth" in head) == wanted


def records(*seeds: int) -> list[Record]:
    found: list[Record] = []
    for seed in seeds:
        for dataset, values in GOOD.items():
            found += scores("good", dataset, values[::-1] if seed == 1 else values, seed)
            found += scores("random", dataset, [2, 1, 4, 3], seed, evidence={})
    return found


def page(records: list[Record], of: Frame = FRAME) -> str:
    return render(make_board(records, of))


def test_scores_are_held_against_the_published_values_by_scipy() -> None:
    (line,) = [line for line in make_board(records(0), FRAME).whole.lines if line.metric.label == "good"]
    for dataset in DATASETS:
        assert line.rankings[dataset].tau_w == pytest.approx(weightedtau(VALUES[dataset], GOOD[dataset]).statistic)
        assert line.rankings[dataset].mean("tau") == pytest.approx(kendalltau(VALUES[dataset], GOOD[dataset]).statistic)


def test_each_seed_of_the_scores_is_held_against_the_one_truth() -> None:
    board = make_board(records(0, 1, 2), FRAME)
    (line,) = [line for line in board.whole.lines if line.metric.label == "good"]
    by_seed = [
        fmean(
            weightedtau(VALUES[dataset], GOOD[dataset][::-1] if seed == 1 else GOOD[dataset]).statistic
            for dataset in DATASETS
        )
        for seed in (0, 1, 2)
    ]
    assert [line.by_seed[seed] for seed in (0, 1, 2)] == pytest.approx(by_seed)
    assert line.whole
    assert (board.seeds, board.repetitions) == ([0, 1, 2], 1)


@pytest.mark.parametrize("seeds", [(0,), (0, 1)])
def test_neither_ceiling_nor_speed_up(seeds: tuple[int, ...]) -> None:
    board = make_board(records(*seeds), FRAME)
    assert board.whole.ceiling.value is None
    assert board.bill is not None
    assert {(price.best, price.sweep) for price in board.bill.prices} == {(None, None)}
    assert (board.bill.best, board.bill.sweep) == (None, None)
    told = page(records(*seeds))
    assert "**Noise ceiling**: not known" in told
    assert " between seeds |" not in told
    assert "×**" not in told


def test_the_page_says_whose_truth_it_is_and_what_is_wrong_with_it() -> None:
    told = page(records(0))
    for words in (
        "- **Ground truth**: published, not measured here: Somebody (2023)",
        "The values are those of Somebody (2023): `tbench replay small`, pool 'all'; some/where at c0ffee.",
        "Measure: x accuracy, y mAP. One value for each cell, so that there is no noise ceiling",
        "One of the numbers is wrong.",
        "Published, but not in this suite: m/e (nobody has it).",
        "by `tbench publish --suite small`.",
        "held against the published truth",
        "| a                |     82.0 |     30.0 |",
    ):
        assert words in told
    for words in ("protocol", "diverged", "c: the chosen run"):
        assert words not in told


def test_what_the_suite_has_to_say_is_told() -> None:
    plain = page(records(0))
    assert "**Scored on**" not in plain
    assert "**Notes**" not in plain
    seen = [replace(record, provenance={**record.provenance, "probe": "test images"}) for record in records(0)]
    told = page(seen, replace(FRAME, probe="test images", notes=("One.", "Two.")))
    assert "- **Scored on**: test images\n- **Notes**: One. Two.\n" in told
    assert "probe test images" not in told


def test_scores_of_other_images_and_fine_tuning_are_left_out() -> None:
    told = page([*records(0), *truth("t/x", [0.9, 0.7, 0.5, 0.3])])
    assert "| fine-tuning, beside a truth that was published " in told
    mixed = [*records(0), score("good", "t/x", "m/a", 1.0, 1, spec="good:x=1")]
    told = page([*mixed[:-1], replace(mixed[-1], provenance={**mixed[-1].provenance, "probe": "test images"})])
    assert "scores of other images of a dataset than the suite's today" in told
    assert len(make_board(mixed, replace(FRAME, probe="test images")).sifted.scores) == 0


def test_candidates_without_a_published_value_are_not_ranked() -> None:
    values = {dataset: {name: of[name] for name in CANDIDATES[1:]} for dataset, of in PUBLISHED.values.items()}
    board = make_board(records(0), replace(FRAME, published=replace(PUBLISHED, values=values)))
    (line,) = [line for line in board.whole.lines if line.metric.label == "good"]
    assert line.rankings["t/x"].tau_w == pytest.approx(weightedtau(VALUES["t/x"][1:], GOOD["t/x"][1:]).statistic)
    assert "No truth on x, so not ranked there: a." in render(board)


def test_smaller_pools_rank_their_own() -> None:
    board = make_board(records(0), replace(FRAME, boards={"pair": ("m/a", "m/b"), "none": ("m/z",)}))
    whole, pair, none = board.pools
    assert len(whole.truth["t/x"]) == 4
    assert pair.lines[0].mean.value == pytest.approx(0.0)
    assert none.truth == {}


def test_without_a_score_the_truth_is_shown_all_the_same() -> None:
    told = page([])
    assert "| a                |     82.0 |     30.0 |" in told
    assert "No score with its seconds yet." in told


def test_files_lie_in_the_folder_of_the_frame(tmp_path: Path) -> None:
    (tmp_path / "small").mkdir()
    replayed = tmp_path / "small" / "README.md"
    replayed.write_text("whether it adds up")
    written = publish(records(0), FRAME, tmp_path)
    assert written == tmp_path / "small" / "run" / "README.md"
    assert replayed.read_text() == "whether it adds up"
    with (written.parent / "truth.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows[0] == {"dataset": "t/x", "candidate": "m/a", "truth": "0.82", "measure": "accuracy"}
    assert len(rows) == 8
    assert "[truth.csv](truth.csv): the published values, as shares" in written.read_text(encoding="utf-8")
