"""What is not in the tables, and why."""

from __future__ import annotations

from collections import defaultdict

from tbench.leaderboard.board import Board
from tbench.leaderboard.rankings import unranked
from tbench.leaderboard.tables import Section, Table, listed
from tbench.results import Record


def absences_section(board: Board) -> Section:
    """Records that may not be mixed with the others, and cells that gave no number: counted, with their reasons."""
    tables = []
    if board.sifted.left_out:
        rows = tuple((reason, f"{count:,}") for reason, count in board.sifted.left_out.items())
        tables.append(("Records left out of this page", Table(("reason", "records"), rows, "lr")))
    if cells := _cells(board):
        header = ("metric", "status", "cells", "candidates", "datasets", "reason")
        tables.append(("Cells without a number", Table(header, cells, "llrlll")))
    before = () if tables or unranked(board) else ("Nothing.",)
    return Section("absences", "What is not in these tables", before, tuple(tables), tuple(unranked(board)))


def _cells(board: Board) -> tuple[tuple[str, ...], ...]:
    labels = {metric.spec: metric.label for metric in board.metrics}
    found: dict[tuple[str, str, str], list[Record]] = defaultdict(list)
    for record in board.sifted.records:
        if record.status != "ok":
            what = labels.get(record.key.spec, "fine-tuning")
            found[what, record.status, _general(record)].append(record)
    return tuple(
        (
            what,
            status,
            f"{len(records):,}",
            _names(board, [record.key.candidate for record in records], board.frame.candidates),
            _names(board, [record.key.dataset for record in records], board.frame.datasets),
            reason,
        )
        for (what, status, reason), records in sorted(found.items())
    )


def _general(record: Record) -> str:
    """The reason without the names of the cell, so that equal reasons are counted together."""
    reason = " ".join(record.reason.split())
    return reason.replace(record.key.candidate, "the candidate").replace(record.key.dataset, "the dataset")


def _names(board: Board, names: list[str], everything: tuple[str, ...]) -> str:
    present = [board.names[name] for name in everything if name in set(names)]
    return f"all {len(everything)}" if len(present) == len(everything) > 1 else listed(present)
