"""A transform that calls the metric which it wraps: on which evidence, at whose cost, and what it cannot do."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tbench.api import Inapplicable, Inner, Score, evidence
from tbench.errors import EvidenceError, MissingEvidence, TbenchError, UsageError
from tbench.evidence.changed import changed
from tbench.evidence.graph import Evidence, Root
from tbench.isolation import Apart
from tbench.metric import Applied, Call, Catalogue, Metric, Verdict, directly

FEATURES = np.arange(24.0).reshape(8, 3)
LABELS = np.array([0, 0, 0, 0, 1, 1, 2, 2])
IMAGES = [f"image {row}" for row in range(8)]


class Nodes:
    """Nodes that tell how often they were computed."""

    def __init__(self) -> None:
        self.calls: list[str] = []

        def features(images: Any) -> NDArray[Any]:
            self.calls.append("features")
            return FEATURES[[int(image.split()[1]) for image in images]]

        def lengths(features: NDArray[Any]) -> NDArray[Any]:
            self.calls.append("lengths")
            return (features**2).sum(axis=1)

        def sums(features: NDArray[Any], labels: NDArray[Any]) -> NDArray[Any]:
            self.calls.append("sums")
            return np.bincount(labels, features.sum(axis=1))

        self.nodes = {"features": features, "lengths": lengths, "sums": sums}

    def evidence(self, **roots: object) -> Evidence:
        given = {"images": IMAGES, "labels": LABELS, **roots}
        return Evidence({name: Root.of(value) for name, value in given.items()}, self.nodes, whose="a candidate")


def first(sums: NDArray[Any], lengths: NDArray[Any]) -> float:
    return float(sums[0] + 1000 * len(lengths))


def applied(function: Callable[..., Any], **given: object) -> Applied:
    return Applied(function.__name__, function, given, function.__name__, "tbench 0")


def metric(core: Callable[..., Any], *transforms: Callable[..., Any]) -> Metric:
    return Metric("spec", "label", "tbench 0", applied(core), tuple(applied(one) for one in transforms))


def judged(
    core: Callable[..., Any], *transforms: Callable[..., Any], on: Evidence | None = None, call: Call = directly
) -> Verdict:
    return metric(core, *transforms).judge(on or Nodes().evidence(), call=call)


def plain(inner: Inner) -> Score:
    return inner()


def reversed_labels(inner: Inner, labels: NDArray[Any]) -> float:
    return inner(labels=labels[::-1]).value


def half(inner: Inner, labels: NDArray[Any]) -> float:
    return inner(np.arange(0, len(labels), 2)).value


def doubled(features: NDArray[Any]) -> NDArray[Any]:
    return 2 * features


def by_class(features: NDArray[Any], labels: NDArray[Any]) -> NDArray[Any]:
    return features + 100.0 * labels[:, None]


def test_it_calls_the_metric_as_it_is_with_other_evidence_and_on_some_samples() -> None:
    assert judged(first, plain).value == judged(first).value == FEATURES[:4].sum() + 8000
    assert judged(first, reversed_labels).value == FEATURES[4:].sum() + 8000
    assert judged(first, half).value == FEATURES[[0, 2]].sum() + 4000


def test_rows_may_be_marked_as_well_as_numbered_and_evidence_given_is_of_these() -> None:
    def marked(inner: Inner) -> float:
        return inner(np.arange(8) % 2 == 0, labels=np.zeros(4, dtype=int)).value

    assert judged(first, marked).value == FEATURES[::2].sum() + 4000


def test_terms_of_the_metric_are_told_to_who_calls_it() -> None:
    def termed(features: NDArray[Any]) -> Score:
        return Score(1.0, {"rows": len(features)})

    def rows(inner: Inner) -> float:
        return inner([0, 1]).terms["rows"]

    assert judged(termed, rows).value == 2.0


def test_it_wraps_what_is_written_before_it() -> None:
    moved_by_true_ones = 3 * 100 * LABELS[4:].sum()
    assert judged(first, by_class, reversed_labels).value == FEATURES[4:].sum() + 8000  # moved by the labels given
    assert judged(first, reversed_labels, by_class).value == FEATURES[4:].sum() + moved_by_true_ones + 8000
    assert judged(first, doubled, half).value == judged(first, half, doubled).value == 2 * FEATURES[[0, 2]].sum() + 4000


def test_wrappers_wrap_wrappers() -> None:
    assert judged(first, half, half).value == FEATURES[[0]].sum() + 2000  # rows 0 and 4 of a half are of classes 0, 1
    assert judged(first, half, reversed_labels).value == FEATURES[[4, 6]].sum() + 4000
    assert judged(first, reversed_labels, half).value == FEATURES[[4, 6]].sum() + 4000


def test_what_does_not_rest_on_labels_is_computed_once_and_charged_as_evidence() -> None:
    def thrice(inner: Inner, labels: NDArray[Any]) -> float:
        return sum(inner(labels=np.roll(labels, shift)).value for shift in range(3))

    made = Nodes()
    verdict = judged(first, thrice, on=made.evidence())
    assert sorted(made.calls) == ["features", "lengths", "sums", "sums", "sums"]
    assert set(verdict.evidence) == {"features", "lengths"}


def test_labels_are_never_shared_so_that_no_call_is_cheaper_for_what_others_computed() -> None:
    made = Nodes()
    graph = made.evidence()
    judged(first, on=graph)
    before = judged(first, plain, on=graph)
    assert made.calls.count("sums") == 2
    assert set(before.evidence) == {"features", "lengths"}


def test_a_transform_that_looks_at_no_labels_is_applied_once_for_all_calls() -> None:
    made = []

    def shifted(features: NDArray[Any]) -> NDArray[Any]:
        made.append("shifted")
        return features + 1

    def thrice(inner: Inner, labels: NDArray[Any]) -> float:
        return sum(inner(labels=np.roll(labels, shift)).value for shift in range(3))

    verdict = judged(first, shifted, thrice)
    assert made == ["shifted"]
    assert set(verdict.evidence) == {"features", "features+shifted", "lengths+shifted"}


def test_the_seconds_of_all_calls_are_the_metrics_own() -> None:
    def slow(features: NDArray[Any]) -> float:
        time.sleep(0.02)
        return 1.0

    def thrice(inner: Inner) -> float:
        return sum(inner().value for _ in range(3))

    assert judged(slow, thrice).timing.seconds >= 0.06


def test_in_a_fork_it_says_the_same_and_what_was_there_stays() -> None:
    apart = Apart(60.0, 4.0, lambda printed: None)
    for transforms in ((reversed_labels,), (half,), (by_class, reversed_labels), (half, half)):
        here, there = judged(first, *transforms), judged(first, *transforms, call=apart)
        assert (there.value, set(there.evidence)) == (here.value, set(here.evidence))
    made = Nodes()
    judged(first, reversed_labels, on=made.evidence(), call=apart)
    assert sorted(made.calls) == ["features", "lengths"]  # what rests on the labels was computed in the fork


def test_a_stranger_who_calls_a_metric_is_isolated_as_one_who_brings_it() -> None:
    strangers = Applied("plain", plain, {}, "plain", "elsewhere 1")
    moving = Applied("doubled", doubled, {}, "doubled", "elsewhere 1")
    assert Metric("spec", "label", "tbench 0", applied(first), (strangers,)).foreign
    assert not Metric("spec", "label", "tbench 0", applied(first), (moving,)).foreign
    assert not metric(first, plain).foreign


def test_what_it_gives_is_admitted_as_all_evidence_is() -> None:
    def short(inner: Inner, labels: NDArray[Any]) -> float:
        return inner(labels=labels[:-1]).value

    def holes(inner: Inner, features: NDArray[Any]) -> float:
        return inner(features=np.where(features > 3, np.nan, features)).value

    def unknown(inner: Inner) -> float:
        return inner(labelz=[1]).value

    def into(inner: Inner, labels: NDArray[Any]) -> float:
        labels[0] = 3
        return inner().value

    with pytest.raises(EvidenceError, match="different lengths"):
        judged(first, short)
    with pytest.raises(EvidenceError, match="NaN"):
        judged(first, holes)
    with pytest.raises(UsageError, match="metric label is called with labelz, which is no evidence"):
        judged(first, unknown)
    with pytest.raises(ValueError, match="read-only"):
        judged(first, into)


def test_gaps_that_rows_leave_between_classes_are_closed() -> None:
    def classes(labels: NDArray[Any]) -> float:
        return float(labels.max() + 1)

    def rest(inner: Inner) -> float:
        return inner(np.array([0, 6, 7])).value

    assert judged(classes, rest).value == 2.0


def test_a_number_that_is_none_and_an_exit_are_told_with_the_label() -> None:
    def nothing(inner: Inner) -> float:
        return float("nan")

    def leaves(inner: Inner) -> float:
        raise SystemExit

    with pytest.raises(TbenchError, match="metric label from tbench 0 returned nan"):
        judged(first, nothing)
    with pytest.raises(TbenchError, match="metric label from tbench 0 raised SystemExit"):
        judged(first, leaves)


def test_what_is_missing_is_missing_before_any_call() -> None:
    calls = []

    def counted(inner: Inner) -> float:
        calls.append(1)
        return inner().value

    def of_source(source_probabilities: NDArray[Any], labels: NDArray[Any]) -> float:
        return 0.0

    with pytest.raises(MissingEvidence, match="a candidate gives no source_probabilities"):
        judged(of_source, counted)
    assert not calls


def test_evidence_that_a_user_gives_is_not_computed_from_what_lies_below() -> None:
    lengths = np.arange(8.0)
    graph = Nodes().evidence(lengths=lengths)
    assert changed(graph, {"labels": LABELS})["lengths"].base is lengths


def test_spared_evidence_is_not_computed_for_calls() -> None:
    @evidence(spares=lambda settings: ["sums"])
    def few(features: NDArray[Any], sums: object) -> float:
        return float(sums is None)

    made = Nodes()
    assert judged(few, plain, on=made.evidence()).value == 1.0
    assert "sums" not in made.calls


def test_a_transform_may_change_the_number_of_columns_but_not_of_what_goes_with_them() -> None:
    def narrow(features: NDArray[Any]) -> NDArray[Any]:
        return features[:, :2]

    def width(features: NDArray[Any]) -> float:
        return float(features.shape[1])

    def of_both(features: NDArray[Any], source_features: NDArray[Any]) -> float:
        return 0.0

    assert judged(width, narrow).value == 2.0
    graph = Nodes().evidence(source_features=FEATURES)
    with pytest.raises(Inapplicable, match="transform narrow made 2 columns of the features; source_features have 3"):
        judged(of_both, narrow, on=graph)
    assert judged(of_both, doubled, on=graph).value == 0.0


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("parameters+calibrated", "parameters rests on nothing per sample, so every call would say the same"),
        ("random+split", "random rests on nothing per sample"),
        ("nce+pca", "nce does not rest on features, so a transform would change nothing"),
        ("nce+pca+calibrated", "nce does not rest on features"),
        ("logme+calibrated:permutation=3", "calibrated has no setting 'permutation'; did you mean permutations"),
    ],
)
def test_what_would_change_nothing_is_refused(spec: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Catalogue.installed().metric(spec)


def test_specs_are_spelled_out_and_shortened_as_all_are() -> None:
    found = Catalogue.installed().metric("logme+pca:dims=64+calibrated:permutations=30+split")
    assert found.label == "logme+pca+calibrated:permutations=30+split"
    assert found.spec.endswith("+pca:dims=64+calibrated:permutations=30+split")
    assert found.asked == ("features", "labels", "groups", "gram_spectrum", "algebra", "seed")


ARRAYS: Mapping[str, Any] = {"features": np.random.default_rng(3).normal(size=(30, 4)), "labels": np.arange(30) % 3}


@settings(max_examples=30)
@given(rows=st.lists(st.integers(0, 29), min_size=6, max_size=30, unique=True))
def test_on_some_samples_it_says_what_it_says_of_these_alone(rows: list[int]) -> None:
    catalogue = Catalogue.installed()
    chosen = np.array(rows)

    def some(inner: Inner) -> Score:
        return inner(chosen)

    def graph(arrays: Mapping[str, Any]) -> Evidence:
        return Evidence({name: Root.of(value) for name, value in (arrays | {"device": "cpu"}).items()}, catalogue.nodes)

    lfc = catalogue.metric("lfc")
    wrapped = Metric("spec", "label", "tbench 0", lfc.core, (applied(some),))
    if len(set(ARRAYS["labels"][chosen])) > 1:
        alone = lfc.judge(graph({name: array[chosen] for name, array in ARRAYS.items()})).value
        assert wrapped.judge(graph(ARRAYS)).value == alone
