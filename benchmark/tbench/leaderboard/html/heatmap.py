"""Weighted tau of each metric on each dataset, as colours and numbers."""

from __future__ import annotations

from tbench.leaderboard.html.markup import Html, tag
from tbench.leaderboard.html.rows import Cell, Row, Rows
from tbench.leaderboard.html.table import boxed, figure
from tbench.leaderboard.tables import tau

STEPS = 10  # shades on either side of zero
WORDS = "Blue: the metric's order agrees with fine-tuning; orange: it is reversed; pale: it tells nothing."


def heatmap(rows: Rows) -> Html:
    heads = [
        tag("th", "metric", scope="col"),
        *(tag("th", name, scope="col", class_="n") for name in rows.datasets),
        tag("th", "mean", scope="col", class_="n"),
    ]
    table = tag(
        "table",
        tag("caption", "τ_w of each metric on each dataset"),
        tag("thead", tag("tr", *heads)),
        tag("tbody", *map(_row, rows.rows)),
        class_="sortable heat",
    )
    title = rows.titled("Metric × dataset")
    return figure(rows.id("heatmap"), title, [WORDS], boxed(title, table))


def _row(row: Row) -> Html:
    mean = Cell(row.mean, row.shown if row.mean is None else tau(row.mean))
    cells = map(_cell, (*row.cells, mean))
    return tag("tr", tag("th", row.label, scope="row"), *cells, data_kind=row.kind)


def shade(tau: float | None) -> str | None:
    """The class of a colour; None for what is neither up nor down."""
    if tau is None:
        return None
    step = round(STEPS * max(-1.0, min(1.0, tau)))
    return f"{'up' if step > 0 else 'down'}{abs(step)}" if step else None


def _cell(cell: Cell) -> Html:
    if cell.tau is None:
        return tag("td", cell.shown, class_="n", data_sort="")
    return tag("td", cell.shown, class_=" ".join(filter(None, ["n", shade(cell.tau)])), data_sort=repr(cell.tau))
