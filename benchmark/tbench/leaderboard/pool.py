"""How well each metric ranks one pool of candidates, dataset by dataset."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from statistics import stdev
from typing import get_args

from tbench.leaderboard.column import Column, Scores
from tbench.leaderboard.metrics import Kind, Metric
from tbench.leaderboard.truth import Means, MeanTruth, Truths
from tbench.statistics import (
    Agreement,
    Mean,
    Null,
    agreement,
    agreements,
    between_seeds,
    null_quantile,
    orders,
    rounded,
    row_means,
)

DRAWS = 10_000  # random rankings that tell what chance reaches
DRAWS_SEED = 0
ROUNDING = 1e-9  # two orders that are the same may differ so much in their mean tau


@dataclass(frozen=True)
class Ranking:
    """One metric on one dataset: each seed's scores against the truth averaged over seeds.

    ranked: candidates with a score for every seed that has any, of `total` with a truth. wanted: seeds of the pool.
    basis: seeds and candidates behind the defined orders. saturated: so is some score among these. constant: by
    construction, since the metric is blind to the candidates and they share what it looks at. ties: it is blind, and
    some of them do.
    """

    by_seed: Mapping[int, Agreement]
    ranked: tuple[str, ...]
    total: int
    wanted: int
    basis: frozenset[tuple[int, str]]
    saturated: bool
    constant: bool
    ties: bool

    @property
    def tau_w(self) -> float | None:
        return self.mean("tau_w")

    @property
    def sd(self) -> float | None:
        return sd_of(one.tau_w for one in self.by_seed.values())

    @property
    def whole(self) -> bool:
        """Nothing is missing: every candidate, every seed, and the order is defined."""
        defined = [one for one in self.by_seed.values() if one.tau_w is not None]
        return len(self.ranked) == self.total and len(defined) == self.wanted

    def mean(self, measure: str) -> float | None:
        """Over the seeds for which the measure is defined."""
        return Mean.of(getattr(one, measure) for one in self.by_seed.values()).value


@dataclass(frozen=True)
class Line:
    """One metric on all datasets of a pool. null: what random orders of the same candidates reach."""

    metric: Metric
    rankings: Mapping[str, Ranking]
    null: Null | None

    @property
    def mean(self) -> Mean:
        return self.over("tau_w")

    @property
    def sd(self) -> float | None:
        """Of the mean over datasets, between seeds."""
        return sd_of(self.by_seed.values())

    @property
    def by_seed(self) -> dict[int, float | None]:
        """The mean over datasets for each seed in turn."""
        rankings = self.rankings.values()
        seeds = sorted({seed for ranking in rankings for seed in ranking.by_seed})
        taus = ([one.by_seed[seed].tau_w for one in rankings if seed in one.by_seed] for seed in seeds)
        return {seed: Mean.of(several).value for seed, several in zip(seeds, taus, strict=True)}

    @property
    def basis(self) -> dict[str, frozenset[tuple[int, str]]]:
        """What the mean rests on; two means with the same can be compared."""
        return {dataset: ranking.basis for dataset, ranking in self.rankings.items()}

    def over(self, measure: str) -> Mean:
        """The mean of any measure of agreement over the datasets."""
        return Mean.of(ranking.mean(measure) for ranking in self.rankings.values())

    @property
    def whole(self) -> bool:
        return all(ranking.whole for ranking in self.rankings.values())

    @property
    def saturated(self) -> bool:
        return any(ranking.saturated for ranking in self.rankings.values())

    @property
    def constant(self) -> bool:
        """By construction, wherever it says anything."""
        return self.mean.value is None and any(ranking.constant for ranking in self.rankings.values())

    @property
    def ties(self) -> bool:
        """Candidates that share what it looks at, while it tells others apart."""
        return self.mean.value is not None and any(ranking.ties for ranking in self.rankings.values())

    @property
    def beats_chance(self) -> bool:
        return self.mean.value is not None and self.null is not None and self.mean.value > self.null.quantile + ROUNDING


@dataclass(frozen=True)
class Pool:
    """lines: metrics best first, what wraps a metric right below it. variants: the published ones, by their labels.

    truth: the datasets on which there is an order. ceiling: tau_w between two seeds' truths. oracle: tau_w of the mean
    truth on all the other datasets.
    """

    title: str
    candidates: tuple[str, ...]
    truth: Mapping[str, Mapping[str, float]]
    lines: tuple[Line, ...]
    variants: tuple[Line, ...]
    null: Null | None
    ceiling: Mean
    oracle: Mean

    def block(self, kind: Kind) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.metric.kind == kind)

    @property
    def blocks(self) -> tuple[Line, ...]:
        """The same lines, floors and then analyses last."""
        kinds: tuple[Kind, ...] = get_args(Kind)
        return tuple(line for kind in kinds for line in self.block(kind))


def make_pool(
    title: str,
    candidates: Sequence[str],
    datasets: Sequence[str],
    metrics: Sequence[Metric],
    scores: Scores,
    truths: Truths,
    means: Means,
) -> Pool:
    """Only candidates with a truth are ranked. A metric without a score for some is ranked over those that it has.

    means: of the truths, or as they were published; then there are no others, and each seed's scores count.
    """
    within = {cell: truth for cell, truth in truths.items() if cell[1] in candidates}
    scores = {cell: column.within(candidates) for cell, column in scores.items()}
    truth = {dataset: _ordered(means.get(dataset, {}), candidates) for dataset in datasets}
    truth = {dataset: several for dataset, several in truth.items() if orders(list(several.values()))}
    seeds = sorted({seed for _, _, seed in within or scores})

    @cache
    def null(ranked: tuple[tuple[str, ...], ...]) -> Null | None:
        """Cached, since most metrics rank the same candidates."""
        pairs = zip(truth.values(), ranked, strict=True)
        return null_quantile([[of[name] for name in names] for of, names in pairs], DRAWS, DRAWS_SEED)

    specs = [metric.spec for metric in metrics]
    agreed = {
        (spec, dataset, seed): found
        for dataset in truth
        for (spec, seed), found in _agreed(specs, dataset, seeds, scores, truth[dataset]).items()
    }

    def line(metric: Metric) -> Line:
        rankings = {}
        for dataset in truth:
            cells = [(seed, (metric.spec, dataset, seed)) for seed in seeds]
            columns = [(seed, scores.get(cell, Column()), agreed.get(cell)) for seed, cell in cells]
            rankings[dataset] = _ranking(columns, truth[dataset], metric.blind)
        return Line(metric, rankings, null(tuple(ranking.ranked for ranking in rankings.values())))

    everybody = tuple(tuple(several) for several in truth.values())
    return Pool(
        title,
        tuple(candidates),
        truth,
        _best_first([line(metric) for metric in metrics if not metric.follows]),
        tuple(line(metric) for metric in metrics if metric.follows),
        null(everybody),
        Mean.of(stability(within, dataset, seeds).tau_w for dataset in truth),
        Mean.of(_oracle(truth, dataset) for dataset in truth),
    )


def _agreed(
    specs: Sequence[str], dataset: str, seeds: Sequence[int], scores: Scores, truth: Mapping[str, float]
) -> dict[tuple[str, int], Agreement]:
    """Of each spec and seed that scores any candidate with a truth; those of the same candidates at once."""
    alike: dict[tuple[str, ...], dict[tuple[str, int], list[float]]] = defaultdict(dict)
    for spec, seed in product(specs, seeds):
        values = scores.get((spec, dataset, seed), Column()).values
        if names := tuple(name for name in truth if name in values):
            alike[names][spec, seed] = [values[name] for name in names]
    return {
        cell: found
        for names, rows in alike.items()
        for cell, found in zip(rows, agreements([*rows.values()], [truth[name] for name in names]), strict=True)
    }


def _ranking(
    by_seed: Sequence[tuple[int, Column, Agreement | None]], truth: Mapping[str, float], blind: bool
) -> Ranking:
    there = [column.values for _, column, _ in by_seed if column.values]
    ranked = tuple(name for name in truth if there and all(name in values for values in there))
    agreed: dict[int, Agreement] = {}
    basis: set[tuple[int, str]] = set()
    saturated = False
    distinct: list[tuple[int, int]] = []  # scores that differ, of how many
    for seed, column, found in by_seed:
        if found is None:
            continue
        agreed[seed] = found
        names = [name for name in truth if name in column.values]
        if blind:
            values = [column.values[name] for name in names]
            distinct.append((len(set(rounded(values).tolist())), len(values)))
        if found.tau_w is not None:
            basis |= {(seed, name) for name in names}
            saturated = saturated or not column.saturated.isdisjoint(names)
    constant = blind and bool(distinct) and all(different == 1 for different, _ in distinct)
    ties = blind and any(different < several for different, several in distinct)
    return Ranking(agreed, ranked, len(truth), len(by_seed), frozenset(basis), saturated, constant, ties)


def stability(truths: Truths, dataset: str, seeds: Sequence[int]) -> Agreement:
    """How the truths of two seeds agree, over the candidates that have one for each."""
    names = sorted({candidate for of, candidate, _ in truths if of == dataset})
    whole = [name for name in names if all((dataset, name, seed) in truths for seed in seeds)]
    return between_seeds([[truths[dataset, name, seed].test for name in whole] for seed in seeds])


def _oracle(truth: Mapping[str, Mapping[str, float]], dataset: str) -> float | None:
    """Candidates that miss some of the other datasets are compared with those that share the rest with them."""
    others = [several for name, several in truth.items() if name != dataset]
    names = sorted({name for several in others for name in several})
    if not names:
        return None
    table = [[several.get(name, math.nan) for several in others] for name in names]
    means = dict(zip(names, row_means(table), strict=True))
    ranked = [name for name in truth[dataset] if name in means]
    return agreement([means[name] for name in ranked], [truth[dataset][name] for name in ranked]).tau_w


def _best_first(lines: Sequence[Line]) -> tuple[Line, ...]:
    """By the mean, those that miss something after the others; a composition follows the metric that it wraps."""
    labels = {line.metric.label for line in lines}
    groups: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        wraps = line.metric.wraps
        groups[wraps if wraps in labels and wraps is not None else line.metric.label].append(line)

    def place(line: Line) -> tuple[bool, bool, float, str]:
        mean = line.mean.value
        return not line.whole, mean is None, -(mean or 0.0), line.metric.label

    ordered = [sorted(group, key=lambda line: (line.metric.wraps in labels, place(line))) for group in groups.values()]
    return tuple(line for group in sorted(ordered, key=lambda group: place(group[0])) for line in group)


def _ordered(several: Mapping[str, MeanTruth], candidates: Sequence[str]) -> dict[str, float]:
    return {name: several[name].value for name in candidates if name in several}


def sd_of(values: Iterable[float | None]) -> float | None:
    defined = [value for value in values if value is not None]
    return stdev(defined) if len(defined) > 1 else None
