"""Orders of published candidates that take no features: size, operations, ImageNet accuracy, how they did elsewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean

from scipy import stats

from tbench.published.facts import Network, Published, networks
from tbench.published.rounding import numbers

PARAMETERS = "parameters"
FLOPS = "FLOPs"
TOP1 = "ImageNet top-1"
ELSEWHERE = "mean rank on the other datasets"
KNOWN = 0.5  # the share of a pool's candidates that a floor must know to be shown


def floors(published: Published, pool: str, datasets: Sequence[str]) -> dict[str, dict[str, dict[str, float]]]:
    """Floor -> dataset -> candidate -> score, higher is better; only what can be known."""
    known = _known(published, pool)
    static = {
        PARAMETERS: {name: network.parameters for name, (network, _) in known.items()},
        FLOPS: {name: network.gmacs for name, (network, _) in known.items() if network.gmacs is not None},
        TOP1: {name: network.top1 for name, (network, own) in known.items() if own},
    }
    told = {
        label: dict.fromkeys(datasets, scores)
        for label, scores in static.items()
        if len(set(scores.values())) > 1 and len(scores) >= KNOWN * len(published.candidates(pool))
    }
    if len(datasets) > 1:
        told[ELSEWHERE] = {dataset: _elsewhere(published, pool, dataset, datasets) for dataset in datasets}
    return told


def _known(published: Published, pool: str) -> dict[str, tuple[Network, bool]]:
    """Candidates of a listed network, and whether they have its very weights."""
    listed = networks()
    names = {candidate: published.network(candidate) for candidate in published.candidates(pool)}
    return {candidate: (listed[name], own) for candidate, (name, own) in names.items() if name in listed}


def _elsewhere(published: Published, pool: str, dataset: str, datasets: Sequence[str]) -> dict[str, float]:
    """Each candidate's mean share of candidates that it leaves behind or equals, over those datasets that it has."""
    shares: dict[str, list[float]] = defaultdict(list)
    for other in datasets:
        if other != dataset:
            column = published.truth[pool, other]
            for name, rank in zip(column, stats.rankdata(numbers(column.values())), strict=True):
                shares[name].append(float(rank) / len(column))
    return {name: fmean(found) for name, found in shares.items()}
