"""What every metric promises, tried on made-up evidence."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tbench.api import Network
from tbench.errors import EvidenceError, Inapplicable, TbenchError, UsageError
from tbench.evidence.admission import PER_SAMPLE
from tbench.evidence.graph import Evidence, Root
from tbench.evidence.pool import Pool
from tbench.metric import Call, Catalogue, Metric, directly

SAMPLES, COLUMNS, CLASSES, SOURCES, SIDE = 120, 12, 4, 7, 8
TOLERANCE = 1e-6  # relative; what reordered sums may differ by
FEATURES = ("features", "common_features")  # of the target's images, by the candidate and by the common network

Arrays = Mapping[str, object]


@dataclass(frozen=True)
class Check:
    """One promise: held, broken (problem says how), or not asked of this metric (excuse says why)."""

    promise: str
    problem: str = ""
    excuse: str = ""


def check(spec: str) -> list[str]:
    """The promises that an installed metric does not keep, one line each; none if all is well.

    spec: as for `tbench.score`. UsageError where it names no installed metric.
    """
    catalogue = Catalogue.installed()
    return [f"{each.promise}: {each.problem}" for each in tried(catalogue.metric(spec), catalogue) if each.problem]


def tried(metric: Metric, catalogue: Catalogue) -> list[Check]:
    """Every promise of the contract, tried on one metric."""
    made_up = invented()
    graph = Evidence({name: Root.of(value) for name, value in made_up.items()}, catalogue.nodes)
    given = {root for need in metric.asked for root in graph.below(need)}
    rests_on = {root for need in metric.asked for root in graph.behind(need)}
    random = "draws at random (asks for seed)" if "seed" in rests_on else ""
    per_sample = rests_on & set(PER_SAMPLE)
    trial = _Trial(metric, catalogue)

    def value(evidence: Arrays) -> float | None:
        return trial.value(evidence)

    def same(change: Callable[[Arrays], Arrays]) -> str:
        before, after = value(made_up), value(change(made_up))
        if before is None or after is None:
            return "" if before is after else f"{before} became {after}"
        return "" if np.isclose(before, after, rtol=TOLERANCE, atol=1e-9) else f"{before!r} became {after!r}"

    def refused(change: Callable[[Arrays], Arrays]) -> str:
        try:
            got = value(change(made_up))
        except EvidenceError:
            return ""
        return f"was accepted and gave {got!r}"

    def untouched() -> str:
        before = {name: array.copy() for name, array in made_up.items() if isinstance(array, np.ndarray)}
        value(made_up)
        changed = [name for name, array in before.items() if not np.array_equal(array, np.asarray(made_up[name]))]
        return f"{', '.join(changed)} changed" if changed else ""

    def answers(change: Callable[[Arrays], Arrays]) -> str:
        value(change(made_up))
        return ""

    no_rows = "" if per_sample else "asks for nothing per sample"
    no_labels = "" if "labels" in rests_on else "asks for no labels"
    no_features = "" if rests_on & set(FEATURES) else "asks for no features"
    one_of_two = "" if len(given & per_sample) > 1 else "asks for one kind of evidence per sample"
    promises: list[tuple[str, Callable[[], str], str]] = [
        ("gives one finite number, or says that it is inapplicable", lambda: answers(lambda e: e), ""),
        ("says the same when asked again", lambda: same(lambda e: e), ""),
        ("leaves its inputs as they are", untouched, ""),
        ("does not mind the order of the samples", lambda: same(_reordered), no_rows or random),
        ("does not mind the names of the classes", lambda: same(_renamed), no_labels),
        ("takes float32 features", lambda: answers(_single_precision), no_features),
        ("answers on a class of one sample", lambda: answers(_singleton), no_labels),
        ("answers on one class only", lambda: answers(_one_class), no_labels),
        ("answers on constant columns", lambda: answers(_constant_column), no_features),
        ("answers on fewer samples than columns", lambda: answers(_few_samples), no_rows),
        ("is not given NaN", lambda: refused(_with_nan), "" if given & set(FEATURES) else "asks for no features"),
        (
            "is not given evidence of two lengths",
            lambda: refused(lambda e: _two_lengths(e, given & per_sample)),
            one_of_two,
        ),
    ]
    return [_tried(promise, attempt, excuse) for promise, attempt, excuse in promises]


def rehearse(metric: Metric, catalogue: Catalogue, call: Call = directly) -> None:
    """UsageError if the metric itself refuses its settings, which is better known before hours are spent."""
    try:
        _Trial(metric, catalogue, call).value(invented())
    except UsageError:
        raise
    except Exception:
        return  # whatever else is wrong is for its own cells to say


@dataclass(frozen=True)
class _Trial:
    metric: Metric
    catalogue: Catalogue
    call: Call = directly

    def value(self, evidence: Arrays) -> float | None:
        made_up = self._evidence(evidence, "made-up evidence")
        made_up.pool = partial(self._pool, evidence)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            try:
                return self.metric.judge(made_up, call=self.call).value
            except Inapplicable:
                return None

    def _evidence(self, evidence: Arrays, whose: str) -> Evidence:
        return Evidence({name: Root.of(value) for name, value in evidence.items()}, self.catalogue.nodes, whose=whose)

    def _pool(self, evidence: Arrays, node: str) -> Pool:
        """What three candidates say, of which this is the third: pool_place is 2."""
        features = np.asarray(evidence["features"])
        members = ({**evidence, "features": np.tanh(features)}, {**evidence, "features": features**2}, evidence)
        return Pool.of(node, (self._evidence(each, f"candidate {place}") for place, each in enumerate(members)))


def _tried(promise: str, attempt: Callable[[], str], excuse: str) -> Check:
    if excuse:
        return Check(promise, excuse=excuse)
    try:
        return Check(promise, problem=attempt())
    except TbenchError as error:
        return Check(promise, problem=str(error))
    except Exception as error:
        return Check(promise, problem=f"{type(error).__name__}: {error}")


def invented(
    samples: int = SAMPLES, columns: int = COLUMNS, classes: int = CLASSES, sources: int = SOURCES
) -> dict[str, object]:
    """Evidence of every kind, read-only, of features (samples, columns) in classes that they know of; sources: how
    many classes the candidate's head has."""
    draws = np.random.default_rng(0)
    labels = np.arange(samples) % classes
    features = draws.normal(size=(samples, columns)) + draws.normal(size=(classes, columns))[labels]
    logits = draws.normal(size=(samples, sources)) + 2 * np.eye(classes, sources)[labels]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    images = draws.integers(0, 256, size=(samples, SIDE, SIDE, 3), dtype=np.uint8)
    made = {
        "features": features,
        "labels": labels,
        "source_probabilities": probabilities,
        "source_logits": logits,
        "reference_features": draws.normal(size=(2 * samples, columns)),
        "images": images,
        "reference_images": images[::-1].copy(),
        "network": _network(),
        "task_embedding": draws.exponential(size=columns),
        "source_embedding": draws.exponential(size=columns),
        **{f"{when}_parameters": _state(draws) for when in ("initial", "pretrained", "finetuned")},
        "pool_losses": draws.exponential(size=(samples, sources)),
        "pool_place": 2,
        "initial_network": _network(),
        "finetuned_network": _network(),
        "parameter_count": 1000.0,
        "flops": 2000.0,
        "source_accuracy": 0.5,
        "seed": 0,
        "common_seed": 0,
        "device": "cpu",
        "precision": "float32",
        "source_features": draws.normal(size=(2 * samples, columns)) + 1,
        "source_labels": np.arange(2 * samples) % sources,
        "source_members": np.arange(2 * samples) % 3,
        "source_labels_of_target": (labels + draws.integers(0, 2, size=samples)) % sources,
        "head_weight": draws.normal(size=(sources, columns)),
        "head_bias": draws.normal(size=sources),
        "probe_features": features[:, :5] + draws.normal(size=(samples, 5)),
        "attributions": draws.normal(size=(samples, 3, SIDE, SIDE)),
        "probe_attributions": draws.normal(size=(samples, 3, SIDE, SIDE)),
        "earlier_attributions": draws.normal(size=(2, samples, 3, SIDE, SIDE)),
        "auxiliary_scores": draws.normal(size=(6, 3)),
        "common_features": features[:, ::-1] + draws.normal(size=(samples, columns)),
        "common_source_features": draws.normal(size=(2 * samples, columns)) + 1,
        "label_embeddings": draws.normal(size=(3, classes, 5))[:, labels] + draws.normal(size=(3, samples, 5)),
        "initial_features": draws.normal(size=(samples, columns)) + features,
    }
    for value in made.values():
        if isinstance(value, np.ndarray):
            value.flags.writeable = False
    return made


