"""The same tables in a terminal: nothing is cut off, however narrow it is."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from tbench.leaderboard.board import make_board
from tbench.leaderboard.claim import RankingClaim
from tbench.leaderboard.page import sections
from tbench.leaderboard.tables import Section, Table
from tbench.leaderboard.terminal import terminal_lines
from tbench.results import Record

from .made import varied_store, whole_frame, whole_store


def shown(section: Section, width: int, color: bool = False) -> str:
    file = io.StringIO()
    system = "standard" if color else None
    console = Console(file=file, width=width, highlight=False, force_terminal=color, color_system=system)
    for line in terminal_lines(section, console.width):
        console.print(line)
    return file.getvalue()


WIDE = Table(
    ("metric", *(f"dataset-{number}" for number in range(8)), "mean"),
    (("good+ped", *["**0.123 ± 0.045**"] * 8, "0.5"), ("poor", *["-0.001"] * 8, "–")),
    "l" + "r" * 9,
)


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_every_cell_is_there_at_any_width(width: int) -> None:
    text = shown(Section("x", "A title", (), (("", WIDE),)), width)
    assert max(cell_len(line.rstrip()) for line in text.splitlines()) <= width
    assert text.count("0.123 ± 0.045") == 8
    assert text.count("-0.001") == 8
    assert text.count("good+ped") == text.count("metric") == {40: 5, 80: 2, 120: 2, 200: 1}[width]
    for head in WIDE.header:
        assert head in text


@pytest.mark.parametrize("width", [80, 160])
@pytest.mark.parametrize("store", [whole_store, varied_store])
def test_a_whole_page_in_a_terminal(width: int, store: Callable[[], list[Record]]) -> None:
    for section in sections(make_board(store(), whole_frame())):
        text = shown(section, width)
        assert section.title in text
        assert "**" not in text
        assert "…" not in text
        assert max(cell_len(line.rstrip()) for line in text.splitlines()) <= width


def test_variants_and_marks_are_those_of_the_page() -> None:
    agreement, variants = sections(make_board(varied_store(), whole_frame()), ["agreement", "variants"])
    assert shown(agreement, 80).count("‡") == sum(row.count("‡") for row in map(str, agreement.tables[0][1].rows)) + 1
    for label in ("good:as=old", "good+ped:as=wide", "lost:as=a"):
        assert label in shown(variants, 80)
        assert label not in shown(agreement, 80)


@pytest.mark.parametrize("width", [40, 80, 160])
def test_claims_are_folded_and_not_cut(width: int) -> None:
    says = "this metric ranks the layers of a network so well that nothing else is needed"
    claims = (RankingClaim(says, "Somebody and Somebody Else, 2023", "good", ("without m/a",)),)
    (section,) = (
        one
        for one in sections(make_board(whole_store(), replace(whole_frame(), claims=claims)))
        if one.name == "claims"
    )
    text = shown(section, width)
    assert max(cell_len(line.rstrip()) for line in text.splitlines()) <= width
    assert "…" not in text
    words = {word for row in section.tables[0][1].rows for cell in row for word in cell.split()}
    assert words <= set(text.split())


def test_the_best_is_bold() -> None:
    text = shown(
        Section("x", "t", (), (("", Table(("a", "b"), (("m", "**1.0**"), ("n", "0.5")), "lr")),)), 80, color=True
    )
    assert "\x1b[1m1.0\x1b[0m" in text
    assert "\x1b[1m0.5" not in text


def test_long_words_are_folded_and_not_cut() -> None:
    reason = "the candidate has no head for source classes, and none can be made for it"
    table = Table(("metric", "reason"), (("leep", reason),), "ll")
    assert " ".join(shown(Section("x", "t", (), (("", table),)), 50).split()).endswith(reason)
