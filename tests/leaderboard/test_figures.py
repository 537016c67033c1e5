"""Pictures as files of their own: sound XML with plain colours, the board's values, and names that are but names."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tbench.cli import main
from tbench.cli.plot import PICTURES
from tbench.errors import TbenchError, UsageError
from tbench.leaderboard.board import Board, make_board
from tbench.leaderboard.figures.draw import LACKS, OF_ROWS, draw
from tbench.leaderboard.figures.letters import width
from tbench.leaderboard.figures.room import Box, place
from tbench.leaderboard.figures.scatter import scatter
from tbench.leaderboard.figures.standalone import standalone
from tbench.leaderboard.html.markup import tag
from tbench.leaderboard.html.measured import rows_of
from tbench.leaderboard.html.rows import Cell, Row, Rows
from tbench.leaderboard.html.scatter import Points
from tbench.leaderboard.html.spent import kinds_of, prices_of
from tbench.leaderboard.tables import tau
from tbench.results import Key, Record
from tbench.store import Store

from .made import frame, run, score, scores, truth, whole_frame, whole_store

SVG = "{http://www.w3.org/2000/svg}"
EVIL = "m/</text></svg><script>alert(1)</script>\"'--><b>&amp;\u2028]]>"


def varied() -> list[Record]:
    """Two datasets on which three metrics and a floor rank all four candidates, with all that costs."""
    found = truth("t/x", [0.9, 0.7, 0.5, 0.3]) + truth("t/y", [0.4, 0.5, 0.8, 0.6])
    for target, good in (("t/x", [4, 3, 2, 1]), ("t/y", [1, 2, 4, 3])):
        found += scores("good", target, good) + scores("fair", target, [*good[:2], good[3], good[2]])
        found += scores("poor", target, [-value for value in good])
        found += scores("random", target, [2, 1, 4, 3])
    return found


@pytest.fixture(scope="module")
def board() -> Board:
    return make_board(whole_store(), whole_frame())


def parsed(drawn: str) -> Element:
    assert drawn.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<svg ')
    root = fromstring(drawn)
    assert root.tag == f"{SVG}svg"
    return root


def texts(root: Element) -> list[str]:
    return ["".join(each.itertext()) for each in root.iter(f"{SVG}text")]


def titles(root: Element) -> list[str]:
    return [each.text or "" for each in root.iter(f"{SVG}title")]


@pytest.mark.parametrize("picture", PICTURES)
def test_it_stands_alone(board: Board, picture: str) -> None:
    drawn = draw(picture, board)
    root = parsed(drawn)
    for strange in ("var(", "color-mix", "class=", "style=", "href", "<script", "url("):
        assert strange not in drawn
    assert "".join(root.itertext()).strip()
    ground = root[1]
    assert (ground.tag, ground.get("fill"), ground.get("width")) == (f"{SVG}rect", "#ffffff", "100%")
    for name in ("fill", "stroke"):
        assert {each.get(name) for each in root.iter()} <= {None, "none", *palette().values()} | mixed()
    for each in root.iter(f"{SVG}circle"):
        assert each.get("fill")
    assert root.get("viewBox") == f"0 0 {root.get('width')} {root.get('height')}"


def palette() -> dict[str, str]:
    style = files("tbench.leaderboard.html").joinpath("style.css").read_text(encoding="utf-8")
    return dict(re.findall(r"--(\w+): (#\w{6})", style.partition(":root {")[2].partition("}")[0]))


def mixed() -> set[str]:
    """The colours of a heat map, from the definition."""
    found = set()
    for side in ("cool", "warm"):
        for step in range(1, 11):
            parts = [
                0.06 * step * int(palette()[side][at : at + 2], 16)
                + (1 - 0.06 * step) * int(palette()["card"][at : at + 2], 16)
                for at in (1, 3, 5)
            ]
            found.add("#" + "".join(f"{round(part):02x}" for part in parts))
    return found


@pytest.mark.parametrize("picture", PICTURES)
def test_the_same_records_give_the_same_bytes(board: Board, picture: str) -> None:
    assert draw(picture, make_board(whole_store()[::-1], whole_frame())) == draw(picture, board)


def test_the_ranking_has_every_metric_in_order_with_its_mean(board: Board) -> None:
    rows = rows_of(board)
    root = parsed(draw("ranking", board))
    shown = texts(root)
    places = [shown.index(row.label) for row in rows.rows]
    assert places == sorted(places)
    assert [shown[at + 1] for at in places] == [tau(row.mean) for row in rows.rows]
    assert f"noise ceiling {tau(rows.ceiling)}" in shown
    assert rows.floor is not None
    assert f"best floor: random {tau(rows.floor.mean)}" in shown
    hollow = [each for each in root.iter(f"{SVG}circle") if each.get("fill") == "#ffffff"]
    assert len(hollow) == 1 + sum(row.mean is not None and not row.whole for row in rows.rows)  # and the legend's


def test_dots_and_bars_of_the_ranking_are_where_the_means_and_intervals_are(board: Board) -> None:
    rows = rows_of(board)
    groups = [each for each in parsed(draw("ranking", board)).iter(f"{SVG}g") if each.find(f"{SVG}title") is not None]
    assert len(groups) == len(rows.rows)
    at: list[tuple[float, float]] = []
    for row, group in zip(rows.rows, groups, strict=True):
        dot, bar = group.find(f"{SVG}circle"), group.find(f"{SVG}rect")
        assert (dot is None, bar is None) == (row.mean is None, row.interval is None)
        if dot is not None and row.mean is not None:
            at.append((row.mean, float(dot.get("cx", ""))))
        if bar is not None and row.interval is not None:
            start = float(bar.get("x", ""))
            at += [(row.interval[0], start)]
            if row.interval[1] - row.interval[0] > 0.1:
                at += [(row.interval[1], start + float(bar.get("width", "")))]
    (low, left), (high, right) = min(at), max(at)
    for value, x in at:
        assert x == pytest.approx(left + (value - low) / (high - low) * (right - left), abs=0.25)


def test_the_heat_map_has_every_cell(board: Board) -> None:
    rows = rows_of(board)
    root = parsed(draw("heatmap", board))
    shown = texts(root)
    assert shown[: len(rows.datasets) + 1] == [*rows.datasets, "mean"]
    said = [text for row in rows.rows for text in (row.label, *(cell.shown for cell in row.cells), tau(row.mean))]
    assert shown[len(rows.datasets) + 1 :] == said


@pytest.mark.parametrize(("value", "side"), [(1.0, "cool"), (-1.0, "warm"), (0.0, None), (None, None)])
def test_colours_of_the_heat_map(value: float | None, side: str | None) -> None:
    row = Row("a", "metric", True, value, "", "4", (Cell(value, "x"),))
    drawn = OF_ROWS["heatmap"](Rows((row,), ("d",), "4"))
    assert drawn is not None
    cells = [each.get("fill") for each in parsed(standalone(drawn)).iter(f"{SVG}rect")][1:]
    strongest = {"cool": "#80b0d6", "warm": "#e8b480"}  # 60 % of #2b7bba and of #d9822b on white
    assert cells == ([strongest[side]] * 2 if side else [])


def test_the_scatter_has_every_candidate_where_it_belongs(board: Board) -> None:
    root = parsed(draw("scatter", board, "good", "t/y"))
    told = titles(root)[1:]
    assert len(told) == len(root.findall(f"{SVG}circle")) == 4
    assert sorted(told) == [
        "a: score 1, accuracy 0.4",
        "b: score 2, accuracy 0.51",
        "c: score 4, accuracy 0.8",
        "d: score 3, accuracy 0.59",
    ]
    assert "good on y: τw 1.000, 4 candidates" in texts(root)
    assert {"a", "b", "c", "d", "score of good", "accuracy"} <= {*texts(root)}
    across = {float(each.get("cx", "")) for each in root.iter(f"{SVG}circle")}
    steps = [other - one for one, other in pairwise(sorted(across))]
    assert steps == pytest.approx([steps[0]] * 3, abs=0.11)


def test_a_scatter_of_the_first_metric_and_dataset_is_the_default(board: Board) -> None:
    best = rows_of(board).rows[0].label
    assert draw("scatter", board) == draw("scatter", board, best, "x") == draw("scatter", board, best, "t/x")


def test_infinite_scores_are_in_no_scatter() -> None:
    row = Row("a", "metric", True, 0.5, "", "4", (Cell(0.5, "x"),))
    column = [float("inf"), 1.0, None, 2.0]
    points = Points(["p", "q", "r", "s"], ["accuracy"], [[0.1, 0.2, 0.3, 0.4]], ["a"], lambda label, at: column)
    drawn = scatter(Rows((row,), ("d",), "4"), points, "a", 0)
    assert drawn is not None
    assert [each.partition(":")[0] for each in titles(parsed(standalone(drawn)))[1:]] == ["q", "s"]


def test_the_others_name_every_metric_that_they_are_of() -> None:
    board = make_board(varied(), frame())
    rows = rows_of(board)
    ranks = texts(parsed(draw("difference", board)))
    assert {"good 1.0", "fair 2.0", "poor 3.0"} <= {*ranks}
    seconds = parsed(draw("cost", board))
    assert {row.label for row in rows.rows} | {*kinds_of(prices_of(rows))} <= {*texts(seconds)}
    speed = parsed(draw("pareto", board))
    dots = titles(speed)[1:]
    assert sorted(told.partition(":")[0] for told in dots) == sorted(row.label for row in rows.rows)
    assert {"good", "seconds per cell", "mean τw"} <= {*texts(speed)}
    assert f"good: mean τ_w {tau(1.0)}" in next(told for told in dots if told.startswith("good"))


@pytest.mark.parametrize("picture", PICTURES)
def test_strangers_names_are_but_names(picture: str) -> None:
    candidates, target = (EVIL, *(f"n{place}/{EVIL}" for place in range(3))), f"t/{EVIL}"
    records: list[Record] = []
    for each in (target, "t/y"):
        for at, candidate in enumerate(candidates):
            said = {"good": at, "poor": -at, "fair": at % 3, "random": at % 2}
            records += [score(metric, each, candidate, float(value)) for metric, value in said.items()]
            records += [run(each, candidate, 0.9 - 0.1 * at, rate=rate) for rate in (0.01, 0.1)]
    board = make_board(records, frame(candidates=candidates, datasets=(target, "t/y"), title=EVIL))
    rows = rows_of(board)
    strange = replace(rows, rows=tuple(replace(row, label=f"{place}{EVIL}") for place, row in enumerate(rows.rows)))
    drawn = draw(picture, board) if picture in ("scatter", "cost") else standalone_of(picture, strange)
    root = parsed(drawn)
    kinds = {each.tag.removeprefix(SVG) for each in root.iter()}
    assert kinds <= {"svg", "title", "rect", "g", "text", "tspan", "line", "circle", "polyline"}
    assert ("alert(1)" in "".join(root.itertext())) == (picture != "cost")


def standalone_of(picture: str, rows: Rows) -> str:
    drawn = OF_ROWS[picture](rows)
    assert drawn is not None
    return standalone(drawn)


def test_what_cannot_be_drawn_is_one_line() -> None:
    nothing = make_board([], frame())
    for picture in PICTURES:
        with pytest.raises(TbenchError, match=re.escape(LACKS[picture])) as found:
            draw(picture, nothing)
        assert "\n" not in str(found.value)


def test_who_is_not_on_the_board_is_told(board: Board) -> None:
    with pytest.raises(UsageError, match="no metric of this board is called 'goot'; did you mean good"):
        draw("scatter", board, "goot")
    with pytest.raises(UsageError, match=r"no dataset of this board is called 't/z' \(there are: x, y\)"):
        draw("scatter", board, "good", "t/z")


def test_every_picture_has_a_name() -> None:
    assert {*PICTURES} == {*OF_ROWS, "scatter"} == {*LACKS}


@pytest.mark.parametrize("css", ["dot metric", "bar floor", "piece node3", "up4", "front"])
def test_classes_become_attributes(css: str) -> None:
    """Also of those whose colour is of an element round them."""
    kind, _, outer = css.partition(" ")
    inner = tag("g", tag("rect", class_=kind), class_=outer or None)
    for picture in (inner, tag("g", tag("rect", class_=css))):
        rect = parsed(standalone(tag("svg", tag("title", "t"), picture))).findall(f".//{SVG}rect")[1]
        expected = {"front": "none", "up4": "#ccdfee"}.get(kind) or palette()[outer]
        assert rect.get("fill") == expected


def boxes() -> st.SearchStrategy[Box]:
    return st.builds(
        lambda x, y, long, high: Box(x, y, x + long, y + high),
        *(st.floats(0, 200), st.floats(0, 200), st.floats(1, 80), st.floats(1, 80)),
    )


@given(st.floats(0, 200), st.floats(0, 200), st.lists(boxes(), max_size=6), st.text("abcWi ", min_size=1, max_size=9))
def test_a_name_stands_on_nothing(x: float, y: float, taken: list[Box], words: str) -> None:
    box = place(words, x, y, Box(0, 0, 200, 200), taken, 40)
    if box is None:
        return
    assert Box(0, 0, 200, 200).holds(box)
    assert not any(map(box.touches, taken))
    assert box.distance(x, y) <= 40
    assert box.right - box.left == pytest.approx(width(words))


def test_a_name_has_the_nearest_place_or_none() -> None:
    free = place("abc", 100, 100, Box(0, 0, 200, 200), [], 12)
    assert free is not None
    assert (free.left, free.top) == (105, 94)
    right = Box(101, 0, 200, 200)
    left = place("abc", 100, 100, Box(0, 0, 200, 200), [right], 12)
    assert left is not None
    assert left.right == pytest.approx(95)
    assert place("abc", 100, 100, Box(0, 0, 200, 200), [Box(0, 0, 200, 200)], 12) is None


def names_of(root: Element) -> Iterator[Box]:
    """Of texts that neither slope nor stand among others in one line of it."""
    for each in root.iter(f"{SVG}text"):
        if each.get("transform"):
            continue
        long = width("".join(each.itertext())) * 0.8  # of what is rather too much
        x, y = float(each.get("x", "")), float(each.get("y", ""))
        left = {"end": x - long, "middle": x - long / 2}.get(each.get("text-anchor", ""), x)
        yield Box(left, y - 9, left + long, y + 1)


@pytest.mark.parametrize("picture", PICTURES)
def test_no_words_stand_on_others_or_are_cut(board: Board, picture: str) -> None:
    root = parsed(draw(picture, board))
    found = [*names_of(root)]
    paper = Box(0, 0, float(root.get("width", "")), float(root.get("height", "")))
    assert all(map(paper.holds, found))
    assert not [pair for pair in combinations(found, 2) if pair[0].touches(pair[1])]


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A score in the store of the suite mini."""
    monkeypatch.chdir(tmp_path)
    key = Key("score", "mini", "mini/digits", "mini/resnet-mix", "knn", 0)
    with Store("facts.sqlite") as store:
        store.add(
            Record(key, "ok", 0.5, "", 0.1, 0.1, {}, {"label": "knn"}, {"tbench": "0"}, "2026-01-02T10:00:00+00:00")
        )
    return tmp_path