def _state(draws: np.random.Generator) -> dict[str, NDArray[np.float64]]:
    shapes = {"conv1.weight": (4, 3, 3, 3), "layer1.0.conv1.weight": (4, 4, 3, 3), "layer1.0.bn1.weight": (4,)}
    return {name: draws.normal(size=shape) for name, shape in shapes.items()}


def _network() -> Network:
    draws = torch.Generator().manual_seed(0)
    body = nn.Sequential(nn.Flatten(), nn.Linear(3 * SIDE * SIDE, COLUMNS))
    head = nn.Linear(COLUMNS, SOURCES)
    with torch.no_grad():
        for parameter in (*body.parameters(), *head.parameters()):
            parameter.normal_(std=0.1, generator=draws)
    return Network(body, head, COLUMNS, lambda images: torch.tensor(np.stack(list(images))).permute(0, 3, 1, 2) / 255)


def _rows(evidence: Arrays, rows: NDArray[np.intp]) -> dict[str, object]:
    per_sample = (*PER_SAMPLE, "images")
    taken = {name: np.asarray(value)[rows] if name in per_sample else value for name, value in evidence.items()}
    return taken | {"label_embeddings": np.asarray(evidence["label_embeddings"])[:, rows]}


def _reordered(evidence: Arrays) -> Arrays:
    return _rows(evidence, np.random.default_rng(1).permutation(SAMPLES))


