"""How much there is for a metric to know that one list for all datasets does not."""

from __future__ import annotations

import numpy as np

from tbench.leaderboard.lineup import Lineup
from tbench.leaderboard.pool import ROUNDING
from tbench.leaderboard.standing import Standings
from tbench.leaderboard.tables import counted, percent, tau
from tbench.statistics import Array, Mean, agreement, concordance, ranks_elsewhere


def hierarchy(lineup: Lineup, standings: Standings) -> list[str]:
    truth = lineup.study.truth
    found = concordance(truth)
    agreed = (
        "Kendall's W is not defined"
        if found.w is None
        else f"Kendall's W of the truths is {found.w:.2f} (1: the same order on all {found.datasets} datasets)"
    )
    room = f"; the best candidate leaves {percent(found.head_room)} points to 100 on average" if lineup.shares else ""
    winner = f"{lineup.candidates[found.winner]} is best"
    if lineup.datasets < 2:
        return [f"The pool: {winner}{room}."]
    said = [f"The pool: {agreed}; {winner} on {100 * found.won:.0f} % of them{room}."]
    floor = _list_elsewhere(truth)
    if floor is not None:
        metrics = standings.metrics
        above = sum((row.mean or 0.0) > floor + ROUNDING for row in metrics)
        those = f"; {above} of {counted(len(metrics), 'metric')} above it" if metrics else ""
        said.append(
            f"The list that ranks by the mean rank on the other datasets gets a mean τ_w of {tau(floor)}{those}."
        )
        if found.trivial:
            said.append("W is above .8: a mean of this pool is never to be quoted without that list's beside it.")
    return [" ".join(said)]


def _list_elsewhere(truth: Array) -> float | None:
    taus = []
    for row, of in zip(ranks_elsewhere(truth), truth, strict=True):
        both = np.isfinite(row) & np.isfinite(of)
        taus.append(agreement(row[both], of[both]).tau_w)
    return Mean.of(taus).value
