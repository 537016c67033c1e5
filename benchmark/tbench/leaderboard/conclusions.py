"""What the means of a pool allow one to conclude and what they do not, in words that follow from the numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tbench.leaderboard.pool import ROUNDING
from tbench.leaderboard.standing import LEVEL, SEED, Standing, Standings
from tbench.leaderboard.tables import NOTHING, counted, listed, tau
from tbench.statistics import Array, critical_difference, friedman, signed_rank


def conclusions(standings: Standings) -> list[str]:
    metrics = standings.metrics
    if not metrics:
        return []
    beyond = [row for row in metrics if row.entry.label in standings.beyond_chance]
    others = " Of the others this pool cannot say that they know anything, nor that they are useless."
    said = [
        f"Above chance (p < {LEVEL:g}, Holm over the metrics): {len(beyond)} of {counted(len(metrics), 'metric')}."
        + (others if len(beyond) < len(metrics) else "")
    ]
    whole = [row.entry.label for row in metrics if row.entry.whole]
    return [*said, *_apart(metrics), *_floors(standings, metrics), *across(whole, standings.taus)]


def across(labels: Sequence[str], taus: Array) -> list[str]:
    """Over datasets as the sample, beside the scatter over candidates; taus (datasets, metrics)."""
    found = friedman(taus) if taus.size else None
    if found is None:
        return []
    distance = critical_difference(len(labels), found.datasets, LEVEL)
    ranks = np.array(found.ranks)
    apart = int((np.abs(ranks[:, None] - ranks) > distance).sum()) // 2
    means = taus.mean(axis=0).tolist()
    first, second = sorted(range(len(labels)), key=lambda place: -means[place])[:2]
    bayes = signed_rank(taus[:, first], taus[:, second], SEED)
    p = probability(found.f_p)
    return [
        f"Across datasets: Friedman's test over {found.datasets} datasets gives p {p if p[0] == '<' else f'= {p}'}; by "
        f"Nemenyi's, mean ranks must differ by {distance:.1f} of {len(labels)}, as {apart} of "
        f"{math.comb(len(labels), 2)} pairs do. That {labels[first]} is better on another such dataset "
        f"than {labels[second]} has probability {bayes.better:.2f}, as good as equal (within .02) "
        f"{bayes.equal:.2f}, worse {bayes.worse:.2f} (Bayesian signed-rank)."
    ]


def probability(p: float | None) -> str:
    if p is None:
        return NOTHING
    return "<.001" if p < 0.001 else f"{p:.3f}"[1:] if p < 0.9995 else "1"


def half_width(rows: Sequence[Standing]) -> float | None:
    """Of the intervals, the median."""
    widths = [row.high - row.low for row in rows if row.high is not None and row.low is not None]
    return float(np.median(widths)) / 2 if widths else None


def _apart(metrics: Sequence[Standing]) -> list[str]:
    ranked = sorted((row for row in metrics if row.group is not None), key=lambda row: -(row.mean or 0.0))
    if len(ranked) < 2:
        return []
    first = [row.entry.label for row in ranked if row.group == 1]
    classes = max(row.group or 0 for row in ranked)
    verdict = (
        "so that this pool puts them in no order at all"
        if classes == 1
        else f"{counted(classes, 'class', 'classes')} in all"
    )
    return [
        f"Order: of {len(ranked)} metrics that miss nothing, {len(first)} cannot be told from the best, "
        f"{first[0]}: {listed(first)}; {verdict}. Half an interval is {half_width(ranked):.2f} wide (median): "
        "that one row stands above another in the table says little where their means differ by less. A common class "
        "is no proof of being equal."
    ]


def _floors(standings: Standings, metrics: Sequence[Standing]) -> list[str]:
    floors = [row for row in standings.rows if row.entry.kind == "floor" and row.entry.whole]
    whole = [row for row in metrics if row.entry.whole]
    if not floors or not whole:
        return []
    most, best = max(((row.mean or 0.0, row.entry.label) for row in floors), key=lambda found: found[0])
    above = sum((row.mean or 0.0) > most + ROUNDING for row in whole)
    clear = sum(row.low is not None and row.low > most for row in whole)
    return [
        f"Floors: {above} of {counted(len(whole), 'metric')} that miss nothing have a larger mean than the best "
        f"floor, {best} ({tau(most)}); {clear or 'none'} with all of the interval above it."
    ]
