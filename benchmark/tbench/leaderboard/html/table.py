"""The tables of the other pages, and the sections that hold them."""

from __future__ import annotations

from collections.abc import Sequence

from tbench.leaderboard.html.markup import Html, joined, prose, tag
from tbench.leaderboard.tables import Section, Table


def boxed(name: str, content: Html) -> Html:
    """It scrolls inside its box, also by keys."""
    return tag("div", content, class_="box", tabindex=0, role="region", aria_label=name)


def table_of(caption: str, table: Table) -> Html:
    """A cell that is meant to be bold is."""
    heads = [
        tag("th", prose(head), scope="col", class_=_side(side))
        for head, side in zip(table.header, table.align, strict=True)
    ]
    rows = [tag("tr", _head(row[0]), *_cells(row[1:], table.align[1:])) for row in table.rows]
    return boxed(
        caption,
        tag(
            "table",
            tag("caption", prose(caption)),
            tag("thead", tag("tr", *heads)),
            tag("tbody", *rows),
            class_="sortable",
        ),
    )


def section_of(section: Section, name: str) -> Html:
    """Closed, until somebody opens it. name: no other's on the page."""
    return tag(
        "details",
        tag("summary", tag("h3", prose(section.title))),
        *(tag("p", prose(words)) for words in section.before),
        *(table_of(title or section.title, table) for title, table in section.tables),
        *(tag("p", prose(words)) for words in section.after),
        id=f"section-{name}",
    )


def figure(name: str, title: str, words: Sequence[str], *content: Html) -> Html:
    """A part of the page that is always open."""
    told = [tag("p", prose(sentence)) for sentence in words]
    return tag(
        "section",
        tag("h2", title, id=f"{name}-title"),
        joined(*told, *content),
        id=name,
        aria_labelledby=f"{name}-title",
    )


def _head(text: str) -> Html:
    return tag("th", prose(text), scope="row")


def _cells(texts: Sequence[str], align: str) -> list[Html]:
    return [tag("td", prose(text), class_=_side(side)) for text, side in zip(texts, align, strict=True)]


def _side(side: str) -> str | None:
    return "n" if side == "r" else None
