"""All the numbers of one page, made from records alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tbench.leaderboard.column import Column, Scores, by_candidate
from tbench.leaderboard.cost import Bill, make_bill
from tbench.leaderboard.facts import Facts
from tbench.leaderboard.following import Scorer, Worth, worth_of
from tbench.leaderboard.frame import Frame
from tbench.leaderboard.lineup import Lineup
from tbench.leaderboard.machine import machine_named
from tbench.leaderboard.measured import lineup_of
from tbench.leaderboard.metrics import Metric, find_metrics
from tbench.leaderboard.pool import Line, Pool, make_pool
from tbench.leaderboard.remarks import saturation
from tbench.leaderboard.sift import Sifted, sift
from tbench.leaderboard.standing import Standings, find_standings, too_large
from tbench.leaderboard.truth import Means, Truths, find_truths, mean_truths, published_truths
from tbench.results import Record

SUFFIXES = (".npz", ".safetensors", ".pth", ".pt")


@dataclass(frozen=True)
class Board:
    """pools: all candidates first, then the suite's smaller ones. names: a candidate's or dataset's short name."""

    frame: Frame
    sifted: Sifted
    metrics: tuple[Metric, ...]
    scores: Scores
    truths: Truths
    means: Means
    pools: tuple[Pool, ...]
    bill: Bill | None
    names: Mapping[str, str]

    @property
    def whole(self) -> Pool:
        return self.pools[0]

    @property
    def silent(self) -> list[str]:
        """The labels of metrics without a single score."""
        rated = {line.metric for line in (*self.whole.lines, *self.whole.variants)}
        return [metric.label for metric in self.metrics if metric not in rated]

    @property
    def labels(self) -> dict[str, str]:
        """Of metrics, by their specs."""
        return {metric.spec: metric.label for metric in self.metrics}

    @property
    def seeds(self) -> list[int]:
        return sorted({seed for _, _, seed in self.truths} or {*self.sifted.scores["seed"].tolist()})

    @cached_property
    def repetitions(self) -> int:
        """How many truths a cell may have: one for each seed, a single one where it was published."""
        return len({seed for _, _, seed in self.truths}) or 1

    @cached_property
    def worths(self) -> tuple[Worth, ...]:
        """Of following each metric and floor of the first table."""
        pool = self.whole
        lines = [line for line in pool.blocks if line.metric.kind != "analysis"]
        scorers = [Scorer(line.metric.label, line.metric.kind, self._scores(line), line.saturated) for line in lines]
        return tuple(worth_of(scorer, pool.truth) for scorer in scorers)

    @cached_property
    def lineup(self) -> Lineup:
        """Of all candidates."""
        return lineup_of(self)

    @cached_property
    def standings(self) -> Standings | None:
        """None where no row orders anything, and of a pool too large for it."""
        return None if too_large(self.lineup) else find_standings(self.lineup)

    def _scores(self, line: Line) -> dict[str, dict[int | None, Mapping[str, float]]]:
        spec, seeds = line.metric.spec, self.seeds
        return {name: {seed: self.scored(spec, name, seed) for seed in seeds} for name in self.whole.truth}

    @property
    def machines(self) -> list[tuple[str, int]]:
        """And how many records come from each, most first."""
        found: Counter[str] = Counter()
        for provenance, count in self._origins:
            found[machine_named(provenance)] += count
        return sorted(found.items(), key=lambda item: (-item[1], item[0]))

    @property
    def versions(self) -> dict[str, list[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for provenance, _ in self._origins:
            for name, version in provenance.items():
                if name not in ("machine", "device", "weights", "data", "probe", "finetuning"):
                    found[name].add(str(version))
        return {name: sorted(versions) for name, versions in sorted(found.items())}

    @property
    def days(self) -> list[str]:
        """The first and the last on which something was measured; one, if they are the same."""
        times = {*self.sifted.scores.times(), *(record.time for record in self._others)}
        days = sorted({time[:10] for time in times if time})
        return days[:1] + days[1:][-1:]

    @property
    def without_a_number(self) -> list[Record]:
        scores = self.sifted.scores
        return [*scores.where(~scores.ok), *(record for record in self._others if record.status != "ok")]

    @property
    def _others(self) -> tuple[Record, ...]:
        return self.sifted.runs + self.sifted.estimates

    @property
    def _origins(self) -> list[tuple[Mapping[str, object], int]]:
        """Provenances, and how many records have each."""
        scores = self.sifted.scores
        groups = scores.groups("provenance")
        numbers = scores["provenance"]
        told = [scores.meant(int(numbers[first])) for first in groups.first]
        return [*zip(told, groups.counts, strict=True), *((record.provenance, 1) for record in self._others)]

    def scored(self, spec: str, dataset: str, seed: int) -> Mapping[str, float]:
        """Candidate -> score."""
        return self.scores.get((spec, dataset, seed), Column()).values

    def saturation(self, metrics: Sequence[Metric]) -> tuple[str, ...]:
        """The footnote of a table that shows how these rank all candidates."""
        specs = {metric.spec for metric in metrics}
        scores = self.sifted.scores
        scores = scores.where(scores.ok & scores.among("spec", specs))
        cells = scores.groups("dataset", "candidate")
        firsts = scores.where(np.array(cells.first, dtype=np.intp))
        keys = zip(firsts.texts("dataset"), firsts.texts("candidate"), strict=True)
        ranked = [candidate in self.whole.truth.get(dataset, {}) for dataset, candidate in keys]
        return saturation(scores.where(np.array(ranked, dtype=bool)[cells.which]), self.labels, self.names)


def make_board(records: Iterable[Record] | Facts, frame: Frame) -> Board:
    sifted = sift(records, frame)
    metrics = find_metrics(sifted.scores, frame.floors)
    measured = sifted.scores.where(sifted.scores.ok)
    heard = {measured.text(number) for number in np.unique(measured["spec"]).tolist()}
    rated = tuple(metric for metric in metrics if metric.spec in heard)
    truths = find_truths(sifted.runs)
    means = published_truths(frame.published.values) if frame.published else mean_truths(truths)
    scores = by_candidate(sifted.scores)
    pools = {"all candidates": frame.candidates, **frame.boards}
    return Board(
        frame,
        sifted,
        metrics,
        scores,
        truths,
        means,
        tuple(make_pool(title, pool, frame.datasets, rated, scores, truths, means) for title, pool in pools.items()),
        make_bill(rated, sifted.scores, truths, frame, sifted.estimates),
        _short(frame.candidates) | _short(frame.datasets),
    )


def _short(names: tuple[str, ...]) -> dict[str, str]:
    """The last part of a path, or all behind the family, as long as that is unmistakable."""
    forms = {name: (_stem(name), name.partition("/")[2]) for name in names}
    uses = Counter(form for found in forms.values() for form in set(found))
    return {name: next((form for form in found if form and uses[form] == 1), name) for name, found in forms.items()}


def _stem(name: str) -> str:
    """resnet20@layer3 of checkpoint/mine/resnet20.pth@layer3, mnist of arrays/mine/mnist.npz#300."""
    file, at, layer = name.rpartition("/")[2].partition("@")
    file = file.partition("#")[0]
    for suffix in SUFFIXES:
        file = file.removesuffix(suffix)
    return file + at + layer
