"""Printed correlations of scores that nobody else can see, and what can be said of them all the same."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tbench.leaderboard.conclusions import across
from tbench.leaderboard.tables import NOTHING, Section, Table, counted, tau
from tbench.published.facts import Published
from tbench.published.rankings import Board
from tbench.published.replay import MEAN
from tbench.published.sheet import Sheet, sheets
from tbench.published.verdict import Verdict

TAU = "tau_w"


def printed_section(published: Published, verdicts: Sequence[Verdict], pools: Sequence[Board]) -> Section | None:
    """By pool, table and statistic: a metric without scores has a row. Their means are taken here."""
    known = sheets(verdicts)
    if not known:
        return None
    boards = {board.title: board for board in pools}
    tables, after = [], []
    for sheet in known:
        tables.append((sheet.title, _table(sheet)))
        said = _conclusions(sheet, boards[sheet.pool]) if comparable(published, sheet) else []
        after += [f"{sheet.title}: {words}" if len(known) > 1 else words for words in said]
    before = (
        "Correlations as their authors print them, of scores that nobody else can see, so that they have no interval; "
        "means over the datasets are taken here where none is printed.",
    )
    return Section("printed", "As printed", before, tuple(tables), tuple(after))


def comparable(published: Published, sheet: Sheet) -> bool:
    """Is the printed measure that of the floors?"""
    return published.weights == "both" and sheet.statistic == TAU


def _table(sheet: Sheet) -> Table:
    heads, values = sheet.columns, sheet.values
    rows = [(metric, *(values.get((metric, head), NOTHING) for head in heads)) for metric in sheet.metrics]
    if MEAN not in heads and len(heads) > 1:
        rows = [(*row, tau(sheet.mean(row[0]).value)) for row in rows]
        heads = [*heads, MEAN]
    return Table(("metric", *heads), tuple(rows), "l" + "r" * len(heads))


def _conclusions(sheet: Sheet, board: Board) -> list[str]:
    """Floors on the very datasets that are printed, and tests that take datasets as the sample."""
    metrics, datasets, values = sheet.metrics, sheet.datasets, sheet.values
    printed = np.array([[float(values.get((metric, name), "nan")) for metric in metrics] for name in datasets])
    if not np.isfinite(printed).all():
        return []
    floors = []
    for line in board.on(datasets).lines:
        if line.floor and line.mean.value is not None and line.mean.count == len(datasets):
            above = int((printed.mean(axis=0) > line.mean.value).sum())
            floors.append(f"{line.metric} {tau(line.mean.value)} ({above} above it)")
    said = []
    if floors:
        said.append(
            f"Floors on the same {counted(len(datasets), 'dataset')}, and how many of "
            f"{counted(len(metrics), 'printed mean')} lie above: {', '.join(floors)}."
        )
    return [*said, *across(metrics, printed)]
