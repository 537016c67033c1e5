"""What a metric is free of follows from what it asks for and what it says of itself, whoever wrote it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import Parameter, Signature
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbench.api import GIVEN, VOCABULARY, evidence
from tbench.errors import UsageError
from tbench.metric import Applied, Catalogue, Metric
from tbench.properties import Properties

COLUMNS = ("source_free", "training_free", "optimisation_free", "unsupervised", "layers")
CATALOGUE = Catalogue.installed()
NODES = CATALOGUE.nodes


def forward(network, images):
    return network(images)


def features(forward):
    return forward


def applied(function: Callable[..., Any], settings: Mapping[str, object]) -> Applied:
    return Applied(function.__name__, function, settings, function.__name__)


def of(
    function: Callable[..., Any],
    *nodes: Callable[..., Any],
    transform: Callable[..., Any] | None = None,
    **settings: object,
) -> Properties:
    """Of a stranger's metric on a small graph of evidence."""
    transforms = (applied(transform, {}),) if transform else ()
    metric = Metric("stranger", "stranger", "a package 1.0", applied(function, settings), transforms)
    return Properties.of(metric, {node.__name__: node for node in (forward, features, *nodes)})


def row(properties: Properties) -> str:
    against = properties.against()
    assert tuple(against) == COLUMNS
    return "".join("x" if reasons else "o" for reasons in against.values())


def asking(*names: str) -> Callable[..., Any]:
    """A metric that asks for evidence of these names."""

    def stranger(**given: object) -> float:
        return 0.0

    stranger.__signature__ = Signature([Parameter(name, Parameter.KEYWORD_ONLY) for name in names])
    return stranger


def test_features_and_labels_take_nothing_away() -> None:
    found = of(asking("features", "labels"))
    assert row(found) == "ooooo"
    assert (found.solver, found.blind, found.labelled_source) == ("closed", False, ())
    assert found.touches == {"candidate": ("features",)}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["source_images"], "xoooo"),
        (["source_labels"], "xoooo"),
        (["source_labels_of_target"], "xooxx"),
        (["source_accuracy"], "xooxx"),
        (["reference_images"], "xoooo"),
        (["auxiliary_scores"], "ooooo"),
        (["seed"], "ooooo"),
        (["device", "precision", "images"], "ooooo"),
    ],
)
def test_what_is_given_says_what_it_touches(names: list[str], expected: str) -> None:
    assert row(of(asking("features", "labels", *names))) == expected


def test_a_metric_inherits_from_all_evidence_below_and_tells_by_which() -> None:
    @evidence(touches=["source head"])
    def logits(network, source_images):
        return network(source_images)

    def entropy(logits):
        return logits

    found = of(asking("entropy", "features"), logits, entropy)
    assert row(found) == "xooxx"
    assert found.against()["unsupervised"] == ("source head: entropy",)
    assert found.against()["source_free"] == ("source data: entropy",)
    assert found.touches["candidate"] == ("entropy", "features")


def test_what_a_metric_says_of_itself_is_told_by_its_name() -> None:
    @evidence(touches=["target training"], solver="convex", across_layers=False)
    def stranger(features, labels):
        return 0.0

    found = of(stranger)
    assert row(found) == "oxxox"
    assert found.against() == {
        "source_free": (),
        "training_free": ("target training: stranger",),
        "optimisation_free": ("convex: stranger",),
        "unsupervised": (),
        "layers": ("layers do not compare",),
    }


def test_settings_decide_on_solver_and_on_what_is_spared() -> None:
    @evidence(
        solver=lambda settings: "iterative" if settings["learned"] else "closed",
        spares=lambda settings: [] if settings["learned"] else ["source_images", "seed"],
    )
    def stranger(features, source_images, seed, *, learned=False):
        return 0.0

    assert (row(of(stranger)), of(stranger).solver) == ("ooooo", "closed")
    assert "randomness" not in of(stranger).touches
    learned = of(stranger, learned=True)
    assert (row(learned), learned.solver) == ("xoxoo", "iterative")
    assert learned.touches["randomness"] == ("seed",)


def test_the_hardest_solver_counts_wherever_it_is() -> None:
    @evidence(solver="convex")
    def plan(features):
        return features

    @evidence(solver="iterative")
    def descent(plan):
        return plan

    found = of(asking("plan", "descent"), plan, descent)
    assert found.solver == "iterative"
    assert found.against()["optimisation_free"] == ("convex: plan", "iterative: descent")


def test_a_transform_counts_as_the_metric_does() -> None:
    @evidence(solver="iterative", across_layers=False)
    def moved(features, reference_images):
        return features

    found = of(asking("features", "labels"), transform=moved)
    assert row(found) == "xoxox"
    assert found.against()["source_free"] == ("source data: reference_images",)


def test_who_knows_nothing_of_the_candidate_cannot_tell_layers_apart() -> None:
    found = of(asking("images", "labels", "seed"))
    assert found.blind
    assert found.against()["layers"] == ("nothing of the candidate",)
    told = of(asking("labels", "flops"))
    assert not told.blind  # a fact that the candidate's family tells


def test_labels_of_a_source_are_told_apart_from_its_images() -> None:
    assert of(asking("features", "source_images")).labelled_source == ()
    assert of(asking("features", "source_labels")).labelled_source == ("source_labels",)


@pytest.mark.parametrize("words", [{"touches": ["sources"]}, {"solver": "magic"}])
def test_words_that_mean_nothing_are_refused(words: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"nothing touches sources; touches are|no solver is called 'magic'; it is"):
        evidence(**words)


def test_all_evidence_is_either_given_or_computed() -> None:
    assert set(GIVEN) <= set(VOCABULARY)
    assert set(VOCABULARY) <= set(GIVEN) | set(NODES)
    assert set(GIVEN).isdisjoint(NODES)


@given(st.sets(st.sampled_from(sorted(VOCABULARY))), st.sets(st.sampled_from(sorted(VOCABULARY))))
def test_who_asks_for_more_is_free_of_less(some: set[str], more: set[str]) -> None:
    def found(names: set[str]) -> Properties:
        asks = applied(asking(*sorted(names)), {})
        return Properties.of(Metric("stranger", "stranger", "a package 1.0", asks), NODES)

    few, many = found(some), found(some | more)
    assert few.touches.keys() <= many.touches.keys()
    for column in COLUMNS[:-1]:  # who sees nothing of the candidate may see it by asking for more
        assert len(few.against()[column]) <= len(many.against()[column])
