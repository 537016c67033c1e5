"""What every picture stands on: an svg element that says in its title what it shows."""

from __future__ import annotations

from tbench.leaderboard.html.markup import Html, tag


def canvas(title: str, width: int, height: int, *content: object) -> Html:
    """Sizes are in pixels."""
    return tag(
        "svg",
        tag("title", title),
        *content,
        role="img",
        class_="plot",
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
    )
