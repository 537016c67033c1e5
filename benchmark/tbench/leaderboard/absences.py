"""What is not in the tables, and why; and what else metrics said of their scores."""

from __future__ import annotations

from collections import defaultdict
from statistics import median

from tbench.leaderboard.board import Board
from tbench.leaderboard.rankings import unranked
from tbench.leaderboard.remarks import general, grouped
from tbench.leaderboard.tables import Section, Table, counted, listed
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
    after = (*unranked(board), *_spreads(board), *_warnings(board))
    before = () if tables or after else ("Nothing.",)
    return Section("absences", "What is not in these tables", before, tuple(tables), after)


def _cells(board: Board) -> tuple[tuple[str, ...], ...]:
    labels = board.labels
    found: dict[tuple[str, str, str], list[Record]] = defaultdict(list)
    for record in board.without_a_number:
        named = "calibration" if record.key.kind == "calibration" else "fine-tuning"
        what = labels.get(record.key.spec, named)
        found[what, record.status, general(record.reason, record.key)].append(record)
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


def _spreads(board: Board) -> list[str]:
    """Of metrics that draw at random and tell how much their draws differ."""
    found: dict[str, list[float]] = defaultdict(list)
    labels = board.labels
    for spec, terms in zip(board.sifted.scores.texts("spec"), board.sifted.scores.terms(), strict=True):
        if terms and (sd := terms.get("sd")) is not None:
            found[labels[spec]].append(sd)
    return [
        f"Each score of {label} is a mean over random draws; the median sd between these is {median(sds):.3g} "
        f"({counted(len(sds), 'cell')})."
        for label, sds in sorted(found.items())
    ]


def _warnings(board: Board) -> list[str]:
    said = grouped(board.sifted.scores, "warnings", board.labels, board.names)
    return ["Scores that came with a warning:", *said] if said else []


def _names(board: Board, names: list[str], everything: tuple[str, ...]) -> str:
    asked = set(names)
    present = [board.names[name] for name in everything if name in asked]
    return f"all {len(everything)}" if len(present) == len(everything) > 1 else listed(present)
