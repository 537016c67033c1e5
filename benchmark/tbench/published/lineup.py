"""What the page of a published suite compares."""

from __future__ import annotations

import numpy as np

from tbench.leaderboard.lineup import Entry, Lineup, in_order
from tbench.published.facts import Published
from tbench.published.rankings import Board, Line
from tbench.published.rounding import numbers
from tbench.statistics import Study, orders

UNSEEN = (
    "Not shown, since one truth and one score of each candidate are public: what another fine-tuning, other images or "
    "other draws of a metric would change; scores of what depends on the pool, made anew in each subset."
)


def lineup_of(published: Published, board: Board) -> Lineup | None:
    """Of the board of one pool; None where nothing ranks its candidates, or its truth orders none."""
    truths = [truth for truth in board.truths if orders(numbers(published.truth[truth].values()))]
    if not (board.lines and truths):
        return None
    candidates = tuple(dict.fromkeys(name for truth in truths for name in published.truth[truth]))
    unit = published.unit(board.title)
    columns = [{name: float(value) for name, value in published.truth[truth].items()} for truth in truths]
    study = Study(
        np.array([[[in_order(line.scores[truth], candidates) for line in board.lines]] for truth in truths]),
        np.array([[in_order(column, candidates)] for column in columns]) / (unit or 1.0),
    )
    return Lineup(tuple(map(_entry, board.lines)), study, candidates, unit is not None, UNSEEN)


def ranked(line: Line) -> str:
    """How many of the cells of candidate and dataset have a score."""
    of, total = (sum(getattr(each, name) for each in line.rankings.values()) for name in ("of", "total"))
    return "all" if of == total else f"{of} of {total} cells"


def _entry(line: Line) -> Entry:
    return Entry(line.metric, "floor" if line.floor else "metric", line.whole, False, ranked(line))
