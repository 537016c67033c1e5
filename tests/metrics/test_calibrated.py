"""A calibrated score is in units of what labels without meaning score: near 0 where features know nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import permutation_test, t

import tbench
from tbench.api import Inapplicable, Score, UsageError
from tbench_metrics.calibrated import calibrated

pytestmark = pytest.mark.filterwarnings("ignore::tbench.api.ScoreWarning")


def problem(seed, columns=6, signal=1.0, samples=48, classes=4):
    rng = np.random.default_rng(seed)
    labels = np.arange(samples) % classes
    means = signal * rng.normal(size=(classes, columns))
    return {"features": rng.normal(size=(samples, columns)) + means[labels], "labels": labels}


@settings(max_examples=8)
@given(seed=st.integers(0, 2**32 - 1), permutations=st.integers(2, 12))
def test_is_the_score_among_those_of_permuted_labels(seed, permutations):
    given = problem(seed, signal=0.3)
    draws = np.random.default_rng(seed)
    null = [
        tbench.score("lfc", features=given["features"], labels=draws.permutation(given["labels"]))
        for _ in range(permutations)
    ]
    raw = tbench.score("lfc", **given)
    spec = f"lfc+calibrated:permutations={permutations}"
    assert tbench.score(spec, **given, seed=seed) == pytest.approx((raw - np.mean(null)) / np.std(null, ddof=1))
    assert tbench.score(spec, terms=True, **given, seed=seed) == pytest.approx(
        {
            "raw": raw,
            "null_mean": np.mean(null),
            "null_sd": np.std(null, ddof=1),
            "p": (1 + sum(value >= raw for value in null)) / (permutations + 1),
        }
    )


def difference(values):
    """A metric of two classes of numbers, by itself."""

    def inner(labels=values[1]):
        return Score(values[0][labels == 1].mean() - values[0][labels == 0].mean())

    return inner


def test_the_share_of_labellings_that_score_as_high_is_that_of_scipys_permutation_test():
    rng = np.random.default_rng(5)
    labels = np.arange(40) % 2
    values = rng.normal(size=40) + 0.4 * labels
    exact = permutation_test(
        (values[labels == 1], values[labels == 0]),
        lambda ones, zeros, axis: ones.mean(axis=axis) - zeros.mean(axis=axis),
        alternative="greater",
        vectorized=True,
        rng=np.random.default_rng(0),
    ).pvalue
    share = calibrated(difference((values, labels)), labels, 0, permutations=4000).terms["p"]
    assert share == pytest.approx(exact, abs=4 * np.sqrt(2 * exact * (1 - exact) / 4000))


@pytest.mark.parametrize("spec", ["knn", "lfc", "transrate", "nleep", "sfda+ped", "logme:as=thuml"])
def test_signal_is_many_sd_from_noise(spec):
    reference = np.random.default_rng(9).normal(size=(40, 6))
    known = tbench.score(f"{spec}+calibrated", **problem(0, signal=2.0), reference_features=reference)
    unknown = tbench.score(f"{spec}+calibrated", **problem(0, signal=0.0), reference_features=reference)
    assert known > 4 > 3 > abs(unknown)


def test_labels_that_mean_nothing_are_spread_as_it_says():
    labels = np.arange(40) % 2
    draws = np.random.default_rng(0)
    found = [calibrated(difference((draws.normal(size=40), labels)), labels, seed) for seed in range(2000)]
    expected = np.sqrt(1 + 1 / 20) * t(19).std()
    assert np.std([score.value for score in found]) == pytest.approx(expected, rel=0.1)
    assert np.mean([score.value for score in found]) == pytest.approx(0, abs=4 * expected / np.sqrt(2000))
    assert np.mean([score.terms["p"] for score in found]) == pytest.approx(11 / 21, abs=0.03)


def test_a_transform_that_looks_at_labels_is_applied_to_the_permuted_ones():
    reference = np.random.default_rng(9).normal(size=(40, 6))
    given = problem(1, signal=0.0) | {"reference_features": reference}
    strong = "ped:nsigma=3,dt=2,exit=0.01"  # pulls any classes apart
    within = tbench.score(f"lfc+{strong}+calibrated", **given)
    before = tbench.score(f"lfc+calibrated+{strong}", **given)
    assert abs(within) < 3
    assert before > 4  # the labels that it moved classes by are known to the features for good


@pytest.mark.parametrize("spec", ["hscore", "sfda", "lda"])
def test_a_score_at_its_bound_for_any_labels_is_saturated(spec):
    given = problem(0, columns=100)
    with pytest.raises(Inapplicable, match="undefined: saturated: 20 permutations of the labels all score"):
        tbench.score(f"{spec}+calibrated", **given)


def test_scores_that_are_defined_for_tables_of_labels_are_calibrated_too():
    given = problem(2, signal=2.0)
    several = np.stack([given["labels"] < 2, given["labels"] > 0], axis=1).astype(int)
    real = given["features"] @ np.ones((6, 2)) + 0.5
    assert tbench.score("logme+calibrated", features=given["features"], labels=several) > 3
    assert tbench.score("lin-mse+calibrated", features=given["features"], labels=real) > 3


def test_scores_of_source_classes_are_calibrated_too():
    labels = np.arange(60) % 3
    said = np.random.default_rng(0).dirichlet(np.ones(5), size=60) + 0.5 * np.eye(5)[labels]
    said /= said.sum(axis=1, keepdims=True)
    for spec in ("leep", "nce:soft=true"):
        assert tbench.score(f"{spec}+calibrated", source_probabilities=said, labels=labels) > 4


def test_the_seed_draws_the_permutations():
    given = problem(3, signal=0.2)
    scores = [tbench.score("lfc+calibrated", **given, seed=seed) for seed in (0, 0, 1)]
    assert scores[0] == scores[1] != scores[2]


def test_permutations_are_at_least_two():
    with pytest.raises(UsageError, match="calibrated: permutations must be at least 2, not 1"):
        tbench.score("lfc+calibrated:permutations=1", **problem(0))


def test_one_class_is_inapplicable_as_it_is_to_the_metric():
    given = problem(0)
    with pytest.raises(Inapplicable, match="one class"):
        tbench.score("logme+calibrated", **given | {"labels": np.zeros(48, dtype=int)})
