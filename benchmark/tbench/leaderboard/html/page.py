"""The whole page: what it is of, what to know first, the pictures, all tables below, and the files beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from tbench.leaderboard.html.document import document
from tbench.leaderboard.html.entry import Entry
from tbench.leaderboard.html.markup import Html, joined, prose, tag
from tbench.leaderboard.html.table import section_of
from tbench.leaderboard.tables import Section

INDEX = "index.html"


@dataclass(frozen=True)
class Page:
    """folder: where it lies below the index. entry: what is said of it there. about: what it is, in a sentence or two.

    facts: by name, markup or prose. lead: what is to be known before any number is read. files: those beside the page,
    and what is in them. made: how. brief: the facts are few, and may be seen at once.
    """

    folder: str
    entry: Entry
    title: str
    about: str
    facts: Sequence[tuple[str, str]]
    lead: Sequence[Html | None]
    pictures: Sequence[Html]
    sections: Sequence[Section]
    files: Mapping[str, str]
    made: str
    brief: bool = False


def html_page(page: Page) -> str:
    """All in one file."""
    main = joined(
        *page.lead,
        *page.pictures,
        tag("h2", "All other tables" if page.pictures else "All tables", id="tables"),
        *map(section_of, page.sections, _names(page.sections)),
        _files(page),
        page.entry.block(),
    )
    return document(page.title, joined(_head(page), tag("main", main)))


def _names(sections: Sequence[Section]) -> list[str]:
    """The second of a name is NAME-2."""
    found: Counter[str] = Counter()
    names = []
    for section in sections:
        found[section.name] += 1
        again = found[section.name]
        names.append(section.name if again == 1 else f"{section.name}-{again}")
    return names


def _head(page: Page) -> Html:
    told = [
        joined(tag("dt", name), tag("dd", words if isinstance(words, Html) else prose(words)))
        for name, words in page.facts
    ]
    return tag(
        "header",
        _ways(page),
        tag("h1", page.title),
        tag("p", prose(page.about)),
        tag(
            "details",
            tag("summary", "Provenance" if page.brief else "Protocol and provenance"),
            tag("dl", *told),
            open=page.brief,
        ),
    )


def _ways(page: Page) -> Html:
    """To the pages beside this one."""
    above = "../" * len(PurePath(page.folder).parts)
    links = {"All leaderboards": f"{above}{INDEX}", "This page in Markdown": "README.md"}
    items = [tag("li", tag("a", words, href=address)) for words, address in links.items()]
    return tag("nav", tag("ul", *items), aria_label="Other pages")


def _files(page: Page) -> Html:
    links = [tag("li", tag("a", name, href=name), f": {words}") for name, words in page.files.items()]
    return tag(
        "section",
        tag("h2", "The numbers", id="numbers"),
        tag("ul", *links),
        tag("p", prose(page.made)),
        aria_labelledby="numbers",
    )
