"""Tables of agreement: all datasets beside one another, and smaller pools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from tbench.leaderboard.metrics import Kind
from tbench.leaderboard.pool import Line, Pool
from tbench.leaderboard.tables import (
    CONSTANT,
    NOTHING,
    PARTIAL,
    SATURATED,
    Section,
    Table,
    by_columns,
    coverage,
    listed,
    marked,
    span,
    tau,
    with_best,
)
from tbench.statistics import Mean

if TYPE_CHECKING:
    from tbench.leaderboard.board import Board

TITLES: Mapping[Kind, str] = {
    "metric": "",
    "floor": "Floors: what takes no thought",
    "analysis": "Afterwards: what takes fine-tuned weights, and is no rival of scores that spare fine-tuning",
}


def agreement_section(board: Board) -> Section:
    """Metrics down, datasets across, weighted tau, as in PED (ICCV 2023)."""
    pool = board.whole
    tables = tuple((title, _agreement(board, lines)) for kind, title in TITLES.items() if (lines := pool.block(kind)))
    silent = [f"No score at all (the reasons stand below): {', '.join(board.silent)}."] if board.silent else []
    after = (*_verdict(pool), *silent, *blindness(pool.lines), *board.saturation([line.metric for line in pool.lines]))
    return Section("agreement", "How well each metric ranks the candidates (τ_w)", (), tables, after)


def boards_section(board: Board) -> Section:
    """Mean weighted tau in smaller pools, with the yardsticks of each."""
    heads = _heads([pool.title for pool in board.pools])
    about = [f"{pool.title}: {', '.join(board.names[name] for name in pool.candidates)}." for pool in board.pools[1:]]
    order = [line.metric for line in board.whole.blocks]
    columns = [[metric.label for metric in order]]
    for pool in board.pools:
        found = {line.metric: line for line in pool.lines}
        columns.append(_means([found[metric] for metric in order]))
    everything = [line for pool in board.pools for line in pool.lines]
    about += [*legend(everything), *blindness(everything)]
    rows = by_columns(*columns)
    yardsticks = (
        ("random, 95 % quantile", *(tau(pool.null.quantile if pool.null else None) for pool in board.pools)),
        ("oracle (truth on the other datasets)", *(tau(pool.oracle.value) for pool in board.pools)),
        ("noise ceiling", *(tau(pool.ceiling.value) for pool in board.pools)),
    )
    table = Table(("mean τ_w", *heads), rows + yardsticks, "l" + "r" * len(heads))
    return Section("boards", "Smaller pools", tuple(about) or ("The suite names none.",), (("", table),))


def _agreement(board: Board, lines: Sequence[Line]) -> Table:
    pool = board.whole
    columns = [[line.metric.label for line in lines]]
    for dataset in pool.truth:
        rankings = [line.rankings[dataset] for line in lines]
        rated = [line.rankings[dataset].tau_w if competes(line, dataset) else None for line in lines]
        shown = [
            CONSTANT if ranking.constant else marked(tau(ranking.tau_w), saturated=ranking.saturated)
            for ranking in rankings
        ]
        columns.append(with_best(shown, rated))
    columns.append(_means(lines))
    columns.append([candidates(line) for line in lines])
    header = ["metric", *(board.names[dataset] for dataset in pool.truth), "mean", "candidates"]
    if any(line.mean.count < line.mean.total for line in pool.lines if not line.constant):
        columns.append([f"{line.mean.count}/{line.mean.total}" for line in lines])
        header.append("datasets")
    rankings = [ranking for line in pool.lines for ranking in line.rankings.values()]
    if len(board.seeds) > 1 and any(len(ranking.by_seed) < ranking.wanted for ranking in rankings):
        columns.append([span((len(r.by_seed) for r in line.rankings.values()), len(board.seeds)) for line in lines])
        header.append("seeds")
    return Table(tuple(header), by_columns(*columns), "l" + "r" * (len(header) - 1))


def candidates(line: Line) -> str:
    """How many are ranked, of how many."""
    return coverage([(len(ranking.ranked), ranking.total) for ranking in line.rankings.values()])


def competes(line: Line, dataset: str) -> bool:
    """For being the best: floors and analyses do not, nor does what misses something there."""
    return line.rankings[dataset].whole and line.metric.kind == "metric"


def mean_tau(line: Line) -> str:
    """Over the datasets, ± the sd between seeds, with its marks."""
    if line.constant:
        return CONSTANT
    value = line.mean.value
    return marked(tau(value, line.sd), partial=value is not None and not line.whole, saturated=line.saturated)


def _means(lines: Sequence[Line]) -> list[str]:
    rated = [line.mean.value if line.whole and line.metric.kind == "metric" else None for line in lines]
    return with_best([mean_tau(line) for line in lines], rated)


class Saturable(Protocol):
    @property
    def saturated(self) -> bool: ...


def legend(lines: Sequence[Saturable]) -> list[str]:
    """Of the mark of saturation."""
    said = f"{SATURATED} rests on saturated scores: how many, and why, stands below the first table."
    return [said] if any(line.saturated for line in lines) else []


def blindness(lines: Sequence[Line]) -> list[str]:
    """What metrics that do not look at the candidate cannot tell apart, wherever that shows."""
    said = []
    if any(ranking.constant for line in lines for ranking in line.rankings.values()):
        said.append(f"{CONSTANT} by construction: it knows the task and the source, not the candidate.")
    if tying := sorted({line.metric.label for line in lines if line.ties}):
        said.append(f"By construction, candidates of one source are tied by: {', '.join(tying)}.")
    return said


def _verdict(pool: Pool) -> tuple[str, ...]:
    """Which metrics do clearly better than chance; what misses candidates is held against orders of those it has."""
    if pool.null is None:
        return ("Nothing can be ranked yet: no dataset has two candidates with different truths.",)
    said = [f"In 5 of 100 draws a random order reaches a mean τ_w of {tau(pool.null.quantile)} or more."]
    if partial := [line for line in pool.lines if not line.whole and line.mean.value is not None]:
        quantiles = [f"{line.metric.label} {tau(line.null.quantile)}" for line in partial if line.null]
        said.append(f"Over what the metrics marked {PARTIAL} rank: {', '.join(quantiles)}.")
    groups = {"Clearly above that": True, "Not above it": False}
    for words, wanted in groups.items():
        lines = [line for line in pool.lines if line.mean.value is not None and line.beats_chance == wanted]
        said.append(f"{words}: {', '.join(map(_named, lines)) or 'none'}.")
    if undefined := [line.metric.label for line in pool.lines if line.mean.value is None and not line.constant]:
        said.append(f"No order at all: {', '.join(undefined)}.")
    return tuple(said)


def _named(line: Line) -> str:
    return line.metric.label + ("" if line.whole else f" {PARTIAL}")


def _heads(titles: Sequence[str]) -> list[str]:
    """What stands before a bracket, where that tells them apart."""
    bare = [title.partition(" (")[0] for title in titles]
    return bare if len(set(bare)) == len(bare) else list(titles)


def yardsticks(board: Board) -> list[tuple[str, str]]:
    """Ceiling, chance and oracle of the whole pool, in words."""
    pool = board.whole
    return [
        ("Noise ceiling", _ceiling(pool.ceiling)),
        (
            "Chance",
            f"random orders: 95 % quantile of the mean τ_w {tau(pool.null.quantile)}, sd {tau(pool.null.sd)}"
            if pool.null
            else NOTHING,
        ),
        ("Oracle", f"ranking by the mean truth on all the other datasets: mean τ_w {tau(pool.oracle.value)}"),
    ]


def _ceiling(ceiling: Mean) -> str:
    if ceiling.value is None:
        return "not known: it takes the truths of two seeds"
    where = "" if ceiling.count == ceiling.total else f", on {ceiling.count} of {ceiling.total} datasets"
    return f"mean τ_w between the truths of two seeds {tau(ceiling.value)}{where}"


def unranked(board: Board) -> list[str]:
    """Datasets and orders that are not in the tables, in words."""
    said = []
    if silent := [board.names[name] for name in board.frame.datasets if name not in board.whole.truth]:
        said.append(f"Nothing to rank (fewer than two candidates with different truths): {', '.join(silent)}.")
    for line in (*board.whole.lines, *board.whole.variants):
        free = [ranking for ranking in line.rankings.values() if not ranking.constant]
        taus = [one.tau_w for ranking in free for one in ranking.by_seed.values()]
        if undefined := sum(tau is None for tau in taus):
            said.append(
                f"τ_w of {line.metric.label} is not defined for {undefined} of {len(taus)} dataset × seed: "
                "its scores are all equal there, or there is only one."
            )
    for name in board.frame.datasets:
        truth = board.means.get(name, {})
        due = [candidate for candidate in board.frame.candidates if (candidate, name) not in board.frame.seen]
        without = [board.names[candidate] for candidate in due if candidate not in truth]
        if name in board.whole.truth and without:
            said.append(f"No truth on {board.names[name]}, so not ranked there: {listed(without)}.")
    return said
