"""The pictures of one board, in their order."""

from __future__ import annotations

from tbench.leaderboard.cost import Bill
from tbench.leaderboard.html.difference import difference
from tbench.leaderboard.html.heatmap import heatmap
from tbench.leaderboard.html.markup import Html
from tbench.leaderboard.html.pareto import pareto
from tbench.leaderboard.html.ranking import ranking
from tbench.leaderboard.html.rows import Rows
from tbench.leaderboard.html.scatter import Points, scatter
from tbench.leaderboard.html.spent import spent


def pictures(rows: Rows, points: Points, bill: Bill | None = None) -> tuple[Html, ...]:
    """Those that can be drawn of what is known. bill: of the seconds, where any were measured."""
    drawn = (
        ranking(rows),
        heatmap(rows),
        scatter(rows, points),
        pareto(rows),
        difference(rows),
        spent(rows, bill),
    )
    return tuple(picture for picture in drawn if picture is not None)
