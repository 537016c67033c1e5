"""What stands before the first number of a page, line by line."""

from __future__ import annotations

from collections.abc import Sequence

from tbench.leaderboard.html.markup import Html, prose, tag


def reading(lines: Sequence[str]) -> Html:
    """How to read the page; open, and may be closed."""
    return tag("details", tag("summary", tag("h2", "How to read this")), _listed(lines), id="reading", open=True)


def errata(lines: Sequence[str]) -> Html:
    """What is wrong or strange about the numbers; cannot be closed."""
    title = tag("h2", "What to know of these numbers", id="errata-title")
    return tag("section", title, _listed(lines), id="errata", aria_labelledby="errata-title")


def _listed(lines: Sequence[str]) -> Html:
    return tag("ul", *(tag("li", prose(line)) for line in lines))
