"""Names that want to be HTML, links, rows of a table, paths or commands of a terminal, and are but names."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console

from tbench.bars import Bar, svg
from tbench.errors import TbenchError, UsageError
from tbench.leaderboard.board import Board, make_board
from tbench.leaderboard.markdown import inline, markdown
from tbench.leaderboard.page import publish, render, sections
from tbench.leaderboard.tables import Section, Table
from tbench.leaderboard.terminal import terminal_lines
from tbench.plain import UNSEEN, plain
from tbench.results import Record
from tbench.suite import load_suite, read_suite

from ..core.test_suite import SUITE
from .made import CANDIDATES, frame, run, score

STRANGE = "m/<script>alert(1)</script>|`x`[a](http://b)\n## c\x1b[31m\u202e\x9b2J\\|end"
HTML = re.compile(r"<[A-Za-z/!?]")
LINK = re.compile(r"(?<!\\)\]\(")
OUR_LINKS = ("(scores.csv)", "(truth.csv)", "(agreement.csv)", "(worth.csv)", "(cost.csv)")


def strange_board() -> Board:
    """A candidate, a target, a pool, a machine, a reason and a warning with that name."""
    candidates, target = (STRANGE, *CANDIDATES[1:]), f"t/{STRANGE}"
    known = {"machine": STRANGE, "tbench": STRANGE}
    records: list[Record] = []
    for number, candidate in enumerate(candidates):
        words = {"of": known, "warnings": [STRANGE], "saturated": [STRANGE]}
        records.append(score("good", target, candidate, float(number), **words))
        records += [run(target, candidate, 0.1 * number, rate=rate, of=known) for rate in (0.01, 0.1)]
    records.append(score("bad", target, STRANGE, None, status="failed", reason=f"it said {STRANGE}", of=known))
    return make_board(
        records,
        frame(
            candidates=candidates,
            datasets=(target,),
            boards={STRANGE: candidates},
            title=STRANGE,
            description=STRANGE,
            notes=(STRANGE,),
        ),
    )


def test_a_page_holds_no_html_no_link_and_no_row_but_its_own() -> None:
    page = render(strange_board())
    assert "alert(1)" in page
    assert not HTML.search(page)
    assert [page[found.end() - 1 :].partition(")")[0] + ")" for found in LINK.finditer(page)] == [*OUR_LINKS]
    assert all(sign.isprintable() for sign in page.replace("\n", ""))
    assert not re.search(r"^ *## c", page, re.MULTILINE)
    tables = re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE)
    assert tables
    for table in tables:
        assert len({columns(line) for line in table.splitlines()}) == 1


def columns(line: str) -> int:
    """As GitHub counts them: a backslash takes away the meaning of what follows."""
    return re.sub(r"\\.", "", line).count("|")


@pytest.mark.parametrize("width", [60, 200])
def test_a_terminal_gets_nothing_that_steers_it(width: int) -> None:
    file = io.StringIO()
    console = Console(file=file, width=width, highlight=False)
    for section in sections(strange_board()):
        for line in terminal_lines(section, width):
            console.print(line)
    shown = file.getvalue()
    assert "script" in shown
    assert all(sign.isprintable() for sign in shown.replace("\n", ""))


@given(st.text(max_size=40) | st.text("<>/!|\\`[]()*#a\n\x1b", max_size=30))
@example("[a\\](b)")
@example("[a\\\\](b)")
@example("[a\\|](b)")
def test_any_text_is_one_line_without_tags_and_links(text: str) -> None:
    assert plain(text).isprintable()
    assert len(plain(text)) == len(text)
    assert inline(text).isprintable()
    assert not HTML.search(inline(text))
    assert not LINK.search(inline(text).replace("\\\\", ""))
    table = Table((text, "b"), ((text, "x"), ("y", text)), "lr")
    rows = markdown(Section("s", text, (), ((text, table),))).splitlines()
    assert len({columns(line) for line in rows if line.startswith("|")}) <= 1


def test_ordinary_words_stay_as_they_are() -> None:
    for text in (
        "**0.5 ± 0.1** †",
        "τ_w < 0.05, a > b",
        "`weightedtau`",
        "*floor:* x",
        "a\\b",
        "[x]",
        "Ünïcode 漢字 …",
    ):
        assert inline(text) == plain(text) == text
    assert plain("a\tb\r\nc\x07\u202e") == f"a b  c{UNSEEN}{UNSEEN}"
    assert inline("[a](b)") == "[a\\](b)"


def test_a_picture_is_xml_whatever_blocks_are_called() -> None:
    picture = svg(STRANGE, [Bar(STRANGE, 1.0, STRANGE)])
    assert "<script" not in picture
    assert all(sign.isprintable() for sign in picture.replace("\n", ""))


@pytest.mark.parametrize("folder", ["../x", "x/../../y", "/tmp/x", ".."])
def test_no_page_leaves_the_folder_of_pages(tmp_path: Path, folder: str) -> None:
    with pytest.raises(TbenchError, match=r"^leaderboard '.*' would not lie in .*; give the suite another name$"):
        publish([], replace(frame(), folder=folder), tmp_path / "pages")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "name", ["", "..", "../../x", "/x", "a/../b", "a/b/c", "a\nb", "a|b", "a`b", "<b>", "\x1b[31m", "."]
)
def test_no_suite_is_called_what_names_no_folder(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be called so; give its file a name of letters, digits") as caught:
        read_suite(name, SUITE)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", ["mini", "small-real", "package/mini", "my suite", "v1.2_b", "Größe"])
def test_other_names_are_free(name: str) -> None:
    assert read_suite(name, SUITE).frame(None).folder == name


def test_a_file_called_by_two_dots(tmp_path: Path) -> None:
    (tmp_path / "...toml").write_text(SUITE)
    with pytest.raises(UsageError, match="cannot be called so"):
        load_suite(str(tmp_path / "...toml"))


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('"f/one-a"', '"f/\\u001b[31m"', "an entry of suite small: candidates is .*, and a name is one line of signs"),
        ('["d/x"]', '["d/x\\n"]', "an entry of suite small: datasets is .*, and a name is one line"),
        ('"only a"', '"only\\na"', "the title of a board is .*, and a name is one line"),
        ("[protocols.quick]", '[protocols."../quick"]', "a protocol cannot be called '../quick'"),
        ("seeds = [0]", "seeds = []", "seeds is empty; give one at least"),
        ("learning_rates = [0.01, 0.1]", "learning_rates = [0.0]", "learning_rates are above 0"),
        ("steps = 10", "steps = 0", "steps and batch are 1 at least"),
        ("warmup = 0.1", "warmup = 10", "warmup is a share of the steps"),
        ("momentum = 0.9", "momentum = nan", "momentum is nan, and not a number"),
        ("weight_decays = [0.0, 5e-4]", f"weight_decays = {[0.0] * 5001}", "its grid has 10,002 runs; 10,000 are the"),
        ('["hscore"]', '"hscore"', "metrics is 'hscore', and not a list"),
    ],
)
def test_what_a_suite_may_not_hold(before: str, after: str, told: str) -> None:
    assert before in SUITE
    with pytest.raises(UsageError, match=told):
        read_suite("small", SUITE.replace(before, after))


def test_a_suite_has_no_more_pairs_than_anybody_runs() -> None:
    names = ", ".join(f'"f/{number}"' for number in range(1001))
    text = re.sub(r"(candidates|datasets) = .*", rf"\1 = [{names}]", SUITE)
    with pytest.raises(UsageError, match="has 1,002,001 pairs of a candidate and a dataset; 1,000,000 are the most"):
        read_suite("small", text)
