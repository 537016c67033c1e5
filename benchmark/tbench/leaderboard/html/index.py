"""One page over all suites: what each is, how far a metric gets there, and how far a floor does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from tbench.leaderboard.board import Board
from tbench.leaderboard.html.document import document
from tbench.leaderboard.html.markup import Html, joined, tag
from tbench.leaderboard.html.rows import Row, Rows
from tbench.leaderboard.html.table import boxed
from tbench.leaderboard.tables import NOTHING, tau

HEADS = ("suite", "candidates", "datasets", "metrics", "best metric", "best floor", "noise ceiling", "as text")
NUMBERS = HEADS[1:4] + HEADS[6:7]


@dataclass(frozen=True)
class Entry:
    """One page. folder: where it lies beside the index. metrics: how many order anything, floors and analyses aside."""

    folder: str
    title: str
    description: str
    candidates: int
    datasets: int
    metrics: int
    best: str
    floor: str
    ceiling: str

    @classmethod
    def of(cls, board: Board) -> Entry:
        frame, rows = board.frame, Rows.of(board)
        metrics = [row for row in rows.rows if row.line.metric.kind == "metric" and row.mean is not None]
        whole = [row for row in metrics if row.line.whole]
        return cls(
            frame.folder,
            frame.title,
            frame.description,
            len(frame.candidates),
            len(frame.datasets),
            len(metrics),
            _named(max(whole, key=lambda row: row.mean or 0.0, default=None)),
            _named(rows.floor),
            tau(rows.ceiling),
        )


@dataclass(frozen=True)
class Published:
    """A page, in Markdown, of numbers that others published."""

    folder: str
    title: str


def index_page(entries: Sequence[Entry], published: Sequence[Published]) -> str:
    heads = [tag("th", head, scope="col", class_="n" if head in NUMBERS else None) for head in HEADS]
    table = tag(
        "table",
        tag("caption", "Measured suites; best: the largest mean τ_w of what misses nothing"),
        tag("thead", tag("tr", *heads)),
        tag("tbody", *(_row(entry) for entry in entries)),
        class_="sortable",
    )
    others = [tag("li", tag("a", page.title, href=_address(page.folder, "README.md"))) for page in published]
    body = joined(
        tag("header", tag("h1", "Leaderboards of transferability estimation")),
        tag(
            "main",
            tag("p", "Which pre-trained model fine-tunes best, said before fine-tuning: how well metrics know it."),
            boxed("Measured suites", table),
            tag("h2", "Published by others, recomputed where their numbers allow it"),
            tag("ul", *others),
        ),
    )
    return document("Leaderboards of transferability estimation", body)


def _row(entry: Entry) -> Html:
    numbers = [tag("td", str(count), class_="n") for count in (entry.candidates, entry.datasets, entry.metrics)]
    link = tag("a", entry.title, href=_address(entry.folder, "index.html"))
    return tag(
        "tr",
        tag("th", link, tag("br"), tag("small", entry.description), scope="row", class_="words"),
        *numbers,
        tag("td", entry.best),
        tag("td", entry.floor),
        tag("td", entry.ceiling, class_="n"),
        tag("td", tag("a", "Markdown", href=_address(entry.folder, "README.md"))),
    )


def _address(folder: str, name: str) -> str:
    """Relative, whatever signs the folder's name has."""
    return quote(f"./{folder}/{name}")


def _named(row: Row | None) -> str:
    return NOTHING if row is None else f"{row.label} {tau(row.mean)}"
