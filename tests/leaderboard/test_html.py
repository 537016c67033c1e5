"""The page in HTML: well-formed, the same numbers as in Markdown, and strangers' names are but names."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import asdict, replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbench.leaderboard.board import make_board
from tbench.leaderboard.html.difference import cliques, difference
from tbench.leaderboard.html.entry import BLOCK, Entry
from tbench.leaderboard.html.heatmap import heatmap
from tbench.leaderboard.html.index import index_page
from tbench.leaderboard.html.markup import VOID, Html, data, joined, prose, tag
from tbench.leaderboard.html.measured import points_of, rows_of
from tbench.leaderboard.html.pareto import pareto
from tbench.leaderboard.html.scale import Scale
from tbench.leaderboard.html.scatter import scatter
from tbench.leaderboard.html.spent import LENGTH, spent
from tbench.leaderboard.page import publish, render
from tbench.results import Record

from .made import CANDIDATES, MACHINE, frame, run, score, scores, truth, varied_store, whole_frame, whole_store

EVIL = "m/</script></title><img src=x onerror=alert(1)>\"'--><b>&amp;\u2028</style>]]>"


class Tree(HTMLParser):
    """Fails where an element is not closed, or closed where it was not open."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[tuple[tuple[str, ...], str]] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append((tuple(self.open), data))

    def values(self, name: str) -> list[str]:
        return [value for _, attribute, value in self.attributes if attribute == name]

    def text(self, tag: str) -> str:
        return "".join(words for path, words in self.words if tag in path)


