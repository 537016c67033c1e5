"""TMI is the entropy of features within classes, by nearest neighbours in the maximum norm."""

from __future__ import annotations

import numpy as np
import pytest
from beyond import arrays, cases
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import digamma

import tbench
from tbench.api import Inapplicable, ScoreWarning, UsageError
from tbench_metrics.tmi import entropy, tmi

SEEDS = st.integers(0, 2**32 - 1)
CASES = [pytest.param(case, id=case["id"]) for case in cases("tmi")]


def problem(seed, least=5):
    rng = np.random.default_rng(seed)
    classes, dims = rng.integers(2, 5), rng.integers(1, 8)
    labels = rng.permutation(np.concatenate([np.repeat(np.arange(classes), least), rng.integers(classes, size=20)]))
    return rng.uniform(0.1, 9) * rng.normal(size=(len(labels), dims)), labels


def plain(features, labels, k, floor):
    """Sample by sample, with the distances to all others of its class in order."""
    total = 0.0
    for c in range(labels.max() + 1):
        group = features[labels == c]
        logs = []
        for i, row in enumerate(group):
            others = sorted(max(abs(row - other)) for j, other in enumerate(group) if j != i)
            logs.append(np.log(2 * max(others[k - 1], floor)))
        value = digamma(len(group)) - digamma(k) + features.shape[1] * np.mean(logs)
        total += len(group) / len(labels) * value
    return total


@pytest.mark.parametrize("case", CASES)
def test_agrees_with_an_independent_implementation_class_by_class(case):
    given_, params, expected = arrays(case), case["params"], case["expected"]
    features, labels = given_["features"], given_["labels"]
    within = {"rel": case["tolerance"]["rtol"], "abs": case["tolerance"]["atol"]}
    wish = {"neighbours": params["k"], "floor": params["min_dist"]}
    found = [entropy(features[labels == c], *wish.values()) for c in range(labels.max() + 1)]
    assert found == pytest.approx(expected["class_entropies"], **within)
    assert tmi(features, labels, **wish) == pytest.approx(expected["weighted_sum"], **within)
    mean = tmi(features, labels, average="classes", **wish)
    assert mean == pytest.approx(expected["mean_over_classes"], **within)


@settings(max_examples=30)
@given(seed=SEEDS, k=st.sampled_from([1, 3]), floor=st.sampled_from([1e-6, 1.0]))
def test_equals_the_definition(seed, k, floor):
    features, labels = problem(seed)
    assert tmi(features, labels, neighbours=k, floor=floor) == pytest.approx(plain(features, labels, k, floor))


@settings(max_examples=30)
@given(seed=SEEDS)
def test_a_factor_of_the_features_is_added_for_each_column(seed):
    features, labels = problem(seed)
    value = tmi(features, labels, floor=1e-9)
    assert tmi(7 * features, labels, floor=7e-9) == pytest.approx(value + features.shape[1] * np.log(7))


def test_tends_to_the_entropy_of_a_uniform_density():
    rng = np.random.default_rng(0)
    features = rng.uniform(0, 8, size=(4000, 2))
    assert tmi(features, np.arange(4000) % 2, floor=1e-9) == pytest.approx(2 * np.log(8), abs=0.1)


def test_the_floor_makes_all_small_features_alike():
    features, labels = problem(1)
    flat = tmi(np.zeros_like(features), labels)
    assert tmi(1e-3 * features, labels) == flat
    assert tmi(1e-3 * features, labels, floor=1e-9) < flat < tmi(1e3 * features, labels)


def test_small_classes():
    features, labels = problem(2)
    value, samples = tmi(features, labels), len(labels)
    alone = np.append(labels, labels.max() + 1)  # one more class, of one sample
    assert tmi(np.vstack([features, features[:1]]), alone) == pytest.approx(value * samples / (samples + 1))
    two = np.append(alone, labels.max() + 1)
    with pytest.warns(ScoreWarning, match=rf"1 of {labels.max() + 2} classes have no 3 neighbours and are left out"):
        left = tmi(np.vstack([features, features[:2]]), two)
    assert left == pytest.approx(value * samples / (samples + 2))
    classes = labels.max() + 1
    with pytest.warns(ScoreWarning, match="left out"):
        assert tmi(np.vstack([features, features[:2]]), two, average="classes") == pytest.approx(left / classes)
    with pytest.raises(Inapplicable, match="no class has more than 3 samples"):
        tmi(features[:6], np.arange(6) % 2)


def test_edges():
    features, labels = problem(3)
    classes = labels.max() + 1
    by_name = tbench.score("tmi:as=authors", features=features, labels=7 * labels - 3)
    assert by_name == pytest.approx(tmi(features, labels) / classes)
    with pytest.raises(Inapplicable, match="one class"):
        tmi(features, np.zeros_like(labels))
    for wrong in ({"neighbours": 0}, {"floor": 0.0}):
        with pytest.raises(UsageError, match="at least 1 and floor"):
            tmi(features, labels, **wrong)
    with pytest.raises(UsageError, match="samples or classes"):
        tmi(features, labels, average="pairs")
