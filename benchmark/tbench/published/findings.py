"""All that the numbers of a published suite come to, found once for all of its pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from tbench.leaderboard.lineup import Lineup
from tbench.leaderboard.standing import Standings, find_standings
from tbench.published.facts import Published
from tbench.published.lineup import lineup_of
from tbench.published.rankings import Board, boards, by_pool
from tbench.published.replay import replay
from tbench.published.verdict import Verdict


@dataclass(frozen=True)
class Findings:
    published: Published
    verdicts: Sequence[Verdict]

    @classmethod
    def of(cls, published: Published) -> Findings:
        return cls(published, replay(published))

    @cached_property
    def boards(self) -> list[Board]:
        """As in the tables."""
        return boards(self.published)

    @cached_property
    def pools(self) -> list[Board]:
        """Each for itself."""
        return self.boards if all(board.title for board in self.boards) else by_pool(self.published)

    @cached_property
    def sure(self) -> dict[str, tuple[Lineup, Standings]]:
        """Of each pool that anything ranks, by its name."""
        found = {board.title: self.sure_of(board) for board in self.pools}
        return {title: known for title, known in found.items() if known}

    def sure_of(self, board: Board) -> tuple[Lineup, Standings] | None:
        """Of the board of one pool, or of a part of it."""
        lineup = lineup_of(self.published, board)
        standings = find_standings(lineup) if lineup else None
        return (lineup, standings) if lineup and standings else None