def plot(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["plot", *words, "--store", "facts.sqlite"])
    return done.exit_code, done.output


def test_the_command_writes_a_file_named_after_suite_and_picture(stored: Path) -> None:
    assert plot("ranking") == (0, "picture: mini-ranking.svg\n")
    assert "knn" in texts(parsed((stored / "mini-ranking.svg").read_text(encoding="utf-8")))
    assert plot("heatmap", "--out", "a/b.svg") == (0, "picture: a/b.svg\n")
    assert parsed((stored / "a/b.svg").read_text(encoding="utf-8")) is not None


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["ranking", "--out", "x.pdf"], 2, "tbench: --out x.pdf should end in .svg or .png"),
        (["ranking", "--metric", "knn"], 2, "tbench: --metric and --dataset go with the picture scatter"),
        (["pareto"], 1, "tbench: nothing to draw: no metric that misses nothing has both a mean and seconds"),
        (["ranking", "--out", "facts.sqlite/x.svg"], 1, "tbench: picture facts.sqlite/x.svg cannot be written: "),
    ],
)
def test_errors_are_one_line(stored: Path, words: list[str], code: int, told: str) -> None:
    found, output = plot(*words)
    assert (found, output.count("\n")) == (code, 1)
    assert output.startswith(told)
    assert {each.name for each in stored.iterdir()} <= {"facts.sqlite", "facts.sqlite-wal", "facts.sqlite-shm"}


