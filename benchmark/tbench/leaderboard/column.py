"""What one metric says of the candidates on one dataset, in one seed."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tbench.leaderboard.ledger import Ledger
from tbench.results import Record
from tbench.statistics import scaled_scores

Scores = Mapping[tuple[str, str, int], "Column"]  # of a spec, a dataset and a seed


@dataclass(frozen=True)
class Column:
    """values: candidate -> score. saturated: the candidates whose scores are.

    parts, weights: of scores that are sums of parts scaled over the pool: candidate -> its parts, and their weights.
    """

    values: Mapping[str, float] = field(default_factory=dict)
    saturated: frozenset[str] = frozenset()
    parts: Mapping[str, Sequence[float]] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)

    def within(self, candidates: Collection[str]) -> Column:
        """In a smaller pool: scores that depend on it are made anew."""
        names = [name for name in self.parts if name in candidates]
        if not self.weights or len(names) == len(self.parts):
            return self
        parts = [self.parts[name] for name in names]
        anew = scaled_scores(parts, [*self.weights.values()], np.ones((1, len(names))))[0] if names else []
        values = {name: float(value) for name, value in zip(names, anew, strict=True) if not math.isnan(value)}
        return replace(self, values=values)


def by_candidate(records: Iterable[Record]) -> Scores:
    scores = Ledger.of(records)
    scores = scores.where(scores.ok & ~np.isnan(scores["value"]))
    scaled = scores.scaled()
    groups = scores.groups("spec", "dataset", "seed")
    heads = scores.where(np.array(groups.first, dtype=np.intp))
    keys = zip(heads.texts("spec"), heads.texts("dataset"), heads["seed"].tolist(), strict=True)
    candidates, values = np.array(scores.texts("candidate"), dtype=object), scores["value"]
    saturated = scores.saturated
    return {
        key: Column(
            dict(zip(candidates[rows].tolist(), values[rows].tolist(), strict=True)),
            frozenset(candidates[rows[saturated[rows]]].tolist()),
            *_parts(candidates[rows].tolist(), [scaled[row] for row in rows.tolist()]),
        )
        for key, rows in zip(keys, groups.members, strict=True)
    }


def _parts(
    candidates: Sequence[str], scaled: Sequence[tuple[Mapping[str, float], Mapping[str, float]] | None]
) -> tuple[dict[str, Sequence[float]], Mapping[str, float]]:
    """Of one column; none where not all of its scores are scaled over the pool in one way."""
    known = [each for each in scaled if each]
    if len(known) < len(scaled) or not known or any(weights != known[0][1] for _, weights in known):
        return {}, {}
    weights = known[0][1]
    parts = ([terms[name] for name in weights] for terms, _ in known)
    return dict(zip(candidates, parts, strict=True)), weights
