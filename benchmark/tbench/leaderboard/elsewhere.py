"""How far means hold elsewhere: without one family, in smaller pools, from one dataset to another."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from tbench.leaderboard.board import Board
from tbench.leaderboard.certainty import span
from tbench.leaderboard.measured import study_of
from tbench.leaderboard.pool import Line
from tbench.leaderboard.rankings import legend
from tbench.leaderboard.standing import LEAST_CANDIDATES, LEVEL, SEED
from tbench.leaderboard.tables import NOTHING, POOLED, Section, Table, counted, listed, marked, tau
from tbench.statistics import (
    by_size,
    critical_difference,
    friedman,
    left_out,
    setup_stability,
    wilcoxon_pairs,
)

Array = NDArray[np.float64]

TITLE = "In other pools"
WORK = 800_000_000  # comparisons of two scores that one table may take, some two seconds
DRAWS = 1_000
LEAST_DRAWS = 100
SIZES = 6
MOST_PAIRS = 2_000  # of metrics that are tested one by one, some two seconds
FEW_PAIRS = 6


@dataclass(frozen=True)
class Part:
    """Of the section: tables, what they mean and what is missing, what follows from them."""

    before: tuple[str, ...] = ()
    tables: tuple[tuple[str, Table], ...] = ()
    after: tuple[str, ...] = ()


def elsewhere_section(board: Board) -> Section:
    """Tables of pools without one family and of random pools; then how metrics compare over datasets."""
    lines = [line for line in board.whole.blocks if line.metric.kind != "analysis" and line.mean.value is not None]
    if not lines:
        return Section("elsewhere", TITLE, ("No row orders anything yet.",), ())
    parts = (_families(board, lines), _sizes(board, lines), _datasets(lines))
    tables = tuple(table for part in parts for table in part.tables)
    marks = []
    if tables:
        marks = legend(lines)
    if tables and any(line.metric.pooled for line in lines):
        marks.append(
            f"{POOLED} its scores come from the whole pool: no record says what they would be in another, so that they "
            "are the same here in any."
        )
    return Section(
        "elsewhere",
        TITLE,
        (*(words for part in parts for words in part.before), *marks),
        tables,
        tuple(words for part in parts for words in part.after),
    )


def _families(board: Board, lines: Sequence[Line]) -> Part:
    """The means when all candidates of one kind are left out."""
    families = board.frame.families
    if not families:
        return Part((f"No pools without one family: suite {board.frame.suite} names no families of candidates.",))
    if _work(board, lines) * len(families) > WORK:
        return Part(("No pools without one family: in a pool of this size they would take too long.",))
    there = {name for truth in board.whole.truth.values() for name in truth}
    sizes = {family: sum(name in there for name in members) for family, members in families.items()}
    tried = [family for family, size in sizes.items() if size and len(there) - size >= LEAST_CANDIDATES]
    if not tried:
        return Part((f"No pools without one family: none leaves {LEAST_CANDIDATES} candidates.",))
    of = {name: family for family, members in families.items() for name in members}
    study = study_of(board, lines)
    found = left_out(study, [of[name] for name in board.whole.candidates])
    means = {family: found[family] for family in tried}
    counts = ", ".join(f"{family} ({size})" for family, size in sizes.items() if size)
    said = [f"Families, and how many candidates each has: {counts}."]
    if rest := [family for family, size in sizes.items() if size and family not in tried]:
        said.append(f"Without {listed(rest)} fewer than {LEAST_CANDIDATES} are left, so that it is not left out.")
    header = ("row", "mean τ_w", "without any one family", "moved most without", "to")
    rows = tuple(
        _moved(line, {name: float(several[place]) for name, several in means.items()})
        for place, line in enumerate(lines)
    )
    table = Table(header, rows, "lrrlr")
    return Part((" ".join(said),), (("Without one family", table),), _best_without(lines, means))


def _moved(line: Line, means: Mapping[str, float]) -> tuple[str, ...]:
    whole = line.mean.value or 0.0
    known = {family: mean for family, mean in means.items() if math.isfinite(mean)}
    if not known:
        return (_label(line), tau(whole), *[NOTHING] * 3)
    most = max(known, key=lambda family: abs(known[family] - whole))
    return _label(line), tau(whole), span(min(known.values()), max(known.values())), most, tau(known[most])


def _best_without(lines: Sequence[Line], means: Mapping[str, Array]) -> tuple[str, ...]:
    """Of metrics that miss nothing."""
    rivals = [place for place, line in enumerate(lines) if line.metric.kind == "metric" and line.whole]
    if len(rivals) < 2:
        return ()
    best = []
    for family, of in means.items():
        several = of[rivals]
        if np.isfinite(several).any():
            first = lines[rivals[int(np.nanargmax(several))]]
            best.append(f"{family}: {_named(first)} ({tau(float(np.nanmax(several)))})")
    return (f"Best of the metrics that miss nothing without {'; without '.join(best)}.",) if best else ()


def _sizes(board: Board, lines: Sequence[Line]) -> Part:
    """The means of random pools, of metrics and floors that miss nothing."""
    whole = [line for line in lines if line.whole]
    sizes = pool_sizes(len(board.whole.candidates))
    if not whole:
        return Part(("No random pools: every row misses some candidate, dataset or seed.",))
    if len(sizes) < 2:
        return Part((f"No random pools: there are no more than {LEAST_CANDIDATES} candidates.",))
    draws = min(DRAWS, WORK // (_work(board, whole) * len(sizes)))
    if draws < LEAST_DRAWS:
        return Part((f"No random pools: even {LEAST_DRAWS} of each size would take too long.",))
    found = by_size(study_of(board, whole), sizes, SEED, draws)
    header = ("mean τ_w in pools of", *map(str, sizes))
    rows = tuple((_label(line), *(_range(of[:, place]) for of in found.values())) for place, line in enumerate(whole))
    words = (
        f"Random pools: of each size up to {draws:,} are drawn from the candidates, none twice in one; shown is the "
        "mean over the pools of the mean τ_w, and the range of the middle 95 %. Larger pools share most of their "
        "candidates, so that the range closes towards the whole: it says what a smaller study might have found, and "
        "not how sure the mean of the whole is. Only rows that miss nothing."
    )
    table = Table(header, rows, "l" + "r" * len(sizes))
    return Part((words,), (("Random pools", table),), _small_study(whole, found))


def pool_sizes(candidates: int) -> tuple[int, ...]:
    """From the fewest that halves are made of to all, evenly, in not too many steps."""
    room = candidates - LEAST_CANDIDATES
    step = 2 * max(1, math.ceil(room / (2 * (SIZES - 1))))
    return (*range(LEAST_CANDIDATES, candidates, step), candidates) if room >= 0 else ()


def _small_study(lines: Sequence[Line], found: Mapping[int, Array]) -> tuple[str, ...]:
    metrics = [(line.mean.value or 0.0, place) for place, line in enumerate(lines) if line.metric.kind == "metric"]
    if not metrics:
        return ()
    _, best = max(metrics, key=lambda one: one[0])
    size = min(found)
    of = found[size][:, best]
    known = of[np.isfinite(of)]
    if not known.size:
        return ()
    low, high = np.quantile(known, [0.025, 0.975])
    return (
        f"A study of {size} of these candidates might have found a mean τ_w of {low:z.2f} as well as one of "
        f"{high:z.2f} for {_named(lines[best])}, the best metric that misses nothing.",
    )


def _range(values: Array) -> str:
    known = values[np.isfinite(values)]
    if not known.size:
        return NOTHING
    mean = f"{known.mean():z.2f}"
    if len(values) == 1:
        return mean
    low, high = np.quantile(known, [0.025, 0.975])
    return f"{mean} ({span(low, high)})"


def _datasets(lines: Sequence[Line]) -> Part:
    """Do datasets put metrics in one order, and which of these can be told apart by that?"""
    metrics = [line for line in lines if line.metric.kind == "metric" and line.whole]
    if len(metrics) < 2:
        return Part((f"No metrics over datasets: {len(metrics)} of them miss nothing, and it takes two.",))
    taus = np.array([[one.tau_w for one in line.rankings.values()] for line in metrics], dtype=np.float64).T
    if len(taus) < 2:
        return Part(("No metrics over datasets: there is but one dataset that ranks candidates.",))
    return Part(after=(*_stability(taus), _apart(taus, [line.metric.label for line in metrics])))


def _stability(taus: Array) -> list[str]:
    stable = setup_stability(taus)
    if stable.value is None:
        return []
    return [
        "Set-up stability (Agostinelli et al., How stable are transferability metrics evaluations?, ECCV 2022): the "
        f"orders in which two datasets put the {taus.shape[1]} metrics that miss nothing agree with a Kendall τ of "
        f"{stable.value:z.2f}, the mean over {counted(stable.count, 'pair')} of datasets. 1: which metric is better "
        "does not depend on the dataset; 0: what is found on one tells nothing of another."
    ]


def _apart(taus: Array, labels: Sequence[str]) -> str:
    datasets, metrics = taus.shape
    pairs = math.comb(metrics, 2)
    said = [f"Of {counted(pairs, 'pair')} of these metrics {datasets} datasets tell apart (95 %)"]
    if (ranked := friedman(taus)) is not None:
        distance = critical_difference(metrics, ranked.datasets)
        ranks = np.array(ranked.ranks)
        said.append(
            f"{int((np.abs(ranks[:, None] - ranks) > distance).sum()) // 2} by Nemenyi's test of mean ranks, and"
        )
    said.append(_wilcoxon(taus, labels))
    return " ".join(said)


def _wilcoxon(taus: Array, labels: Sequence[str]) -> str:
    datasets, metrics = taus.shape
    pairs = math.comb(metrics, 2)
    test = "by Wilcoxon's signed-rank test of each pair, with Holm's correction"
    needed = math.floor(math.log2(2 * pairs / LEVEL)) + 1  # the smallest p of n datasets is 2 / 2 ** n
    if datasets < needed:
        return f"none {test}: whatever they say, that takes {needed} datasets."
    if pairs > MOST_PAIRS:
        return "by Wilcoxon's signed-rank test so many pairs are not tried."
    ps, means = wilcoxon_pairs(taus), taus.mean(axis=0)
    found = [pair for pair in combinations(range(metrics), 2) if ps[pair] < LEVEL]
    ordered = [sorted(pair, key=lambda place: -means[place]) for pair in found]
    named = f" ({listed([f'{labels[one]} over {labels[other]}' for one, other in ordered])})"
    return f"{len(found) or 'none'} {test}{named if 0 < len(found) <= FEW_PAIRS else ''}."


def _work(board: Board, lines: Sequence[Line]) -> int:
    """Comparisons of two scores in one draw."""
    pool = board.whole
    return max(1, len(lines) * len(board.seeds) * len(pool.truth) * len(pool.candidates) ** 2)


def _label(line: Line) -> str:
    return marked(line.metric.label, partial=not line.whole, saturated=line.saturated, pooled=line.metric.pooled)


def _named(line: Line) -> str:
    """In a sentence."""
    return marked(line.metric.label, pooled=line.metric.pooled)
