"""Weighted tau of each metric on each dataset, as colours and numbers."""

from __future__ import annotations

from tbench.leaderboard.board import Board
from tbench.leaderboard.html.markup import Html, tag
from tbench.leaderboard.html.rows import Row, Rows
from tbench.leaderboard.html.table import boxed, figure
from tbench.leaderboard.tables import CONSTANT, NOTHING, tau

STEPS = 10  # shades on either side of zero


def heatmap(board: Board, rows: Rows) -> Html:
    datasets = tuple(board.whole.truth)
    heads = [
        tag("th", "metric", scope="col"),
        *(tag("th", board.names[name], scope="col", class_="n") for name in datasets),
        tag("th", "mean", scope="col", class_="n"),
    ]
    table = tag(
        "table",
        tag("caption", "τ_w of each metric on each dataset"),
        tag("thead", tag("tr", *heads)),
        tag("tbody", *(_row(row, datasets) for row in rows.rows)),
        class_="sortable heat",
    )
    words = "Blue: the metric's order agrees with fine-tuning; orange: it is reversed; pale: it tells nothing."
    return figure("heatmap", "Metric × dataset", [words], boxed("Metric × dataset", table))


def _row(row: Row, datasets: tuple[str, ...]) -> Html:
    rankings = [row.line.rankings[name] for name in datasets]
    cells = [_cell(one.tau_w, CONSTANT if one.constant else NOTHING) for one in rankings]
    mean = _cell(row.mean, CONSTANT if row.line.constant else NOTHING)
    return tag("tr", tag("th", row.label, scope="row"), *cells, mean, data_kind=row.line.metric.kind)


def _cell(value: float | None, otherwise: str) -> Html:
    if value is None:
        return tag("td", otherwise, class_="n", data_sort="")
    shade = round(STEPS * max(-1.0, min(1.0, value)))
    side = "up" if shade > 0 else "down"
    return tag("td", tau(value), class_=f"n {side}{abs(shade)}" if shade else "n", data_sort=repr(value))