def page_of(tmp_path: Path, records: list[Record] | None = None, **changes: object) -> str:
    told = replace(whole_frame(), **changes)  # type: ignore[arg-type]
    return (publish(records or whole_store(), told, tmp_path).parent / "index.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    return page_of(tmp_path_factory.mktemp("out"))


def test_every_element_is_closed_and_ids_are_unique(page: str) -> None:
    tree = Tree(page)
    ids = tree.values("id")
    assert len(ids) == len(set(ids)) > 10
    for reference in (*tree.values("aria-labelledby"), *tree.values("aria-controls")):
        assert reference in ids
    assert tree.tags["table"] == tree.tags["caption"] > 10
    pictures = re.findall(r'<svg[^>]*role="img"[^>]*>(<title>)?', page)
    assert pictures == ["<title>"] * len(pictures)
    assert len(pictures) == tree.tags["svg"] - 1  # but for the one whose points are told one by one


def test_it_has_all_parts(page: str) -> None:
    ids = set(Tree(page).values("id"))
    assert {"reading", "ranking", "heatmap", "scatter", "pareto", "spent", "tables"} <= ids
    sections = {one for one in ids if one.startswith("section-")}
    assert {"section-agreement", "section-certainty", "section-worth", "section-cost", "section-truth"} <= sections


def cells(row: str) -> list[str]:
    """Without markup; pictures are none."""
    bare = re.sub(r"<svg.*?</svg>", "", row)
    return [re.sub(r"<[^>]*>", "", cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", bare)]


@pytest.mark.parametrize(("folder", "above"), [("small", "../"), ("small/run", "../../")])
def test_it_leads_back_to_the_index(tmp_path: Path, folder: str, above: str) -> None:
    page = publish(whole_store(), replace(whole_frame(), folder=folder), tmp_path).with_name("index.html")
    tree = Tree(page.read_text(encoding="utf-8"))
    assert tree.values("href")[:2] == [f"{above}index.html", "README.md"]
    assert tree.text("nav") == "All leaderboardsThis page in Markdown"
    assert (page.parent / above).resolve() == tmp_path.resolve()


def test_every_number_is_that_of_the_other_page(page: str) -> None:
    markdown = render(make_board(whole_store(), whole_frame()))
    first = markdown.partition("## How well each metric ranks")[2].partition("\n## ")[0]
    told = {row[0]: row for line in first.splitlines() if line.startswith("| ") for row in [markdown_cells(line)]}
    heads = next(row for label, row in told.items() if label == "metric")
    ranking = page.partition('id="ranking-table"')[2].partition("</table>")[0]
    rows = [cells(row) for row in re.findall(r"<tr data-kind.*?</tr>", ranking)]
    assert {row[0] for row in rows} == told.keys() - {"metric"} - {row for row in told if row.startswith(":")}
    for row in rows:
        assert row[2] == told[row[0]][heads.index("mean")]
        assert row[-1] == told[row[0]][heads.index("candidates")]
    costs = markdown.partition("### Wall-clock seconds")[2].partition("###")[0]
    speed = {row[0]: row[-1] for line in costs.splitlines() if line.startswith("| ") for row in [markdown_cells(line)]}
    assert {row[0]: row[7] for row in rows if row[7] != "–"}.items() <= speed.items()
    worth = markdown.partition("## What it is worth")[2].partition("\n## ")[0]
    regret = {row[0]: row[1] for line in worth.splitlines() if line.startswith("| ") for row in [markdown_cells(line)]}
    for row in rows:
        assert row[5] == next(
            of for label, of in regret.items() if label.removesuffix(" †").removesuffix(" ‡") == row[0]
        )


def markdown_cells(line: str) -> list[str]:
    return [cell.strip().replace("**", "") for cell in line.strip("|").split("|")]


def test_every_table_of_the_other_page_is_there(page: str) -> None:
    markdown = render(make_board(whole_store(), whole_frame()))
    rows = [
        markdown_cells(line)
        for line in markdown.replace("\\|", "/").splitlines()
        if line.startswith("| ") and not line.startswith("|:")
    ]
    ours = page.partition('id="tables"')[2].replace("out | of memory", "out / of memory")
    told = [[re.sub(r"&#x27;", "'", cell) for cell in cells(row)] for row in re.findall(r"<tr>.*?</tr>", ours)]
    assert [[cell.replace("`", "") for cell in row] for row in rows] == told


def test_the_same_records_give_the_same_bytes(tmp_path: Path, page: str) -> None:
    assert page_of(tmp_path, whole_store()[::-1]) == page
    assert len(page.encode()) < 500_000


@pytest.mark.parametrize("records", [[], [score("good", "t/x", "m/a", 1.0)], varied_store()])
def test_pages_of_little_and_of_much(tmp_path: Path, records: list[Record]) -> None:
    told = frame()
    Tree((publish(records, told, tmp_path).parent / "index.html").read_text(encoding="utf-8"))


def test_it_may_fetch_nothing(page: str) -> None:
    tree = Tree(page)
    policy = next(value for value in tree.values("content") if "default-src" in value)
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert not tree.values("src") + tree.values("srcset") + tree.values("action") + tree.values("style")
    files = {"scores.csv", "truth.csv", "agreement.csv", "worth.csv", "cost.csv"}
    assert set(tree.values("href")) == files | {"README.md", "../index.html"}
    assert not [name for _, name, _ in tree.attributes if name.startswith("on")]


def evil_page(tmp_path: Path) -> str:
    """A candidate, a target, a metric's reason, a pool and a machine of that name."""
    candidates, target = (EVIL, f"n{EVIL[1:]}", *CANDIDATES[2:]), f"t/{EVIL}"  # two families: no name is shortened
    records: list[Record] = []
    known = {"machine": EVIL, "tbench": EVIL}
    for number, candidate in enumerate(candidates):
        records.append(score("good", target, candidate, float(number), of=known, warnings=[EVIL], saturated=[EVIL]))
        records += [run(target, candidate, 0.1 * number, rate=rate, of=known) for rate in (0.01, 0.1)]
    records.append(score("bad", target, EVIL, None, status="failed", reason=EVIL, of=known))
    strange = {"title": EVIL, "description": EVIL, "notes": (EVIL,), "boards": {EVIL: candidates}}
    told = frame(candidates=candidates, datasets=(target,), **strange)
    return (publish(records, told, tmp_path).parent / "index.html").read_text(encoding="utf-8")


def test_strangers_open_no_tags_and_end_no_block(tmp_path: Path, page: str) -> None:
    tree = Tree(evil_page(tmp_path))
    assert "alert(1)" in tree.text("h1")
    assert tree.tags.keys() <= Tree(page).tags.keys() | {"strong"}
    assert tree.tags["img"] == tree.tags["b"] == 0
    assert tree.tags["script"] == 3
    assert {name for _, name, _ in tree.attributes} <= {name for _, name, _ in Tree(page).attributes}
    points = json.loads(next(words for path, words in tree.words if path[-1:] == ("script",) and words.startswith("{")))
    assert points["candidates"][0] == EVIL.replace("\u2028", " ")


@given(st.text(max_size=40) | st.text("<>/!&\"'`*-]\u2028x", max_size=30))
def test_any_text_is_text(words: str) -> None:
    for element in (tag("p", words, title=words), tag("p", prose(words)), joined(tag("i"), tag("p", words))):
        tree = Tree(element)
        assert tree.tags.keys() <= {"p", "i", "strong", "em", "code"}
        assert {name for _, name, _ in tree.attributes} <= {"title"}
    found = BLOCK.fullmatch(data("entry", [words]))
    assert found
    assert json.loads(found[1]) == [words]
    assert not set(found[1]) & set("<>&\u2028\u2029")


def test_elements() -> None:
    assert tag("p", "a < b", None, Html("<b>c</b>"), class_="x", hidden=True, id=None, aria_label="d", y=1.25) == (
        '<p class="x" hidden="" aria-label="d" y="1.2">a &lt; b<b>c</b></p>'
    )
    assert tag("input", checked=False) == "<input>"
    assert prose("*floor:* a*b*c * d *") == "<em>floor:</em> a*b*c * d *"
    assert prose("**`a` b** `c` * d") == "<strong><code>a</code> b</strong> <code>c</code> * d"


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
def test_a_scale_holds_all_values(values: list[float]) -> None:
    scale = Scale.holding(values, 10, 200)
    assert all(10 <= scale.at(value) <= 200 for value in values)
    assert 1 <= len(scale.ticks()) <= 10
    assert all(10 - 1e-6 <= scale.at(tick) <= 200 + 1e-6 for tick in scale.ticks())


def test_a_logarithmic_scale() -> None:
    scale = Scale.holding([0.01, 10.0], 0, 300, log=True)
    assert scale.ticks() == pytest.approx([0.01, 0.1, 1.0, 10.0])
    assert np.diff([scale.at(tick) for tick in scale.ticks()]) == pytest.approx([300 / 1.08 / 3] * 3)


def test_cliques_are_the_largest_groups_within_the_distance() -> None:
    assert cliques([1.0, 1.5, 3.0, 3.4, 9.0], 2.0) == [(0, 2), (1, 3)]
    assert cliques([1.0, 4.0], 2.0) == []
    assert cliques([1.0, 1.1, 1.2], 2.0) == [(0, 2)]


def test_colours_say_sign_and_size() -> None:
    board = make_board(whole_store(), whole_frame())
    cells = re.findall(r'<td class="n(?: (up|down)(\d+))?" data-sort="([^"]+)">', heatmap(rows_of(board)))
    assert len(cells) > 10
    for side, shade, value in cells:
        assert round(10 * abs(float(value))) == int(shade or 0)
        assert side in ("", "up" if float(value) > 0 else "down")


def test_rows_hold_what_the_tables_say() -> None:
    board = make_board(whole_store(), whole_frame())
    rows = rows_of(board)
    assert [row.label for row in rows.rows] == [line.metric.label for line in board.whole.lines]
    assert rows.ceiling == board.whole.ceiling.value
    assert rows.floor is not None
    assert rows.floor.label == "random"
    good = next(row for row in rows.rows if row.label == "good")
    assert good.seconds == pytest.approx(0.25 + 4.0)
    assert good.interval is not None
    assert good.mean is not None
    assert good.interval[0] <= good.mean <= good.interval[1]


def test_an_index_holds_names_as_names() -> None:
    entry = Entry(True, EVIL, EVIL, "4", "2", "1", f"{EVIL} 0.5", "–", "–")
    tree = Tree(index_page({f"my suite#{EVIL}": entry, "ped": replace(entry, measured=False)}))
    assert tree.tags["img"] == tree.tags["b"] == 0
    assert tree.tags["script"] == 1
    links = tree.values("href")
    assert len(links) == 4
    assert all(link.startswith("./") and not set(link) & set(' #<>"') for link in links)


def test_an_entry_tells_each_of_several_boards_once() -> None:
    one = rows_of(make_board(whole_store(), whole_frame()))
    entry = Entry.of("title", "words", [one, replace(one, candidates="7", rows=one.rows[:1])], measured=True)
    assert (entry.candidates, entry.datasets, entry.best.count("good ")) == ("4; 7", "2", 1)
    assert entry.floor == f"{Entry.of('', '', [one], measured=True).floor}; –"
    assert Entry.of("title", "words", [], measured=False).best == "–"


def test_an_entry_names_the_best_that_misses_nothing() -> None:
    rows = rows_of(make_board(whole_store(), whole_frame()))
    entry = Entry.of("title", "words", [rows], measured=True)
    assert (entry.candidates, entry.datasets) == ("4", "2")
    assert entry.best.startswith("good ")
    assert entry.floor.startswith("random ")


def test_an_entry_is_read_from_its_page_and_from_nothing_else() -> None:
    entry = Entry(False, EVIL, "a\nb", "4", "2", "1", "</script>", "–", "–")
    assert Entry.read(f"<p>x</p>{entry.block()}<p>y</p>") == entry
    for other in ("", "<p>", *(data("entry", each) for each in (None, [], {}, {"title": "x"}))):
        assert Entry.read(other) is None
    told = asdict(entry)
    for key, value in (("measured", 1), ("title", None), ("best", ["x"])):
        assert Entry.read(data("entry", told | {key: value})) is None
    assert Entry.read(data("entry", told | {"more": "x"})) is None
    assert Entry.read('<script type="application/json" id="entry">' + "[" * 100_000 + "</script>") is None


def test_a_page_of_very_many_scores_says_that_their_picture_is_left_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tbench.leaderboard.html.scatter.MOST", 3)
    page = publish(whole_store(), whole_frame(), tmp_path).with_name("index.html").read_text(encoding="utf-8")
    tree = Tree(page)
    assert "Left out: more than 3 scores." in page
    assert "scatter" in tree.values("id")
    assert not {"points", "scatter-plot"} & set(tree.values("id"))


def test_points_are_means_over_seeds() -> None:
    board = make_board(whole_store(), whole_frame())
    rows = rows_of(board)
    tree = Tree(scatter(rows, points_of(board)) or "")
    told = json.loads(next(words for path, words in tree.words if path[-1:] == ("script",)))
    assert told["candidates"] == ["a", "b", "c", "d"]
    assert told["truth"] == [[0.89, 0.71, 0.5, 0.3], [0.4, 0.51, 0.8, 0.59]]
    labels = [row.label for row in rows.rows]
    assert told["scores"][labels.index("good")] == [[4, 3, 2, 1], [1, 2, 4, 3]]
    assert told["scores"][labels.index("partial")] == [[None, 3, 2, 1], [None, 2, 4, 3]]
    assert told["scores"][labels.index("random")][0] == [1.5, 2, 3, 3.5]
    assert told["taus"][labels.index("good")] == [1, 1]
    assert told["taus"][labels.index("flat")] == [None, None]


def test_the_front_is_what_nothing_cheaper_beats() -> None:
    rows = rows_of(make_board(whole_store(), whole_frame()))
    picture = pareto(rows) or ""
    named = re.search(r"cheaper beats: (.*?)\.</p>", picture)
    assert named is not None
    assert [name.partition(" (")[0] for name in re.split(r"(?<=s\)), ", named[1])] == ["random", "good"]
    shown = {row.label for row in rows.rows if f"{row.label}: mean" in picture}
    assert shown == {"good", "good+ped", "turned", "random"}  # what misses something, or has no order, is not there


Bar = list[tuple[str, float, str]]  # class, width, title of each piece


def bars(picture: str) -> list[Bar]:
    piece = re.compile(r'<rect class="piece (\w+)"[^>]* width="([\d.]+)"[^>]*><title>([^<]*)</title>')
    return [
        [(kind, float(width), unescape(title)) for kind, width, title in piece.findall(bar)]
        for bar in picture.split("<g>")[1:]
    ]


def test_bars_of_shares_are_equally_long() -> None:
    board = make_board(whole_store(), whole_frame())
    found = bars(spent(rows_of(board), board.bill) or "")
    assert len(found) > 4
    assert all(sum(width for _, width, _ in bar) == pytest.approx(LENGTH, abs=0.4) for bar in found)
    (good,) = [bar for bar in found if bar[0][2].startswith("good,")]
    assert [kind for kind, _, _ in good] == ["own", "passes"]
    assert [width for _, width, _ in good] == pytest.approx([LENGTH * 0.25 / 4.25, LENGTH * 4 / 4.25], abs=0.1)
    assert good[0][2] == "good, the metric's own: 0.250 s (6%)"


def test_a_node_has_one_colour_in_all_bars_and_seconds_of_its_own() -> None:
    dear = {f"n{place}": (float(2**place), MACHINE) for place in range(8)} | {"forward": (1.0, MACHINE)}
    records = [
        *scores("all", "t/x", [1, 2, 3, 4], seconds=1.0, evidence=dear),
        *scores("last", "t/x", [1, 2, 3, 4], seconds=1.0, evidence={node: dear[node] for node in ("n1", "n7")}),
        *truth("t/x", [0.1, 0.2, 0.3, 0.4]),
    ]
    board = make_board(records, frame())
    picture = spent(rows_of(board), board.bill) or ""
    last, everything = bars(picture)
    assert [kind for kind, _, _ in everything] == ["own", *(f"node{place}" for place in range(1, 7)), "other", "passes"]
    assert [title for _, _, title in last] == [
        "last, the metric's own: 1.00 s (1%)",
        "last, n7: 128 s (98%)",
        "last, other evidence: 2.00 s (2%)",
    ]
    assert [kind for kind, _, _ in last] == ["own", "node1", "other"]
    assert everything[1][2] == "all, n7: 128 s (50%)"
    legend = re.findall(r'<li><span class="swatch (\w+)"></span>([^<]+)</li>', picture)
    told = [(kind, title.split(", ")[1].split(":")[0]) for kind, _, title in everything]
    assert [(kind, unescape(words)) for kind, words in legend] == told


def test_nothing_known_has_no_pictures() -> None:
    board = make_board([], whole_frame())
    rows = rows_of(board)
    assert [scatter(rows, points_of(board)), pareto(rows), difference(rows), spent(rows, board.bill)] == [None] * 4
