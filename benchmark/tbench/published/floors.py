"""Orders of published candidates that take no features: parameters, ImageNet accuracy, how they did elsewhere."""

from __future__ import annotations

from collections import defaultdict
from statistics import fmean

from scipy import stats

from tbench.published.facts import Network, Published, networks
from tbench.published.rounding import numbers

PARAMETERS = "parameters"
TOP1 = "ImageNet top-1"
ELSEWHERE = "mean rank on the other datasets"
KNOWN = 0.5  # the share of a pool's candidates that a floor must know to be shown


def floors(published: Published, pool: str) -> dict[str, dict[str, dict[str, float]]]:
    """Floor -> dataset -> candidate -> score, higher is better; only what can be known."""
    found = {name: _network(published, name) for name in published.candidates(pool)}
    parameters = {name: network.parameters for name, (network, _) in found.items() if network}
    top1 = {name: network.top1 for name, (network, own) in found.items() if network and own}
    datasets = published.datasets(pool)
    told = {
        label: dict.fromkeys(datasets, scores)
        for label, scores in ((PARAMETERS, parameters), (TOP1, top1))
        if len(set(scores.values())) > 1 and len(scores) >= KNOWN * len(found)
    }
    if len(datasets) > 1:
        told[ELSEWHERE] = {dataset: _elsewhere(published, pool, dataset) for dataset in datasets}
    return told


def _network(published: Published, candidate: str) -> tuple[Network | None, bool]:
    """And whether its ImageNet weights are the candidate's; architecture@source has other weights on other sources."""
    architecture, _, source = candidate.partition("@")
    network = networks().get(published.networks.get(architecture, architecture))
    return network, source.lower() in ("", "imagenet")


def _elsewhere(published: Published, pool: str, dataset: str) -> dict[str, float]:
    """Each candidate's mean share of candidates that it leaves behind or equals, over the datasets that it has."""
    shares: dict[str, list[float]] = defaultdict(list)
    for other in published.datasets(pool):
        if other != dataset:
            column = published.truth[pool, other]
            for name, rank in zip(column, stats.rankdata(numbers(column.values())), strict=True):
                shares[name].append(float(rank) / len(column))
    return {name: fmean(found) for name, found in shares.items()}
