"""What the means of a page allow one to conclude and what they do not: numbers, and words that follow from them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tbench.leaderboard.board import Board
from tbench.leaderboard.metrics import Kind
from tbench.leaderboard.pool import ROUNDING
from tbench.leaderboard.rankings import candidates
from tbench.leaderboard.standing import (
    LEAST_CANDIDATES,
    LEAST_DRAWS,
    LEVEL,
    PICKS,
    SEED,
    Standing,
    Standings,
    find_standings,
    too_large,
    truths_of,
)
from tbench.leaderboard.tables import NOTHING, Section, Table, counted, listed, marked, percent, tau
from tbench.statistics import (
    Mean,
    agreement,
    concordance,
    critical_difference,
    friedman,
    mean_known,
    ranks_elsewhere,
    signed_rank,
)

TITLE = "How sure that is"
FEW_CANDIDATES = 8  # fewer have less than 70 halves
HEADINGS: tuple[tuple[Kind, str], ...] = (("metric", ""), ("floor", "Floors"))


def certainty_section(board: Board) -> Section:
    """Metrics and floors down; interval, parts of the scatter, p, share of the ceiling, regret, class and coverage."""
    if too_large(board):
        words = f"Left out: even {LEAST_DRAWS:,} draws of a pool of this size would take too long."
        return Section("certainty", TITLE, (words,), ())
    standings = find_standings(board)
    if standings is None:
        return Section("certainty", TITLE, ("No row orders anything yet.",), (), ())
    before = (_legend(standings), *_missing(board, standings))
    tables = tuple(
        (title, _table(rows))
        for kind, title in HEADINGS
        if (rows := [row for row in standings.rows if row.line.metric.kind == kind])
    )
    return Section("certainty", TITLE, before, tables, (*_conclusions(standings), *_pool(board, standings)))


def _table(rows: Sequence[Standing]) -> Table:
    header = (
        *("row", "mean τ_w", "95 % interval", "models", "seeds", "repeats", "without any one", "p", "of ceiling"),
        *(f"regret@{k}" for k in PICKS),
        *("class", "candidates"),
    )
    return Table(header, tuple(_cells(row) for row in rows), "l" + "r" * (len(header) - 1))


def _cells(row: Standing) -> tuple[str, ...]:
    return (
        row.line.metric.label,
        marked(tau(row.mean), partial=not row.line.whole, saturated=row.line.saturated),
        _span(row.low, row.high),
        *(tau(part) for part in (row.models, row.seeds, row.repeats)),
        _span(row.least, row.most),
        _probability(row.p),
        NOTHING if row.share is None else f"{100 * row.share:z.0f} %",
        *(NOTHING if regret is None else percent(regret) for regret in row.regrets),
        NOTHING if row.group is None else str(row.group),
        candidates(row.line),
    )


def _legend(standings: Standings) -> str:
    how = "all there are" if standings.exact else f"{standings.shuffles:,} at random"
    return (
        "Models, seeds, repeats: the sd of the mean when other candidates are drawn (halves of the pool, none twice), "
        "other seeds of the truth (which may redraw training images), other repeats of the scores; the interval holds "
        "all three, so that it is rather too wide: each candidate brings noise of its truth along. "
        "Without any one: the means when one candidate is left out. "
        f"p: how often shuffled candidates, in the same order on all datasets ({how}), agree as well; the random "
        "orders of the section above are drawn for each dataset on its own, which asks for less where datasets rank "
        "alike. Of ceiling: the share of what one half of the seeds tells of the other, both on the same held-out "
        "seeds; it may pass 100 %. "
        "Regret@k: points of accuracy lost by fine-tuning the k highest scores only. Class: metrics that cannot be "
        "told from the first of their class (95 %, Holm over all pairs); only of metrics that miss nothing."
    )


def _missing(board: Board, standings: Standings) -> list[str]:
    """What is not shown, and why."""
    rows, pool = standings.rows, board.whole
    said = []
    if len(pool.candidates) < LEAST_CANDIDATES:
        said.append(f"No intervals and classes: they take {LEAST_CANDIDATES} candidates.")
    elif len(pool.candidates) < FEW_CANDIDATES:
        said.append(
            f"Halves of {len(pool.candidates)} candidates tell little: an interval without width says that they all "
            "agree, not that the mean is certain, and classes are finer than they should be."
        )
    if all(row.share is None for row in rows):
        said.append("No seeds and share of the ceiling: they take the truths of two seeds.")
    if all(row.repeats is None for row in rows):
        said.append("No repeats: they take scores of two seeds.")
    if len(pool.truth) < 2:
        said.append("Nothing across datasets: there is but one that ranks candidates.")
    shown = {row.line.metric for row in rows}
    if undefined := [
        line.metric.label for line in pool.blocks if line.metric.kind != "analysis" and line.metric not in shown
    ]:
        said.append(f"Without an order, so not here: {', '.join(undefined)}.")
    said.append(
        "Not shown: the part of the target's images alone, since scores of single images are not stored (they are seen "
        "through repeats); scores of what depends on the pool, made anew in each subset."
    )
    return [" ".join(said)]


def _conclusions(standings: Standings) -> list[str]:
    metrics = [row for row in standings.rows if row.line.metric.kind == "metric"]
    if not metrics:
        return []
    beyond = [row for row in metrics if row.line.metric.label in standings.beyond_chance]
    said = [
        f"Above chance (p < {LEVEL:g}, Holm over the metrics): {len(beyond)} of {counted(len(metrics), 'metric')}. "
        "Of the others this pool cannot say that they know anything, nor that they are useless."
    ]
    return [*said, *_apart(metrics), *_floors(standings, metrics), *_across(standings, metrics)]


def _apart(metrics: Sequence[Standing]) -> list[str]:
    ranked = sorted((row for row in metrics if row.group is not None), key=lambda row: -row.mean)
    if len(ranked) < 2:
        return []
    first = [row.line.metric.label for row in ranked if row.group == 1]
    classes = max(row.group or 0 for row in ranked)
    widths = [row.high - row.low for row in ranked if row.high is not None and row.low is not None]
    verdict = (
        "so that this pool puts them in no order at all"
        if classes == 1
        else f"{counted(classes, 'class', 'classes')} in all"
    )
    return [
        f"Order: of {len(ranked)} metrics that miss nothing, {len(first)} cannot be told from the best, "
        f"{first[0]}: {listed(first)}; {verdict}. Half an interval is {np.median(widths) / 2:.2f} wide (median): "
        "that one row stands above another in the table says little where their means differ by less. A common class "
        "is no proof of being equal."
    ]


def _floors(standings: Standings, metrics: Sequence[Standing]) -> list[str]:
    floors = [row for row in standings.rows if row.line.metric.kind == "floor" and row.line.whole]
    whole = [row for row in metrics if row.line.whole]
    if not floors or not whole:
        return []
    best = max(floors, key=lambda row: row.mean)
    above = sum(row.mean > best.mean + ROUNDING for row in whole)
    clear = sum(row.low is not None and row.low > best.mean for row in whole)
    return [
        f"Floors: {above} of {counted(len(whole), 'metric')} that miss nothing have a larger mean than the best "
        f"floor, {best.line.metric.label} ({tau(best.mean)}); {clear or 'none'} with all of the interval above it."
    ]


def _across(standings: Standings, metrics: Sequence[Standing]) -> list[str]:
    """Over datasets as the sample, beside the scatter over candidates."""
    whole = [row for row in metrics if row.line.whole]
    found = friedman(standings.taus) if standings.taus.size else None
    if found is None:
        return []
    distance = critical_difference(len(whole), found.datasets, LEVEL)
    ranks = np.array(found.ranks)
    apart = int((np.abs(ranks[:, None] - ranks) > distance).sum()) // 2
    first, second = sorted(range(len(whole)), key=lambda place: -whole[place].mean)[:2]
    bayes = signed_rank(standings.taus[:, first], standings.taus[:, second], SEED)
    return [
        f"Across datasets: Friedman's test over {found.datasets} datasets gives p {_sign(found.f_p)}; by "
        f"Nemenyi's, mean ranks must differ by {distance:.1f} of {len(whole)}, as {apart} of "
        f"{math.comb(len(whole), 2)} pairs do. That {whole[first].line.metric.label} is better on another such dataset "
        f"than {whole[second].line.metric.label} has probability {bayes.better:.2f}, as good as equal (within .02) "
        f"{bayes.equal:.2f}, worse {bayes.worse:.2f} (Bayesian signed-rank)."
    ]


def _pool(board: Board, standings: Standings) -> list[str]:
    """How much there is for a metric to know that one list for all datasets does not."""
    pool = board.whole
    truth = mean_known(truths_of(board), axis=1)
    found = concordance(truth)
    elsewhere = ranks_elsewhere(truth)
    taus = []
    for row, of in zip(elsewhere, truth, strict=True):
        both = np.isfinite(row) & np.isfinite(of)
        taus.append(agreement(row[both], of[both]).tau_w)
    floor = Mean.of(taus).value
    winner = board.names[pool.candidates[found.winner]]
    agreed = (
        "Kendall's W is not defined"
        if found.w is None
        else f"Kendall's W of the truths is {found.w:.2f} (1: the same order on all {found.datasets} datasets)"
    )
    said = [
        f"The pool: {agreed}; {winner} is best on {100 * found.won:.0f} % of them; the best candidate leaves "
        f"{percent(found.head_room)} points to 100 on average."
    ]
    if floor is not None:
        metrics = [row for row in standings.rows if row.line.metric.kind == "metric"]
        above = sum(row.mean > floor + ROUNDING for row in metrics)
        said.append(
            f"The list that ranks by the mean rank on the other datasets gets a mean τ_w of {tau(floor)}; {above} of "
            f"{counted(len(metrics), 'metric')} above it."
        )
        if found.trivial:
            said.append("W is above .8: a mean of this pool is never to be quoted without that list's beside it.")
    return [" ".join(said)]


def _span(low: float | None, high: float | None) -> str:
    return NOTHING if low is None or high is None else f"{low:z.2f} to {high:z.2f}"


def _sign(p: float) -> str:
    shown = _probability(p)
    return shown if shown.startswith("<") else f"= {shown}"


def _probability(p: float | None) -> str:
    if p is None:
        return NOTHING
    return "<.001" if p < 0.001 else f"{p:.3f}"[1:] if p < 0.9995 else "1"