def _renamed(evidence: Arrays) -> Arrays:
    return {**evidence, "labels": np.array([30, 7, 19, 2])[np.asarray(evidence["labels"])]}


def _single_precision(evidence: Arrays) -> Arrays:
    return {**evidence, **{name: np.asarray(evidence[name], np.float32) for name in FEATURES}}


def _singleton(evidence: Arrays) -> Arrays:
    labels = np.asarray(evidence["labels"])
    return _rows(evidence, np.flatnonzero((labels > 0) | (np.arange(SAMPLES) == 0)))


def _one_class(evidence: Arrays) -> Arrays:
    return {**evidence, "labels": np.zeros(SAMPLES, int)}


def _constant_column(evidence: Arrays) -> Arrays:
    return _overwritten(evidence, np.s_[:, :2], (0, 3))


def _few_samples(evidence: Arrays) -> Arrays:
    return _rows(evidence, np.arange(COLUMNS - 2))


def _with_nan(evidence: Arrays) -> Arrays:
    return _overwritten(evidence, (3, 2), np.nan)


def _overwritten(evidence: Arrays, place: Any, value: object) -> Arrays:
    """With the same entries of all features set to a value."""
    changed = {name: np.array(evidence[name]) for name in FEATURES}
    for array in changed.values():
        array[place] = value
    return {**evidence, **changed}


def _two_lengths(evidence: Arrays, names: Iterable[str]) -> Arrays:
    name = sorted(names)[-1]
    return {**evidence, name: np.asarray(evidence[name])[:-1]}
