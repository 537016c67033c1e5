"""Pages of published suites: as committed, as their numbers say, and how floors rank."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from tbench.errors import TbenchError
from tbench.published.facts import load, names
from tbench.published.findings import Findings
from tbench.published.floors import ELSEWHERE, FLOPS, PARAMETERS, TOP1, floors
from tbench.published.page import contents, publish
from tbench.published.rankings import Board, boards
from tbench.published.replay import replay
from tests.replay.made import DATASET, POOL, column, published

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", names())
def test_committed_pages_are_those_of_the_numbers(name: str) -> None:
    suite = load(name)
    wanted = contents(Findings.of(suite))
    folder = ROOT / "leaderboards" / name
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir() if path.is_file()}
    assert found.keys() == wanted.keys(), f"stale: tbench replay {name} --out leaderboards"
    for file, content in wanted.items():
        assert found[file] == content, f"{file} is stale: tbench replay {name} --out leaderboards"


@pytest.mark.parametrize("name", names())
def test_links_lead_somewhere_and_remarks_are_told(name: str) -> None:
    page = ROOT / "leaderboards" / name / "README.md"
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    assert links
    assert all(page.parent.joinpath(link).exists() for link in links)
    assert all(remark in text for remark in load(name).remarks)


def board(name: str, title: str) -> Board:
    (found,) = [board for board in boards(load(name)) if board.title == title]
    return found


def test_floors_of_sfda() -> None:
    means = {line.metric: line.mean.value for line in board("sfda", "11 supervised CNNs").lines}
    assert means[TOP1] == pytest.approx(0.654, abs=5e-4)
    assert means[PARAMETERS] == pytest.approx(0.578, abs=5e-4)
    assert means[FLOPS] == pytest.approx(0.644, abs=5e-4)
    assert means[ELSEWHERE] == pytest.approx(0.837, abs=5e-4)


def test_floors_that_cannot_be_known_are_not_shown() -> None:
    def known(name: str, pool: str) -> set[str]:
        suite = load(name)
        return set(floors(suite, pool, suite.datasets(pool)))

    assert known("ped", "12 self-supervised ResNet-50") == {ELSEWHERE}
    assert known("transrate-sources", "11 sources") == {ELSEWHERE}
    assert known("transrate-layers", "svhn resnet20") == set()
    assert known("model-spider", "66 of several sources") == {PARAMETERS, FLOPS, ELSEWHERE}
    assert known("emms", "13 vision transformers") == {PARAMETERS, TOP1, ELSEWHERE}  # timm lists no operations


def test_the_mean_rank_elsewhere_knows_nothing_of_its_own_dataset() -> None:
    truth = {(POOL, DATASET): column(["1", "2", "3"]), (POOL, "other"): {"m0": "9", "m1": "5", "m3": "7"}}
    below = floors(published([], [], truth=truth, scores={}), POOL, [DATASET, "other"])[ELSEWHERE]
    assert below[DATASET] == pytest.approx({"m0": 1.0, "m3": 2 / 3, "m1": 1 / 3})
    assert below["other"] == pytest.approx({"m2": 1.0, "m1": 2 / 3, "m0": 1 / 3})


def test_a_metric_that_misses_candidates_stands_below_those_that_do_not() -> None:
    lines = board("transrate-models", "13 models").lines
    metrics = [line for line in lines if not line.floor]
    assert [line.metric for line in metrics][-1] == "TransRate"
    assert [line.whole for line in metrics] == [True] * 5 + [False]
    assert not any(line.floor for line in lines[: len(metrics)])


def test_pools_of_one_dataset_share_a_board() -> None:
    (found,) = boards(load("transrate-layers"))
    assert len(found.truths) == 7
    assert [line.metric for line in found.lines] == ["TransRate", "LFC", "H-Score", "LogME"]


def test_datasets_without_scores_are_not_ranked_beside_those_with() -> None:
    datasets = {dataset for _, dataset in board("model-spider", "10 CNNs").truths}
    assert "aircraft" in datasets
    assert not datasets & {"dsprites", "utkface"}


def test_agreement_of_the_page_is_that_of_the_replay() -> None:
    suite = load("tllib")
    with (ROOT / "leaderboards" / "tllib" / "agreement.csv").open(encoding="utf-8") as file:
        rows = {(row["metric"], row["dataset"]): row for row in csv.DictReader(file)}
    compared = 0
    for verdict in replay(suite):
        row = rows[verdict.metric, verdict.dataset]
        assert float(row[verdict.statistic]) == pytest.approx(verdict.recomputed, abs=1e-8)
        compared += 1
    assert compared == 64


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "made").write_text("a file")
    with pytest.raises(TbenchError, match="made cannot be written"):
        publish(Findings.of(published(["1", "2"], ["1", "2"])), tmp_path)
