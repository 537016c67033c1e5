"""How sure the means of published scores are; where none are public, what the pool alone tells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tbench.leaderboard.certainty import TITLE, section_of
from tbench.leaderboard.conclusions import half_width
from tbench.leaderboard.lineup import Lineup
from tbench.leaderboard.standing import Standings
from tbench.leaderboard.tables import Section, counted, tau
from tbench.published.findings import Findings
from tbench.published.rankings import Board


def sureness_sections(findings: Findings) -> Iterator[Section]:
    """One for each pool that anything ranks; how to read them stands in the first."""
    explained = False
    for board in findings.pools:
        if board.title not in findings.sure:
            continue
        lineup, standings = findings.sure[board.title]
        section = section_of(lineup, standings, TITLE if len(findings.pools) == 1 else f"{TITLE}: {board.title}")
        if explained:
            section = replace(section, before=(_as_above(lineup, standings),))
        if not standings.metrics:
            section = replace(section, after=(_without_scores(board, lineup, standings), *section.after))
        yield section
        explained = True


def _as_above(lineup: Lineup, standings: Standings) -> str:
    how = "all orders there are" if standings.exact else f"{standings.shuffles:,} random orders"
    drawn = f"{counted(len(lineup.candidates), 'candidate')}, {counted(lineup.datasets, 'dataset')}; p from {how}"
    return f"To be read as above: {drawn}."


def _without_scores(board: Board, lineup: Lineup, standings: Standings) -> str:
    """What a mean of this pool can be worth, whoever's it is."""
    reached = f"a random order reaches a mean τ_w of {tau(board.chance.quantile if board.chance else None)}"
    said = [
        "No scores are public, so that no metric has an interval: it takes them candidate by candidate. Of "
        f"{counted(len(lineup.candidates), 'candidate')} on {counted(lineup.datasets, 'dataset')}, {reached} in 5 of "
        "100 draws."
    ]
    if (width := half_width(standings.rows)) is not None:
        said.append(
            f"Half an interval of a floor is {width:.2f} wide (median). A mean that is printed has an interval, too, "
            "though nobody can tell it: a difference of .02 between two of them is to be held against that."
        )
    return " ".join(said)
