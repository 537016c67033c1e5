"""What stands before the first number of a page, line by line."""

from __future__ import annotations

from collections.abc import Sequence

from tbench.leaderboard.html.markup import Html, prose, tag
from tbench.leaderboard.html.table import figure


def reading(lines: Sequence[str]) -> Html:
    """How to read the page; open, and may be closed."""
    return tag("details", tag("summary", tag("h2", "How to read this")), _listed(lines), id="reading", open=True)


def errata(lines: Sequence[str], of: str = "these numbers") -> Html | None:
    """What is wrong or strange about numbers that others published; cannot be closed. None where nothing is."""
    return figure("errata", f"What to know of {of}", (), _listed(lines)) if lines else None


def _listed(lines: Sequence[str]) -> Html:
    return tag("ul", *(tag("li", prose(line)) for line in lines))
