"""The table of published variants: how far a metric moves with the code that computes it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from tbench.leaderboard.board import Board
from tbench.leaderboard.pool import Line, Pool, sd_of
from tbench.leaderboard.rankings import blindness, candidates, mean_tau
from tbench.leaderboard.tables import NOTHING, Section, Table, difference

HEADER = ("metric", "follows", "mean τ_w", "difference", "rank", "candidates")


def variants_section(board: Board) -> Section:
    """Each metric that has variants, in the order of the first table, and its variants below it."""
    pool = board.whole
    title = "Published variants"
    if not pool.variants:
        return Section("variants", title, ("No published variant was measured.",), ())
    shown = [line for group in _groups(pool) for line in group]
    about = (
        "A published variant computes a metric as the code of others does, by settings that stand under that name; "
        "the first row of each group is the metric's default form, the only one in the tables of agreement and cost.",
        "Difference: to the default form over the same scores, ± the sd of the difference between seeds. Rank: where "
        "the variant would stand in the first table in place of the default form, among the rows that rank the same "
        "candidates. No verdict against chance is given: among so many more comparisons some would stand out by "
        "chance alone.",
    )
    table = Table(HEADER, tuple(_row(pool, line) for line in shown), "ll" + "r" * (len(HEADER) - 2))
    after = (*blindness(shown), *board.saturation([line.metric for line in shown]))
    return Section("variants", title, about, (("", table),), after)


def _groups(pool: Pool) -> list[list[Line]]:
    """Of variants of one metric, with its default form first where that was measured."""
    variants: dict[str, list[Line]] = defaultdict(list)
    for line in pool.variants:
        variants[line.metric.default or ""].append(line)
    measured = [[line, *variants.pop(line.metric.label)] for line in pool.blocks if line.metric.label in variants]
    return measured + [lines for _, lines in sorted(variants.items())]


def _row(pool: Pool, line: Line) -> tuple[str, ...]:
    label = line.metric.default or line.metric.label
    block = pool.block(line.metric.kind)
    default = next((other for other in block if other.metric.label == label), None)
    rivals = [other for other in block if other is not default]
    return (
        line.metric.label,
        ", ".join(line.metric.follows) or "default",
        mean_tau(line),
        _difference(line, default),
        _rank(line, rivals),
        candidates(line),
    )


def _difference(line: Line, default: Line | None) -> str:
    """Nothing where the two do not rank the same candidates: what differs might be those."""
    ours, theirs = line.mean.value, default.mean.value if default else None
    if default is None or default is line or ours is None or theirs is None or line.basis != default.basis:
        return NOTHING
    pairs = zip(line.by_seed.values(), default.by_seed.values(), strict=True)
    moved = [one - other for one, other in pairs if one is not None and other is not None]
    return difference(ours - theirs, sd_of(moved))


def _rank(line: Line, rivals: Sequence[Line]) -> str:
    """Of how many, where there are others; equal in three digits is equal."""
    value = line.mean.value
    means = [rival.mean.value for rival in rivals if rival.basis == line.basis]
    if value is None or not means:
        return NOTHING
    better = sum(mean is not None and round(mean, 3) > round(value, 3) for mean in means)
    return f"{better + 1}/{len(means) + 1}"
