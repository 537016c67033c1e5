"""The HTML page of a published suite: whole, with the numbers of the other page; strangers' names are but names."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import pytest

from tbench.leaderboard.tables import NOTHING
from tbench.published.facts import Time, load, names
from tbench.published.findings import Findings
from tbench.published.page import contents, publish
from tbench.published.pictured import boards_of
from tests.leaderboard.test_html import EVIL, Tree, cells, markdown_cells
from tests.replay.made import DATASET, METRIC, POOL, column, on_two, printed, published

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "leaderboards"


def committed(name: str, file: str = "index.html") -> str:
    return (COMMITTED / name / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", names())
def test_every_element_is_closed_ids_are_unique_and_nothing_is_fetched(name: str) -> None:
    page = committed(name)
    tree = Tree(page)
    ids = tree.values("id")
    assert len(ids) == len(set(ids)) > 5
    assert {*tree.values("aria-labelledby"), *tree.values("aria-controls")} <= {*ids}
    assert tree.tags["table"] == tree.tags["caption"]
    policy = next(value for value in tree.values("content") if "default-src" in value)
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert not tree.values("src") + tree.values("srcset") + tree.values("action") + tree.values("style")
    assert not [key for _, key, _ in tree.attributes if key.startswith("on")]
    assert len(page.encode()) < 5_000_000


@pytest.mark.parametrize("name", names())
def test_links_lead_to_files_or_to_the_commits_of_the_sources(name: str) -> None:
    links = Tree(committed(name)).values("href")
    outside = [link for link in links if ":" in link]
    assert outside == [f"https://github.com/{of}/tree/{at}" for of, at in load(name).commits.items()]
    inside = {unquote(link) for link in links if ":" not in link}
    assert {"../index.html", "README.md", f"../../benchmark/tbench/published/{name}"} <= inside
    assert all((COMMITTED / name / link).exists() for link in inside)
    assert {path.name for path in (COMMITTED / name).glob("*.csv")} <= inside


@pytest.mark.parametrize("name", names())
def test_what_is_to_be_known_is_always_open(name: str) -> None:
    tree = Tree(committed(name))
    shown = "".join(words for path, words in tree.words if "details" not in path)
    assert "Nothing on this page was measured by tbench" in shown
    for remark in load(name).remarks:
        assert remark.replace("`", "") in shown


@pytest.mark.parametrize("name", names())
def test_every_table_of_the_page_in_markdown_is_there(name: str) -> None:
    text = committed(name, "README.md").replace("\\|", "/").replace("*floor:*", "floor:")
    told = [markdown_cells(line) for line in text.splitlines() if line.startswith("| ")]
    tables = committed(name).partition('id="tables"')[2]
    rows = [[*map(unescape, cells(row))] for row in re.findall(r"<tr>.*?</tr>", tables)]
    assert rows == [[cell.replace("`", "") for cell in row] for row in told]


def section(name: str, title: str) -> dict[str, list[str]]:
    """The rows of the first tables below a heading of the page in Markdown, by their names."""
    text = committed(name, "README.md").partition(f"## {title}\n")[2].partition("\n## ")[0]
    found = [markdown_cells(line) for line in text.splitlines() if line.startswith("| ")]
    return {row[0].removeprefix("*floor:* "): row for row in found}


def heads_of(name: str, place: str) -> list[str]:
    found = committed(name).partition(f'id="{place}"')[2].partition("</thead>")[0]
    return cells(found)


def pictured_rows(name: str, place: str) -> dict[str, list[str]]:
    found = committed(name).partition(f'id="{place}"')[2].partition("</table>")[0]
    return {row[0]: row for row in map(cells, re.findall(r"<tr data-kind.*?</tr>", found))}


@pytest.mark.parametrize("name", ["tllib", "transrate-sources", "etran", "transrate-layers"])
def test_means_taus_and_regrets_are_those_of_the_tables(name: str) -> None:
    told = section(name, "How the scores rank")
    heads = told.pop("metric")
    told = {label: row for label, row in told.items() if not label.startswith(("random orders", ":"))}
    ranking, heat = pictured_rows(name, "ranking-table"), pictured_rows(name, "heatmap")
    assert ranking.keys() == heat.keys() == told.keys()
    for label, row in told.items():
        assert ranking[label][2] == row[heads.index("mean")]
        assert ranking[label][-1] == row[heads.index("candidates")]
        assert heat[label][1:-1] == row[1 : heads.index("mean")]
    if name != "tllib":
        return
    worth = section(name, "What it is worth to follow it")
    assert {label: row[-2] for label, row in ranking.items()} == {label: worth[label][1] for label in ranking}


@pytest.mark.parametrize("name", ["ped", "sfda"])
def test_what_is_printed_stands_beside_floors_of_the_same_datasets(name: str) -> None:
    told = section(name, "As printed")
    heads = told.pop("metric")
    told = {label: row for label, row in told.items() if not label.startswith(":")}
    ranking, heat = pictured_rows(name, "ranking-table"), pictured_rows(name, "heatmap")
    columns = heads_of(name, "heatmap")
    for label, row in told.items():
        assert ranking[label][2] == row[-1]
        assert ranking[label][-1] == NOTHING  # nobody knows how many candidates were ranked
        assert dict(zip(columns, heat[label], strict=True)) == dict(zip(heads, row, strict=True))
    quoted = re.search(r"mean rank on the other datasets (-?\d\.\d+) \(\d+ above it\)", committed(name, "README.md"))
    assert quoted is not None
    assert ranking["mean rank on the other datasets"][2] == quoted[1]
    intervals = re.findall(r"<title>([^:<]+): mean τ_w [^<]*, 95 % interval", committed(name))
    assert set(intervals) == ranking.keys() - told.keys()  # where no scores are public, there is none


def test_each_pool_has_pictures_of_its_own() -> None:
    tree = Tree(committed("transrate-models"))
    ids = set(tree.values("id"))
    for picture in ("ranking", "heatmap", "scatter", "difference"):
        assert {picture, f"{picture}-2"} <= ids
    assert "section-certainty-2" in ids
    headings = tree.text("h2")
    assert "Leaderboard: 7 models" in headings
    assert "Leaderboard: 13 models" in headings


def test_what_cannot_be_known_is_left_out() -> None:
    ids = {name: set(Tree(committed(name)).values("id")) for name in ("ped", "schuture", "transrate-cost", "etran")}
    assert not {"spent", "pareto", "duration"} & ids["ped"]
    assert not {"ranking", "heatmap", "scatter", "difference", "duration"} & ids["schuture"]
    assert "duration" in ids["transrate-cost"] & ids["etran"]
    for page in map(committed, ids):
        assert "speed-up</th>" not in page.partition('id="tables"')[0]
        assert "noise ceiling" not in page.partition('id="tables"')[0]


def test_points_are_published_scores_and_truths() -> None:
    tree = Tree(committed("tllib"))
    told = json.loads(next(words for path, words in tree.words if path[-1:] == ("script",) and words.startswith("{")))
    suite = load("tllib")
    assert told["candidates"] == suite.candidates("10 CNNs")
    dataset = suite.datasets("10 CNNs").index("pets")
    ((rows, _),) = boards_of(Findings.of(suite))
    metric = [row.label for row in rows.rows].index("LogME")
    truth, scores = suite.truth["10 CNNs", "pets"], suite.scores["10 CNNs", "pets", "LogME"]
    assert told["truth"][dataset] == [float(truth[name]) for name in told["candidates"]]
    assert told["scores"][metric][dataset] == [float(scores[name]) for name in told["candidates"]]


def test_a_candidate_without_a_score_is_no_point() -> None:
    suite = on_two({(POOL, DATASET, METRIC): {"m0": "1", "m2": "3"}})
    ((rows, points),) = boards_of(Findings.of(suite))
    assert points.scores(METRIC, 0) == [1.0, None, 3.0, None]
    (metric,) = [row for row in rows.rows if row.label == METRIC]
    assert (metric.whole, metric.shown, metric.coverage) == (False, "1.000 †", "2 of 4 cells")


def test_printed_correlations_stand_for_scores_that_nobody_has() -> None:
    cells = [printed("tau_w", value, dataset=name) for name, value in ((DATASET, "0.50"), ("other", "-0.1"))]
    suite = replace(on_two({}), printed=(*cells, printed("tau_w", "0.9", metric="half")))
    ((rows, points),) = boards_of(Findings.of(suite))
    found = {row.label: row for row in rows.rows}
    assert [cell.shown for cell in found[METRIC].cells] == ["0.50", "-0.1"]
    assert found[METRIC].mean == pytest.approx(0.2)
    assert found[METRIC].interval is None
    assert (found["half"].whole, found["half"].shown) == (False, "0.900 †")
    assert rows.best == found[METRIC]
    assert list(points.labels) == ["mean rank on the other datasets"]


def test_another_measure_is_not_put_beside_floors() -> None:
    other = replace(on_two({}), weights="truth", printed=(printed("tau_w", "0.5"),))
    ((rows, _),) = boards_of(Findings.of(other))
    assert {row.kind for row in rows.rows} == {"floor"}
    assert rows.best is None


def test_strangers_open_no_tags_and_end_no_block(tmp_path: Path) -> None:
    truth = {(EVIL, name): {EVIL: "1", **column(["2", "3", "5"])} for name in (EVIL, "other")}
    scores = {(EVIL, name, EVIL): {EVIL: "4", **column(["2", "1", "7"])} for name in (EVIL, "other")}
    suite = published(
        [],
        [],
        printed("tau_w", "0.5", pool=EVIL, dataset=EVIL, metric=f"{EVIL} that nobody has", table=EVIL),
        truth=truth,
        scores=scores,
        measures=dict.fromkeys(truth, f"{EVIL} percent"),
        times=(Time(EVIL, EVIL, "3", "", EVIL), Time(EVIL, "fine-tune", "30", "", EVIL)),
        commits={EVIL: EVIL},
        **dict.fromkeys(("title", "reference", "ranked"), EVIL),
        remarks=(EVIL,),
    )
    page = contents(Findings.of(suite))["index.html"]
    tree, honest = Tree(page), Tree(committed("transrate-models"))
    assert "alert(1)" in tree.text("h1")
    assert tree.tags.keys() <= honest.tags.keys() | {"strong", "rect"}
    assert tree.tags["img"] == tree.tags["b"] == 0
    assert {name for _, name, _ in tree.attributes} <= {name for _, name, _ in honest.attributes}
    assert all(
        link.startswith(("https://github.com/", "../", "README.md")) or link in FILES for link in tree.values("href")
    )
    told = [json.loads(words) for path, words in tree.words if path[-1:] == ("script",) and words.startswith("{")]
    *points, entry = told
    assert len(points) == 2
    assert all(EVIL.replace("\u2028", " ") in block["candidates"] for block in points)
    assert entry["title"] == EVIL
    assert publish(Findings.of(suite), tmp_path) == tmp_path / "made" / "README.md"
    assert (tmp_path / "made" / "index.html").read_text(encoding="utf-8") == page


FILES = {"replay.csv", "agreement.csv", "spread.csv"}
