"""Printed correlations of scores that nobody else can see, and what can be said of them all the same."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tbench.leaderboard.conclusions import across
from tbench.leaderboard.tables import NOTHING, Section, Table, counted, tau
from tbench.published.facts import Published
from tbench.published.rankings import Board
from tbench.published.replay import MEAN
from tbench.published.verdict import Verdict
from tbench.statistics import Mean

TAU = "tau_w"


def printed_section(published: Published, verdicts: Sequence[Verdict], pools: Sequence[Board]) -> Section | None:
    """By pool, table and statistic: a metric without scores has a row. Their means are taken here."""
    alone = [verdict for verdict in verdicts if verdict.why == f"no scores of {verdict.metric} are public"]
    if not alone:
        return None
    several = len({(verdict.pool, verdict.table, verdict.statistic) for verdict in alone}) > 1
    same = published.weights == "both"  # otherwise the printed measure is not that of the floors
    boards = {board.title: board for board in pools}
    tables, after = [], []
    for key in dict.fromkeys((verdict.pool, verdict.table, verdict.statistic) for verdict in alone):
        pool, table, statistic = key
        cells = [verdict for verdict in alone if (verdict.pool, verdict.table, verdict.statistic) == key]
        title = f"{pool} ({table}, {statistic})"
        tables.append((title, _table(cells)))
        said = _conclusions(cells, boards[pool]) if same and statistic == TAU else []
        after += [f"{title}: {words}" if several else words for words in said]
    before = (
        "Correlations as their authors print them, of scores that nobody else can see, so that they have no interval; "
        "means over the datasets are taken here where none is printed.",
    )
    return Section("printed", "As printed", before, tuple(tables), tuple(after))


def _table(cells: Sequence[Verdict]) -> Table:
    heads = list(dict.fromkeys(verdict.dataset for verdict in cells))
    values = {(verdict.metric, verdict.dataset): verdict.published for verdict in cells}
    metrics = list(dict.fromkeys(verdict.metric for verdict in cells))
    rows = [(metric, *(values.get((metric, head), NOTHING) for head in heads)) for metric in metrics]
    if MEAN not in heads and len(heads) > 1:
        found = [Mean.of(float(v) for head in heads if (v := values.get((metric, head)))) for metric in metrics]
        rows = [(*row, tau(mean.value)) for row, mean in zip(rows, found, strict=True)]
        heads.append(MEAN)
    return Table(("metric", *heads), tuple(rows), "l" + "r" * len(heads))


def _conclusions(cells: Sequence[Verdict], board: Board) -> list[str]:
    """Floors on the very datasets that are printed, and tests that take datasets as the sample."""
    metrics = list(dict.fromkeys(verdict.metric for verdict in cells))
    datasets = [name for name in dict.fromkeys(verdict.dataset for verdict in cells) if name != MEAN]
    values = {(verdict.metric, verdict.dataset): float(verdict.published) for verdict in cells}
    printed = np.array([[values.get((metric, name), np.nan) for metric in metrics] for name in datasets])
    if not np.isfinite(printed).all():
        return []
    floors = []
    for line in board.lines:
        known = [line.rankings[truth] for name in datasets if (truth := (board.title, name)) in line.rankings]
        mean = Mean.of(ranking.agreement.tau_w for ranking in known)
        if line.floor and mean.value is not None and mean.count == len(datasets):
            above = int((printed.mean(axis=0) > mean.value).sum())
            floors.append(f"{line.metric} {tau(mean.value)} ({above} above it)")
    said = []
    if floors:
        said.append(
            f"Floors on the same {counted(len(datasets), 'dataset')}, and how many of "
            f"{counted(len(metrics), 'printed mean')} lie above: {', '.join(floors)}."
        )
    return [*said, *across(metrics, printed)]
