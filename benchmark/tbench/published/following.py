"""What it would have been worth to follow published scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tbench.leaderboard.following import Scorer, Worth, worth_of
from tbench.leaderboard.metrics import Kind
from tbench.leaderboard.tables import Section, counted
from tbench.leaderboard.worth import TITLE, following_section
from tbench.published.facts import Published
from tbench.published.rankings import Board, Line


def worth_sections(published: Published, pools: Sequence[Board]) -> Iterator[Section]:
    """One for each pool whose truths are shares of what could be right; how to read them stands in the first."""
    explained = False
    for board in pools:
        truth = _shares(published, board)
        if not truth or not board.lines:
            continue
        section = following_section(worths(published, board), truth)
        if len(pools) > 1:
            section = replace(section, title=f"{TITLE}: {board.title}")
        if explained:
            candidates = counted(len({name for of in truth.values() for name in of}), "candidate")
            section = replace(section, before=(f"To be read as above: {candidates}.", *section.before[1:]))
        yield section
        explained = True


def worths(published: Published, board: Board) -> list[Worth]:
    """Of each line of the board of one pool; none where its truths are no shares."""
    truth = _shares(published, board)
    return [worth_of(_scorer(line), truth) for line in board.lines] if truth else []


def _shares(published: Published, board: Board) -> dict[str, dict[str, float]]:
    """Dataset -> candidate -> share; empty where truths are none."""
    if (unit := published.unit(board.title)) is None:
        return {}
    return {
        dataset: {name: float(value) / unit for name, value in published.truth[pool, dataset].items()}
        for pool, dataset in board.truths
    }


def _scorer(line: Line) -> Scorer:
    kind: Kind = "floor" if line.floor else "metric"
    return Scorer(line.metric, kind, {dataset: {None: scores} for (_, dataset), scores in line.scores.items()})
