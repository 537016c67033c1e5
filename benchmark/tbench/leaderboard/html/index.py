"""One page over all suites: what each is, how far a metric gets there, and how far a floor does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote

from tbench.leaderboard.html.document import document
from tbench.leaderboard.html.entry import Entry
from tbench.leaderboard.html.markup import Html, joined, tag
from tbench.leaderboard.html.table import boxed, figure
from tbench.leaderboard.tables import NOTHING

TITLE = "Leaderboards of transferability estimation"
BEST = "Best: the largest mean τ_w of what misses nothing"

Column = tuple[str, Callable[[Entry], str], str | None]  # what it is called, what it says, and its class

COLUMNS: tuple[Column, ...] = (
    ("candidates", lambda entry: entry.candidates, "n"),
    ("datasets", lambda entry: entry.datasets, "n"),
    ("metrics", lambda entry: entry.metrics, "n"),
    ("best metric", lambda entry: entry.best, "words"),
    ("best floor", lambda entry: entry.floor, "words"),
    ("noise ceiling", lambda entry: entry.ceiling, "n"),
)


def index_page(pages: Mapping[str, Entry]) -> str:
    """pages: what each is, by the folder that it lies in beside the index."""
    measured = {folder: entry for folder, entry in pages.items() if entry.measured}
    published = {folder: entry for folder, entry in pages.items() if not entry.measured}
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


def _part(name: str, title: str, words: str, pages: Mapping[str, Entry]) -> Html | None:
    """Columns in which nothing is known of any are left out; None where there are no pages."""
    if not pages:
        return None
    known = [column for column in COLUMNS if any(column[1](entry) != NOTHING for entry in pages.values())]
    heads = [tag("th", head, scope="col", class_="n" if side == "n" else None) for head, _, side in known]
    table = tag(
        "table",
        tag("caption", f"{name.capitalize()} suites"),
        tag("thead", tag("tr", tag("th", "suite", scope="col"), *heads, tag("th", "as text", scope="col"))),
        tag("tbody", *(_row(folder, entry, known) for folder, entry in pages.items())),
        class_="sortable",
    )
    return figure(name, title, [words], boxed(title, table))


def _row(folder: str, entry: Entry, columns: Sequence[Column]) -> Html:
    link = tag("a", entry.title, href=_address(folder, "index.html"))
    return tag(
        "tr",
        tag("th", link, tag("br"), tag("small", entry.description), scope="row", class_="words"),
        *(tag("td", told(entry), class_=side) for _, told, side in columns),
        tag("td", tag("a", "Markdown", href=_address(folder, "README.md"))),
    )


def _address(folder: str, name: str) -> str:
    """Relative, whatever signs the folder's name has."""
    return quote(f"./{folder}/{name}")
