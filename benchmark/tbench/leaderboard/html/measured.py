"""What is pictured of records."""

from __future__ import annotations

from tbench.leaderboard.board import Board
from tbench.leaderboard.html.rows import Cell, Row, Rows
from tbench.leaderboard.html.scatter import Points
from tbench.leaderboard.pool import Line, Ranking
from tbench.leaderboard.rankings import candidates, mean_tau
from tbench.leaderboard.standing import Standing
from tbench.leaderboard.tables import CONSTANT, NOTHING, tau
from tbench.statistics import Mean


def rows_of(board: Board) -> Rows:
    """Of all candidates."""
    standings = {row.entry.label: row for row in board.standings.rows} if board.standings else {}
    regrets = {worth.scorer.label: worth.means["regret@1"] for worth in board.worths}
    prices = {price.metric: price for price in board.bill.prices} if board.bill else {}

    def row(line: Line) -> Row:
        label = line.metric.label
        standing = standings.get(label)
        return Row(
            label,
            line.metric.kind,
            line.whole,
            line.mean.value,
            mean_tau(line),
            candidates(line),
            tuple(_cell(line.rankings[name]) for name in board.whole.truth),
            _interval(standing),
            standing.group if standing else None,
            regrets.get(label),
            prices.get(line.metric),
        )

    datasets = tuple(board.names[name] for name in board.whole.truth)
    rows = tuple(map(row, board.whole.lines))
    return Rows(rows, datasets, str(len(board.frame.candidates)), board.whole.ceiling.value)


def points_of(board: Board) -> Points:
    """The mean over seeds."""
    truth, names = board.whole.truth, board.whole.candidates
    specs = {line.metric.label: line.metric.spec for line in board.whole.lines}
    keys = [*truth]

    def column(label: str, place: int) -> list[float | None]:
        by_seed = [board.scored(specs[label], keys[place], seed) for seed in board.seeds]
        return [Mean.of(scores.get(name) for scores in by_seed).value for name in names]

    return Points(
        [board.names[name] for name in names],
        _measures(board),
        [[of.get(name) for name in names] for of in truth.values()],
        [*specs],
        column,
        ", mean over seeds,",
    )


def _measures(board: Board) -> list[str]:
    if published := board.frame.published:
        return [published.measures[name] for name in board.whole.truth]
    found = {
        truth.best.key.dataset: str(truth.best.details.get("measure", "accuracy")) for truth in board.truths.values()
    }
    return [found.get(name, "accuracy") for name in board.whole.truth]


def _cell(ranking: Ranking) -> Cell:
    value = ranking.tau_w
    return Cell(value, tau(value) if value is not None else CONSTANT if ranking.constant else NOTHING)


def _interval(standing: Standing | None) -> tuple[float, float] | None:
    if standing is None or standing.low is None or standing.high is None:
        return None
    return standing.low, standing.high
