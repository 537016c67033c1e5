"""LogME is the largest log evidence of a Bayesian linear model, averaged over targets."""

from __future__ import annotations

import numpy as np
import pytest
from evidenced import called
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from tbench.api import Inapplicable, UsageError
from tbench_metrics.logme import logme

pytestmark = pytest.mark.filterwarnings(
    "ignore:logme. the evidence had not settled"
)  # its value is what is tested here

SEEDS = st.integers(0, 2**32 - 1)
WISHES = st.sampled_from([{}, {"logdet": "thin"}, {"method": "icml"}, {"method": "icml", "eps": 0.0}])
QUIET = settings(max_examples=40)


def score(features, labels, **settings):
    return called(logme, settings, features=features, labels=labels).value


def problem(seed, spread=1.0):
    """Features (N, D) around class means, N below or above D, and labels (N,) in which every class occurs."""
    rng = np.random.default_rng(seed)
    classes, dims = rng.integers(2, 6), rng.integers(2, 30)
    labels = rng.permutation(np.concatenate([np.arange(classes), rng.integers(classes, size=rng.integers(3, 40))]))
    means = spread * rng.normal(size=(classes, dims))
    return means[labels] + rng.normal(size=(len(labels), dims)), labels


def regression(seed):
    """Features (N, D), N well above D, and noisy linear targets (N, 2)."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(rng.integers(60, 90), rng.integers(3, 9)))
    return features, features @ rng.normal(size=(features.shape[1], 2)) + rng.normal(size=(len(features), 2))


def best_log_evidence(features, target):
    """By numerical search for the hyperparameters, of the marginal distribution of the target."""

    def loss(logs):
        covariance = features @ features.T / np.exp(logs[0]) + np.eye(len(features)) / np.exp(logs[1])
        return -multivariate_normal.logpdf(target, cov=covariance)

    return -minimize(loss, x0=(0.0, 0.0), method="Nelder-Mead", options={"fatol": 1e-9}).fun / len(target)


@pytest.mark.parametrize("wish", [{"eps": 0.0}, {"eps": 0.0, "method": "icml"}])
def test_is_the_best_log_evidence_there_is(wish):
    for seed in range(3):
        features, targets = regression(seed)
        expected = np.mean([best_log_evidence(features, target) for target in targets.T])
        assert score(features, targets, **wish) == pytest.approx(expected, abs=1e-4)


def test_is_the_best_log_evidence_there_is_with_more_columns_than_samples():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(40, 50))
    targets = features[:, :10].sum(axis=1, keepdims=True) + 2 * rng.normal(size=(40, 1))
    expected = best_log_evidence(features, targets[:, 0])
    assert score(features, targets) == pytest.approx(expected, abs=1e-2)
    assert score(features, targets, logdet="thin") > expected + 0.1


@QUIET
@given(seed=SEEDS)
def test_all_ways_of_giving_classes_agree(seed):
    features, labels = problem(seed)
    table = np.eye(labels.max() + 1)[labels]
    value = score(features, labels)
    assert score(features, table.astype(np.int8)) == pytest.approx(value, rel=1e-9)
    assert score(features, table) == pytest.approx(value, rel=1e-9)


@QUIET
@given(seed=SEEDS, wish=WISHES)
def test_order_names_and_rotation_do_not_matter(seed, wish):
    features, labels = problem(seed)
    rng = np.random.default_rng(seed)
    rows, names = rng.permutation(len(labels)), rng.permutation(labels.max() + 1)
    value = pytest.approx(score(features, labels, **wish), rel=1e-6, abs=1e-6)
    assert score(features[rows], names[labels[rows]], **wish) == value
    rotation = np.linalg.qr(rng.normal(size=(features.shape[1],) * 2))[0]
    assert score(features @ rotation, labels, **wish) == value


def test_scale_hardly_matters_and_translation_does():
    features, labels = problem(1)
    value = score(features, labels)
    assert score(7 * features, labels) == pytest.approx(value, abs=1e-4)
    assert abs(score(features + 10, labels) - value) > 0.1


@QUIET
@given(seed=SEEDS)
def test_dead_columns_do_not_matter_unless_the_determinant_is_thin(seed):
    features, labels = problem(seed)
    padded = np.pad(features, ((0, 0), (0, 50)))  # now N < D
    assert score(padded, labels) == pytest.approx(score(features, labels), rel=1e-6, abs=1e-6)
    assert abs(score(padded, labels, logdet="thin") - score(features, labels, logdet="thin")) > 1e-3


def test_a_thin_determinant_makes_no_difference_where_samples_abound():
    features, targets = regression(5)
    assert score(features, targets, logdet="thin") == score(features, targets)


def test_scaled_targets_shift_the_evidence():
    features, targets = regression(6)
    assert score(features, 3 * targets) == pytest.approx(score(features, targets) - np.log(3), abs=1e-4)


def test_separated_classes_score_higher():
    for seed in range(5):
        scores = [score(*problem(seed, spread)) for spread in (0.0, 1.0, 4.0)]
        assert scores == sorted(scores)
        assert len(set(scores)) == 3


def test_labels_that_no_sample_has_are_left_out():
    features, labels = problem(7)
    table = np.eye(labels.max() + 3, dtype=np.int8)[labels]
    assert score(features, table) == pytest.approx(score(features, labels), rel=1e-9)
    with pytest.raises(Inapplicable, match="all targets are zero"):
        score(features, np.zeros((len(features), 2)))


@pytest.mark.parametrize("method", ["fixed-point", "icml"])
def test_without_eps_perfect_and_hopeless_targets_stay_finite(method):
    rng = np.random.default_rng(8)
    features = rng.normal(size=(40, 5))
    weights = rng.normal(size=(5, 1))
    assert np.isfinite(score(features, features @ weights, method=method, eps=0.0))
    target = rng.normal(size=(40, 1))
    orthogonal = target - features @ np.linalg.lstsq(features, target, rcond=None)[0]
    hopeless = score(features, orthogonal, method=method, eps=0.0)
    assert np.isfinite(hopeless)
    assert hopeless < score(features, features @ weights, method=method, eps=0.0)


def test_edges():
    features, labels = problem(1)
    value = score(features, labels)
    assert score(features.astype(np.float32), labels) == pytest.approx(value, rel=1e-4)
    assert np.isfinite(score(features, np.arange(len(labels))))  # each sample a class of its own
    assert np.isfinite(score(np.full_like(features, 0.1), labels))
    assert np.isfinite(score(np.pad(features, ((0, 0), (0, 2)), constant_values=3.0), labels))  # constant columns
    with pytest.raises(Inapplicable, match="one class"):
        score(features, np.zeros_like(labels))
    with pytest.raises(Inapplicable, match="all zero"):
        score(np.zeros_like(features), labels)
    with pytest.raises(UsageError, match="full or thin"):
        score(features, labels, logdet="fat")
    with pytest.raises(UsageError, match="fixed-point or icml"):
        score(features, labels, method="em")
    with pytest.raises(UsageError, match="negative"):
        score(features, labels, eps=-1.0)


def test_inputs_are_left_alone():
    features, labels = problem(3)
    features.flags.writeable = labels.flags.writeable = False
    assert isinstance(score(features, labels), float)
