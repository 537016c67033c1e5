"""Which candidates suit a dataset: several metrics' consensus, and how far other images would have moved it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from tbench.errors import Inapplicable, TbenchError, UsageError
from tbench.evidence.graph import Evidence, Root
from tbench.evidence.shelf import Shelf
from tbench.metric import Catalogue, Metric
from tbench.provenance import device_name
from tbench.stock import Stock
from tbench.stopwatch import one_thread

INTERVAL = (5, 95)  # per cent of the draws
FEWEST = 4  # images per class, of which a half still differs from the whole

Listener = Callable[[str, int, int], None]  # what comes next, how many steps are done, of how many


@dataclass(frozen=True)
class Place:
    """One candidate. place: by the mean of its ranks, 1 the best, ties share. low, high: where 90 % of draws put it.

    ranks: by each metric of the panel. level: share of draws that put it before the leader, or beside it. seconds:
    extraction and all scores.
    """

    candidate: str
    place: float
    low: float
    high: float
    level: float
    ranks: Mapping[str, float]
    seconds: float
    parameters: float | None


@dataclass(frozen=True)
class Ranking:
    """places, best first; panel: the metrics behind them; left_out: what could not be ranked or asked, and why."""

    dataset: str
    images: int
    classes: int
    draws: int
    panel: tuple[str, ...]
    places: tuple[Place, ...]
    left_out: Mapping[str, str]

    @property
    def contenders(self) -> tuple[Place, ...]:
        """Those that cannot be told from the leader, who comes first among them: level in 5 % of draws or more."""
        return tuple(place for place in self.places if place.level >= INTERVAL[0] / 100)


def rank(
    dataset: str,
    candidates: Sequence[str],
    metrics: Sequence[Metric],
    *,
    stock: Stock,
    catalogue: Catalogue,
    shelf: Shelf,
    device: str,
    precision: str,
    draws: int,
    seed: int,
    tell: Listener | None = None,
) -> Ranking:
    """Score every candidate on the training images of the dataset, whole and by random halves.

    A half of the images, drawn without replacement within each class, differs from the whole as much as another sample
    of that size would: the variance of a mean over half of N, given all N, is that of a mean over N. Drawing with
    replacement would instead flatter metrics that like copies. Each draw is the same for all candidates.

    UsageError if fewer than two candidates can be scored, or if the images are too few to be halved. A candidate that
    cannot be had, and a metric that says nothing about some candidate, are left out and told.
    """
    split = stock.split(dataset, "train", seed)
    classes = stock.dataset(dataset).classes
    if len(split.labels) < FEWEST * classes:
        told = f"{len(split.labels)} training images of {classes} classes"
        raise UsageError(f"{dataset}: {told} are too few to tell models apart; give {FEWEST} per class or more")
    left_out: dict[str, str] = {}
    scores: dict[str, Scores] = {}
    for number, name in enumerate(candidates):
        if tell:
            tell(name, number, len(candidates))
        try:
            roots = _roots(stock, name, dataset, device, precision, seed)
            graph = Evidence(roots, catalogue.nodes, shelf, f"{name} on {dataset}")
            features = graph["features"]  # with all cores: nothing else is done meanwhile
            with one_thread():
                scores[name] = _scores(graph, features, metrics, draws, seed)
            for notice in graph.notices:
                warnings.warn(notice, stacklevel=2)
        except TbenchError as error:
            left_out[name] = str(error)
    panel = [metric for metric in metrics if all(metric.label in found.values for found in scores.values())]
    left_out |= {metric.label: _silence(metric, scores) for metric in metrics if metric not in panel}
    if len(scores) < 2 or not panel:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in left_out.items())
        raise UsageError(f"fewer than two candidates can be ranked on {dataset} ({reasons})")
    places = _places(stock, scores, [metric.label for metric in panel])
    labels = tuple(metric.label for metric in panel)
    return Ranking(dataset, len(split.labels), classes, draws, labels, places, left_out)


@dataclass(frozen=True)
class Scores:
    """Of one candidate. values: by metric, the score on all images and then that of each draw."""

    values: Mapping[str, NDArray[np.float64]]
    silent: Mapping[str, str]
    seconds: float


def _roots(stock: Stock, candidate: str, dataset: str, device: str, precision: str, seed: int) -> dict[str, Root]:
    return stock.roots(candidate, dataset, seed) | {
        "device": Root.of(device, device_name(device)),
        "precision": Root.of(precision, precision),
        "seed": Root.of(seed),
        "common_seed": Root.of(seed),
    }


def _scores(graph: Evidence, features: NDArray[np.float64], metrics: Sequence[Metric], draws: int, seed: int) -> Scores:
    labels = graph["labels"]
    values: dict[str, NDArray[np.float64]] = {}
    silent: dict[str, str] = {}
    charged = {node: cost.seconds for node, cost in graph.cost("features").items()}
    seconds = sum(charged.values())
    halves = [_half(labels, np.random.default_rng([seed, draw])) for draw in range(draws)]
    for metric in metrics:
        try:
            verdict = metric.judge(graph)
            drawn = [metric.judge(_part(graph, features[rows], labels[rows])).value for rows in halves]
        except Inapplicable as reason:
            silent[metric.label] = str(reason)
            continue
        seconds += verdict.timing.seconds + sum(
            cost.seconds for node, cost in verdict.evidence.items() if node not in charged
        )
        charged |= {node: cost.seconds for node, cost in verdict.evidence.items()}
        values[metric.label] = np.array([verdict.value, *drawn])
    return Scores(values, silent, seconds)


def _part(graph: Evidence, features: NDArray[np.float64], labels: NDArray[np.int64]) -> Evidence:
    roots = {"features": Root.of(features), "labels": Root.of(labels)}
    return Evidence({**graph.roots, **roots}, graph.nodes, whose=graph.whose)


def _half(labels: NDArray[np.int64], draws: np.random.Generator) -> NDArray[np.intp]:
    """Half of the samples of each class, rounded up so that none is lost; of all where labels are no classes."""
    classes = labels if labels.ndim == 1 else np.zeros(len(labels), dtype=np.int64)
    parts = [draws.permutation(np.flatnonzero(classes == c)) for c in np.unique(classes)]
    return np.sort(np.concatenate([part[: (len(part) + 1) // 2] for part in parts]))


def _silence(metric: Metric, scores: Mapping[str, Scores]) -> str:
    name, found = next((name, found) for name, found in scores.items() if metric.label in found.silent)
    return f"says nothing about {name}: {found.silent[metric.label]}"


def _places(stock: Stock, scores: Mapping[str, Scores], panel: Sequence[str]) -> tuple[Place, ...]:
    table = np.array([[found.values[label] for label in panel] for found in scores.values()])  # candidate, metric, draw
    ranks = rankdata(-table.round(12), axis=0)
    consensus = rankdata(ranks.mean(axis=1), axis=0)  # (candidate, draw); the first column is of all images
    drawn = consensus[:, 1:] if consensus.shape[1] > 1 else consensus
    low, high = np.percentile(drawn, INTERVAL, axis=1)
    leader = min(range(len(scores)), key=lambda i: (consensus[i, 0], [*scores][i]))
    level = (drawn <= drawn[leader]).mean(axis=1)
    places = [
        Place(
            name,
            float(consensus[i, 0]),
            float(low[i]),
            float(high[i]),
            float(level[i]),
            {label: float(ranks[i, j, 0]) for j, label in enumerate(panel)},
            found.seconds,
            stock.candidate(name).facts.get("parameter_count"),
        )
        for i, (name, found) in enumerate(scores.items())
    ]
    return tuple(sorted(places, key=lambda place: (place.place, place.candidate)))
