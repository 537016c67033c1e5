"""Critical differences, with as much room for names as they take."""

from __future__ import annotations

from tbench.leaderboard.figures.letters import widest
from tbench.leaderboard.html.difference import diagram, differences
from tbench.leaderboard.html.markup import Html
from tbench.leaderboard.html.rows import Rows

LENGTH, BESIDE = 260, 32  # pixels: of the axis, between it and a name
RULER = "critical difference"


def difference(rows: Rows) -> Html | None:
    """None where ranks over datasets cannot be compared."""
    found = differences(rows)
    if found is None:
        return None
    names = [f"{label} {rank:.1f}" for rank, label in found.ranked]
    return diagram(found, widest([*names, RULER]) + BESIDE, LENGTH)
