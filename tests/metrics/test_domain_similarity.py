"""DS is the earth mover's distance between class means, whatever solves it."""

from __future__ import annotations

import numpy as np
import pytest
from evidenced import called
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from scipy.stats import wasserstein_distance
from source_aware import oracle

import tbench
from tbench.api import EvidenceError, Inapplicable, UsageError
from tbench_metrics.domain_similarity import domain_similarity

SEEDS = st.integers(0, 2**32 - 1)
QUIET = settings(max_examples=30)


def problem(seed, columns=4):
    """Features and labels of target and source."""
    rng = np.random.default_rng(seed)
    given = {}
    for side in ("", "source_"):
        classes = rng.integers(1, 6)
        labels = rng.permutation(np.concatenate([np.arange(classes), rng.integers(classes, size=rng.integers(1, 40))]))
        means = rng.normal(size=(classes, columns))
        given[f"{side}labels"] = labels
        given[f"common_{side}features"] = 3 * means[labels] + rng.normal(size=(len(labels), columns))
    return given


def swapped(given):
    return {
        "common_features": given["common_source_features"],
        "labels": given["source_labels"],
        "common_source_features": given["common_features"],
        "source_labels": given["labels"],
    }


@pytest.mark.parametrize(
    ("case", "min_images"),
    [("domain_similarity_a", 1), ("domain_similarity_a", 12), ("domain_similarity_b", 1), ("domain_similarity_b", 6)],
)
def test_agrees_with_the_authors_code_and_another_solver(case, min_images):
    arrays, document = oracle(case)
    expected, tolerance = document["expected"][f"min_images_{min_images}"], document["tolerance"]["rtol"]
    found = domain_similarity(
        arrays["target_features"],
        arrays["target_labels"],
        arrays["source_features"],
        arrays["source_labels"],
        None,
        gamma=0.01,
        min_images=min_images,
    )
    assert found.value == pytest.approx(expected["similarity_gamma_0.01"], rel=tolerance)
    assert found.terms["distance"] == pytest.approx(expected["emd"], rel=tolerance)
    assert found.terms["distance"] == pytest.approx(expected["pot_exact"], rel=1e-7)
    assert found.terms["source classes"] == expected["n_source_classes_kept"]


@pytest.mark.parametrize("case", ["domain_similarity_a", "domain_similarity_b"])
def test_a_source_is_at_no_distance_from_itself(case):
    arrays, document = oracle(case)
    features, labels = arrays["source_features"], arrays["source_labels"]
    found = domain_similarity(features, labels, features, labels, None, gamma=0.01)
    assert found.terms["distance"] == pytest.approx(document["expected"]["self_distance_source"], abs=1e-9)
    assert found.value == pytest.approx(1)


def test_published_settings_have_a_name():
    arrays, _ = oracle("domain_similarity_a")
    rows = np.repeat(np.arange(len(arrays["source_labels"])), 20)  # enough images for the filter, not for all classes
    given = {
        "common_features": arrays["target_features"],
        "labels": arrays["target_labels"],
        "common_source_features": arrays["source_features"][rows],
        "source_labels": arrays["source_labels"][rows],
    }
    value = tbench.score("domain-similarity:as=authors", **given)
    assert value == tbench.score("domain-similarity:gamma=0.01,min_images=200", **given)
    assert value == np.exp(0.01 * tbench.score("domain-similarity:min_images=200", **given))
    assert value != np.exp(0.01 * tbench.score("domain-similarity", **given))


@QUIET
@given(seed=SEEDS)
def test_symmetric_negative_and_the_same_for_moved_rotated_and_repeated_sets(seed):
    given = problem(seed)
    rng = np.random.default_rng(seed)
    value = tbench.score("domain-similarity", **given)
    assert value <= 0
    same = pytest.approx(value, rel=1e-6, abs=1e-9)
    assert tbench.score("domain-similarity", **swapped(given)) == same
    rotation, offset = np.linalg.qr(rng.normal(size=(4, 4)))[0], rng.normal(size=4)
    moved = {side: given[side] @ rotation + offset for side in ("common_features", "common_source_features")}
    assert tbench.score("domain-similarity", **given | moved) == same
    twice = {name: np.repeat(array, 2, axis=0) for name, array in given.items() if "source" not in name}
    assert tbench.score("domain-similarity", **given | twice) == same
    larger = {side: 5 * given[side] for side in ("common_features", "common_source_features")}
    assert tbench.score("domain-similarity", **given | larger) == pytest.approx(5 * value, rel=1e-6, abs=1e-9)


