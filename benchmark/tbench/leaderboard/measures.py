"""Tables of all measures of agreement, as in TransRate (ICML 2022): each dataset on its own, and pool by pool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tbench.leaderboard.board import Board
from tbench.leaderboard.pool import Line
from tbench.leaderboard.rankings import blindness, competes, legend
from tbench.leaderboard.tables import CONSTANT, Section, Table, by_columns, marked, span, tau, with_best

SYMBOLS = {"pearson": "R_p", "tau": "τ_K", "tau_w": "τ_w", "spearman": "ρ_S"}


@dataclass(frozen=True)
class Row:
    """competes: for being the best of a column. last: what stands in the last one."""

    label: str
    values: Mapping[str, float | None]
    competes: bool
    constant: bool
    last: str


def datasets_section(board: Board) -> Section:
    """Pearson, Kendall, weighted Kendall and Spearman for each dataset."""
    pool = board.whole
    tables = []
    for dataset in pool.truth:
        rows = []
        for line in pool.blocks:
            ranking = line.rankings[dataset]
            label = marked(line.metric.label, saturated=ranking.saturated)
            values = {measure: ranking.mean(measure) for measure in SYMBOLS}
            ranked = span([len(ranking.ranked)], ranking.total)
            rows.append(Row(label, values, competes(line, dataset), ranking.constant, ranked))
        tables.append((board.names[dataset], _table(rows, tuple(SYMBOLS), "candidates")))
    words = "R_p: Pearson, τ_K: Kendall's τ-b, τ_w: weighted Kendall, ρ_S: Spearman."
    about = (words, *legend(pool.blocks), *blindness(pool.blocks))
    return Section("datasets", "Each dataset on its own", about, tuple(tables))


def pools_section(board: Board) -> Section:
    """The means of Pearson, Kendall and weighted Kendall over the datasets, for each smaller pool."""
    title = "Pool by pool, as in TransRate (ICML 2022)"
    if len(board.pools) == 1:
        return Section("pools", title, ("The suite names no smaller pools.",), ())
    measures = ("pearson", "tau", "tau_w")
    tables = [
        (pool.title, _table([_over(line, measures) for line in pool.blocks], measures, "targets"))
        for pool in board.pools[1:]
    ]
    words = (
        "R_p: Pearson, τ_K: Kendall's τ-b, τ_w: weighted Kendall, each a mean over the targets on which it is defined; "
        "targets: how many these are, of all."
    )
    everything = [line for pool in board.pools[1:] for line in pool.blocks]
    return Section("pools", title, (words, *legend(everything), *blindness(everything)), tuple(tables))


def _over(line: Line, measures: Sequence[str]) -> Row:
    means = {measure: line.over(measure) for measure in measures}
    counts = sorted({mean.count for mean in means.values()})
    label = marked(line.metric.label, partial=line.mean.value is not None and not line.whole, saturated=line.saturated)
    values = {measure: mean.value for measure, mean in means.items()}
    return Row(label, values, line.whole and line.metric.kind == "metric", line.constant, span(counts, line.mean.total))


def _table(rows: Sequence[Row], measures: Sequence[str], last: str) -> Table:
    columns = [[row.label for row in rows]]
    for measure in measures:
        values = [row.values[measure] for row in rows]
        shown = [CONSTANT if row.constant else tau(value) for row, value in zip(rows, values, strict=True)]
        rated = [value if row.competes else None for row, value in zip(rows, values, strict=True)]
        columns.append(with_best(shown, rated))
    columns.append([row.last for row in rows])
    header = ("metric", *(SYMBOLS[measure] for measure in measures), last)
    return Table(header, by_columns(*columns), "l" + "r" * (len(header) - 1))
