"""What it would have been worth to follow published scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tbench.leaderboard.following import Scorer, worth_of
from tbench.leaderboard.metrics import Kind
from tbench.leaderboard.tables import Section, counted
from tbench.leaderboard.worth import TITLE, following_section
from tbench.published.facts import Published
from tbench.published.rankings import Board, Line


def worth_sections(published: Published, pools: Sequence[Board]) -> Iterator[Section]:
    """One for each pool whose truths are shares of what could be right; how to read them stands in the first."""
    explained = False
    for board in pools:
        unit = published.unit(board.title)
        if unit is None or not board.lines:
            continue
        truth = {
            dataset: {name: float(value) / unit for name, value in published.truth[pool, dataset].items()}
            for pool, dataset in board.truths
        }
        section = following_section([worth_of(_scorer(line), truth) for line in board.lines], truth)
        if len(pools) > 1:
            section = replace(section, title=f"{TITLE}: {board.title}")
        if explained:
            candidates = counted(len({name for of in truth.values() for name in of}), "candidate")
            section = replace(section, before=(f"To be read as above: {candidates}.", *section.before[1:]))
        yield section
        explained = True


def _scorer(line: Line) -> Scorer:
    kind: Kind = "floor" if line.floor else "metric"
    return Scorer(line.metric, kind, {dataset: {None: scores} for (_, dataset), scores in line.scores.items()})
