"""The whole page: what it is of, how to read it, the table, the pictures, and all other tables below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tbench.leaderboard.board import Board
from tbench.leaderboard.html.difference import difference
from tbench.leaderboard.html.document import document
from tbench.leaderboard.html.heatmap import heatmap
from tbench.leaderboard.html.markup import Html, joined, prose, tag
from tbench.leaderboard.html.pareto import pareto
from tbench.leaderboard.html.ranking import ranking
from tbench.leaderboard.html.rows import Rows
from tbench.leaderboard.html.scatter import scatter
from tbench.leaderboard.html.spent import spent
from tbench.leaderboard.html.table import section_of
from tbench.leaderboard.tables import Section


def html_page(
    board: Board,
    facts: Sequence[tuple[str, str]],
    reading: Sequence[str],
    sections: Sequence[Section],
    files: Mapping[str, str],
) -> str:
    """All in one file. facts, reading: what stands at the head. files: those beside the page, and what is in them."""
    rows = Rows.of(board)
    figures = (
        ranking(rows),
        heatmap(board, rows),
        scatter(board, rows),
        pareto(rows),
        difference(board.standings),
        spent(rows, board.bill),
    )
    main = joined(
        _reading(reading),
        *figures,
        tag("h2", "All other tables", id="tables"),
        *(section_of(section) for section in sections),
        _files(files),
    )
    title = f"Leaderboard: {board.frame.title}"
    return document(title, joined(_head(board, title, facts), tag("main", main)))


def _head(board: Board, title: str, facts: Sequence[tuple[str, str]]) -> Html:
    description = board.frame.description
    told = [joined(tag("dt", name), tag("dd", prose(words))) for name, words in facts]
    return tag(
        "header",
        tag("h1", title),
        tag("p", prose(f"{description[:1].upper()}{description[1:]}.")),
        tag("details", tag("summary", "Protocol and provenance"), tag("dl", *told)),
    )


def _reading(reading: Sequence[str]) -> Html:
    lines = [tag("li", prose(line)) for line in reading]
    return tag("details", tag("summary", tag("h2", "How to read this")), tag("ul", *lines), id="reading", open=True)


def _files(files: Mapping[str, str]) -> Html:
    links = [tag("li", tag("a", name, href=name), f": {words}") for name, words in files.items()]
    return tag("section", tag("h2", "The numbers", id="numbers"), tag("ul", *links), aria_labelledby="numbers")
