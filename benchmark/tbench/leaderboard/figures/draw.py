"""The pictures by name, each of a whole board, as SVG that stands alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches

from tbench.errors import TbenchError, UsageError
from tbench.leaderboard.board import Board
from tbench.leaderboard.figures.cost import cost
from tbench.leaderboard.figures.difference import difference
from tbench.leaderboard.figures.heatmap import heatmap
from tbench.leaderboard.figures.pareto import pareto
from tbench.leaderboard.figures.ranking import ranking
from tbench.leaderboard.figures.scatter import scatter
from tbench.leaderboard.figures.standalone import standalone
from tbench.leaderboard.html.markup import Html
from tbench.leaderboard.html.measured import points_of, rows_of
from tbench.leaderboard.html.rows import Rows

OF_ROWS: Mapping[str, Callable[[Rows], Html | None]] = {
    "ranking": ranking,
    "heatmap": heatmap,
    "pareto": pareto,
    "difference": difference,
    "cost": cost,
}
LACKS = {
    "ranking": "no metric was scored",
    "heatmap": "no metric was scored",
    "scatter": "no candidate has both a score and a truth there",
    "pareto": "no metric that misses nothing has both a mean and seconds",
    "difference": "it takes three metrics that miss nothing and are not all alike, and two datasets",
    "cost": "no seconds were measured",
}


def draw(picture: str, board: Board, metric: str | None = None, dataset: str | None = None) -> str:
    """metric, dataset: of a scatter, as the page calls them; by default the first of each.

    UsageError for one that is not on the board. TbenchError where there is nothing to draw.
    """
    rows = rows_of(board)
    drawn = _scatter(board, rows, metric, dataset) if picture == "scatter" else OF_ROWS[picture](rows)
    if drawn is None:
        raise TbenchError(f"nothing to draw: {LACKS[picture]} ({board.frame.suite}, protocol {board.frame.protocol})")
    return standalone(drawn)


def _scatter(board: Board, rows: Rows, metric: str | None, dataset: str | None) -> Html | None:
    """A dataset may be called by its whole name, too."""
    labels, whole = [row.label for row in rows.rows], [*board.whole.truth]
    if not labels or not whole:
        return None
    label = metric if metric is None else _known("metric", metric, labels)
    if dataset is None or dataset in whole:
        target = whole.index(dataset) if dataset else 0
    else:
        target = rows.datasets.index(_known("dataset", dataset, rows.datasets))
    return scatter(rows, points_of(board), label or labels[0], target)


def _known(kind: str, wish: str, names: Sequence[str]) -> str:
    if wish not in names:
        close = get_close_matches(wish, names, n=2)
        hint = f"; did you mean {' or '.join(close)}?" if close else ""
        raise UsageError(f"no {kind} of this board is called {wish!r}{hint} (there are: {', '.join(names)})")
    return wish