@pytest.mark.parametrize(("scale", "words"), [(2.0, []), (1.5, ["--scale", "1.5"])])
def test_pixels_are_those_of_the_picture_at_its_scale(stored: Path, scale: float, words: list[str]) -> None:
    plot("ranking")
    root = parsed((stored / "mini-ranking.svg").read_text(encoding="utf-8"))
    assert plot("ranking", "--out", "one.png", *words) == (0, "picture: one.png\n")
    assert plot("ranking", "--out", "two.png", *words) == (0, "picture: two.png\n")
    found = (stored / "one.png").read_bytes()
    assert found[:8] == b"\x89PNG\r\n\x1a\n"
    assert found == (stored / "two.png").read_bytes()
    with Image.open(stored / "one.png") as image:
        assert image.size == pytest.approx([scale * float(root.get(side, "")) for side in ("width", "height")], abs=1)
        pixels = np.asarray(image.convert("RGB")).reshape(-1, 3)
    assert {(255, 255, 255), (180, 95, 6)} <= {*map(tuple, pixels.tolist())}  # the ground, and a floor


def test_pixels_without_what_draws_them_are_told_in_one_line(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    told = "tbench: PNG needs vl-convert; pip install 'tbench[plot]', or ask for .svg\n"
    assert plot("ranking", "--out", "x.png") == (1, told)
    assert not (stored / "x.png").exists()
    assert plot("ranking")[0] == 0
