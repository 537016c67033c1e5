"""One page over all suites: what each is, how far a metric gets there, and how far a floor does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from tbench.leaderboard.html.document import document
from tbench.leaderboard.html.markup import Html, joined, tag
from tbench.leaderboard.html.rows import Row, Rows
from tbench.leaderboard.html.table import boxed, figure
from tbench.leaderboard.tables import NOTHING, tau

TITLE = "Leaderboards of transferability estimation"
BEST = "Best: the largest mean τ_w of what misses nothing"


@dataclass(frozen=True)
class Entry:
    """One page. folder: where it lies beside the index. The others are words.

    metrics: how many order anything, floors and analyses aside. Of several boards each is told.
    """

    folder: str
    title: str
    description: str
    candidates: str
    datasets: str
    metrics: str
    best: str
    floor: str
    ceiling: str

    @classmethod
    def of(cls, folder: str, title: str, description: str, boards: Sequence[Rows]) -> Entry:
        def each(told: Callable[[Rows], str]) -> str:
            """Once, where it is the same everywhere."""
            return "; ".join(dict.fromkeys(map(told, boards))) or NOTHING

        return cls(
            folder,
            title,
            description,
            each(lambda rows: rows.candidates),
            each(lambda rows: str(len(rows.datasets))),
            each(lambda rows: str(sum(row.kind == "metric" and row.mean is not None for row in rows.rows))),
            each(lambda rows: _named(rows.best)),
            each(lambda rows: _named(rows.floor)),
            each(lambda rows: tau(rows.ceiling)),
        )


Column = tuple[str, Callable[[Entry], str], str | None]  # what it is called, what it says, and its class

COLUMNS: tuple[Column, ...] = (
    ("candidates", lambda entry: entry.candidates, "n"),
    ("datasets", lambda entry: entry.datasets, "n"),
    ("metrics", lambda entry: entry.metrics, "n"),
    ("best metric", lambda entry: entry.best, "words"),
    ("best floor", lambda entry: entry.floor, "words"),
    ("noise ceiling", lambda entry: entry.ceiling, "n"),
)


def index_page(measured: Sequence[Entry], published: Sequence[Entry]) -> str:
    """Both kinds of pages: of suites that were measured, and of what others published."""
    body = joined(
        tag("header", tag("h1", TITLE)),
        tag(
            "main",
            tag("p", "Which pre-trained model fine-tunes best, said before fine-tuning: how well metrics know it."),
            _part("measured", "Measured suites", f"{BEST}.", measured),
            _part(
                "published",
                "Published by others, recomputed where their numbers allow it",
                f"Nothing here was measured by tbench. {BEST}; as printed, where no scores are public. A "
                "semicolon stands between the boards of a suite.",
                published,
            ),
        ),
    )
    return document(TITLE, body)


def _part(name: str, title: str, words: str, entries: Sequence[Entry]) -> Html:
    """Columns in which nothing is known of any are left out."""
    known = [column for column in COLUMNS if any(column[1](entry) != NOTHING for entry in entries)]
    heads = [tag("th", head, scope="col", class_="n" if side == "n" else None) for head, _, side in known]
    table = tag(
        "table",
        tag("caption", f"{name.capitalize()} suites"),
        tag("thead", tag("tr", tag("th", "suite", scope="col"), *heads, tag("th", "as text", scope="col"))),
        tag("tbody", *(_row(entry, known) for entry in entries)),
        class_="sortable",
    )
    return figure(name, title, [words], boxed(title, table))


def _row(entry: Entry, columns: Sequence[Column]) -> Html:
    link = tag("a", entry.title, href=_address(entry.folder, "index.html"))
    return tag(
        "tr",
        tag("th", link, tag("br"), tag("small", entry.description), scope="row", class_="words"),
        *(tag("td", told(entry), class_=side) for _, told, side in columns),
        tag("td", tag("a", "Markdown", href=_address(entry.folder, "README.md"))),
    )


def _address(folder: str, name: str) -> str:
    """Relative, whatever signs the folder's name has."""
    return quote(f"./{folder}/{name}")


def _named(row: Row | None) -> str:
    return NOTHING if row is None else f"{row.label} {tau(row.mean)}"