@QUIET
@given(seed=SEEDS)
def test_in_one_column_it_is_the_distance_of_two_distributions_on_a_line(seed):
    given = problem(seed, columns=1)
    sides = []
    for side in ("", "source_"):
        counts = np.bincount(given[f"{side}labels"])
        sides.append((np.bincount(given[f"{side}labels"], given[f"common_{side}features"][:, 0]) / counts, counts))
    expected = wasserstein_distance(sides[0][0], sides[1][0], sides[0][1], sides[1][1])
    assert -tbench.score("domain-similarity", **given) == pytest.approx(expected, rel=1e-6)


def test_equal_weights_make_it_an_assignment():
    rng = np.random.default_rng(0)
    target, source = rng.normal(size=(2, 30, 5))
    costs = cdist(target, source)
    expected = costs[linear_sum_assignment(costs)].mean()
    given = {
        "common_features": target,
        "labels": np.arange(30),
        "common_source_features": source,
        "source_labels": np.arange(30),
    }
    assert -tbench.score("domain-similarity", **given) == pytest.approx(expected, rel=1e-7)


def test_clusters_stand_for_the_classes_of_a_source_without_labels():
    rng = np.random.default_rng(1)
    labels = np.arange(60) % 4
    given = {
        "common_features": rng.normal(size=(30, 3)),
        "labels": np.arange(30) % 3,
        "common_source_features": 100 * np.eye(4, 3)[labels] + rng.normal(size=(60, 3)),  # their clusters are plain
    }
    with_labels = tbench.score("domain-similarity", **given, source_labels=labels)
    found = {
        seed: tbench.score("domain-similarity:clusters=4", **given, common_seed=seed, terms=True) for seed in range(4)
    }
    assert -with_labels == pytest.approx(min(terms["distance"] for terms in found.values()))
    assert all(terms["source classes"] == 4 and terms["converged"] == 1 for terms in found.values())
    each = tbench.score("domain-similarity:clusters=999", **given)
    assert each == pytest.approx(tbench.score("domain-similarity", **given, source_labels=np.arange(60)))
    twice = given | {"common_source_features": np.tile(given["common_source_features"], (2, 1))}
    assert tbench.score("domain-similarity:clusters=999", **twice) == pytest.approx(each)


@pytest.mark.parametrize("spec", ["domain-similarity", "domain-similarity:clusters=3"])
def test_one_source_is_as_far_for_all_of_its_candidates(spec):
    given = problem(5)
    rng = np.random.default_rng(0)
    values = {
        tbench.score(
            spec,
            **given,
            features=rng.normal(size=(len(given["labels"]), width)),
            source_features=rng.normal(size=(len(given["source_labels"]), width)),
            seed=width,
        )
        for width in (2, 7)
    }
    assert len(values) == 1


def test_edges():
    given = problem(3)
    one_class = given | {name: np.zeros_like(given[name]) for name in ("labels", "source_labels")}
    apart = given["common_features"].mean(axis=0) - given["common_source_features"].mean(axis=0)
    assert -tbench.score("domain-similarity", **one_class) == pytest.approx(np.linalg.norm(apart))
    counts = np.bincount(given["source_labels"])
    with pytest.raises(Inapplicable, match=f"no source class has 200 images; the largest has {counts.max()}"):
        tbench.score("domain-similarity:as=authors", **given)
    with pytest.raises(Inapplicable, match="one class per sample"):
        tbench.score("domain-similarity", **given | {"source_labels": given["source_labels"] + 0.5})
    with pytest.raises(UsageError, match="gamma must be above 0"):
        called(domain_similarity, {"gamma": 0.0}, **given)
    for settings_ in ({"min_images": 0}, {"clusters": 0}):
        with pytest.raises(UsageError, match="min_images must be at least 1, clusters at least 1 or none"):
            called(domain_similarity, settings_, **given)


def test_what_cannot_be_is_refused():
    given = problem(4)
    with pytest.raises(EvidenceError, match=r"different lengths: source_labels .*, common_source_features"):
        tbench.score("domain-similarity", **given | {"source_labels": given["source_labels"][:-1]})
    with pytest.raises(EvidenceError, match="columns: common_features 4, common_source_features 3"):
        tbench.score("domain-similarity", **given | {"common_source_features": given["common_source_features"][:, :3]})
    given["common_source_features"][2, 1] = np.inf
    with pytest.raises(EvidenceError, match="common_source_features: 1 values are NaN or infinite, the first in row 2"):
        tbench.score("domain-similarity", **given)
