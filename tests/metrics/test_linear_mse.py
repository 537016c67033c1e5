"""LinMSE is the training error of a ridge regression with a free intercept, on real targets only."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import mean_squared_error

import tbench
from tbench.api import Inapplicable, Spectrum, UsageError
from tbench_metrics.linear_mse import linear_mse

SEEDS = st.integers(0, 2**32 - 1)
PENALTIES = st.sampled_from([1e-3, 0.1, 1.0, 10.0])
QUIET = settings(max_examples=40)


def spectrum(features):
    """By a full decomposition of the rows themselves."""
    _, singular, axes = np.linalg.svd(features - features.mean(axis=0, dtype=np.float64), full_matrices=False)
    return Spectrum(singular**2, axes.T)


def score(features, targets, **settings):
    return linear_mse(features, targets, spectrum(features), **settings)


def problem(seed, *, wide=False):
    """Features (N, D) and targets (N, R) that depend on them, with noise."""
    rng = np.random.default_rng(seed)
    samples, dims = (rng.integers(5, 15), rng.integers(20, 30)) if wide else (rng.integers(20, 60), rng.integers(2, 9))
    features = rng.normal(size=(samples, dims)) + rng.normal(size=dims)
    targets = features @ rng.normal(size=(dims, rng.integers(1, 4))) + rng.normal(size=(samples, 1)) + 3
    return features, targets


@QUIET
@given(seed=SEEDS, penalty=PENALTIES, wide=st.booleans())
def test_equals_the_error_of_a_ridge_regression(seed, penalty, wide):
    features, targets = problem(seed, wide=wide)
    fitted = Ridge(alpha=len(features) * penalty, solver="svd").fit(features, targets).predict(features)
    expected = -mean_squared_error(targets, fitted.reshape(targets.shape))
    assert score(features, targets, penalty=penalty) == pytest.approx(expected, rel=1e-9)


@QUIET
@given(seed=SEEDS)
def test_without_penalty_equals_the_error_of_least_squares(seed):
    features, targets = problem(seed)
    expected = -mean_squared_error(targets, LinearRegression().fit(features, targets).predict(features))
    assert score(features, targets, penalty=0) == pytest.approx(expected, rel=1e-9)


@QUIET
@given(seed=SEEDS, penalty=PENALTIES, wide=st.booleans())
def test_between_minus_the_variance_and_zero_whatever_order_origin_and_rotation(seed, penalty, wide):
    features, targets = problem(seed, wide=wide)
    rng = np.random.default_rng(seed)
    value = score(features, targets, penalty=penalty)
    assert -targets.var(axis=0).mean() - 1e-12 <= value <= 0
    rows, columns = rng.permutation(len(features)), rng.permutation(targets.shape[1])
    rotation = np.linalg.qr(rng.normal(size=(features.shape[1],) * 2))[0]
    for changed, wanted in (
        (features[rows], targets[rows]),
        (features, targets[:, columns]),
        (features + 5, targets - 8),
        (features @ rotation, targets),
        (np.tile(features, (2, 1)), np.tile(targets, (2, 1))),
        (np.pad(features, ((0, 0), (0, 2)), constant_values=0.1), targets),
    ):
        assert score(changed, wanted, penalty=penalty) == pytest.approx(value, rel=1e-8)
    assert score(features, 7 * targets, penalty=penalty) == pytest.approx(49 * value, rel=1e-8)
    assert score(7 * features, targets, penalty=49 * penalty) == pytest.approx(value, rel=1e-8)


@QUIET
@given(seed=SEEDS)
def test_without_penalty_any_affine_map_of_the_features_goes_unnoticed(seed):
    features, targets = problem(seed)
    rng = np.random.default_rng(seed)
    mapped = features @ (np.linalg.qr(rng.normal(size=(features.shape[1],) * 2))[0] * rng.uniform(1, 9)) + 4
    assert score(mapped, targets, penalty=0) == pytest.approx(score(features, targets, penalty=0), rel=1e-8)


@QUIET
@given(seed=SEEDS, wide=st.booleans())
def test_falls_as_the_penalty_grows(seed, wide):
    features, targets = problem(seed, wide=wide)
    scores = [score(features, targets, penalty=penalty) for penalty in (1e-3, 0.1, 1.0, 10.0, 1e9)]
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] == pytest.approx(-targets.var(axis=0).mean(), rel=1e-6)


def test_a_mean_far_from_zero_costs_no_digits():
    for wide in (False, True):
        features, targets = problem(2, wide=wide)
        assert score(features + 1000, targets) == pytest.approx(score(features, targets), rel=1e-9)


def test_an_exact_fit_is_not_applicable():
    features, targets = problem(3, wide=True)
    with pytest.raises(Inapplicable, match="samples exactly; give a penalty"):
        score(features, targets, penalty=0)
    copies = np.repeat(features[:, :3], 10, axis=1)  # 30 columns of which three are independent
    expected = -mean_squared_error(targets, LinearRegression().fit(features[:, :3], targets).predict(features[:, :3]))
    assert score(copies, targets, penalty=0) == pytest.approx(expected, rel=1e-8)


def test_only_real_targets_are_for_it():
    features, targets = problem(4)
    classes = np.arange(len(features)) % 3
    for labels in (classes, np.eye(3, dtype=np.int8)[classes]):
        with pytest.raises(Inapplicable, match="needs regression targets"):
            score(features, labels)
    with pytest.raises(UsageError, match="at least 0"):
        score(features, targets, penalty=-1.0)


def test_edges():
    features, targets = problem(5)
    value = score(features, targets)
    assert score(features.astype(np.float32), targets) == pytest.approx(value, rel=1e-5)
    assert score(features, targets[:, 0]) == pytest.approx(score(features, targets[:, :1]))
    assert score(np.full_like(features, 0.1), targets) == pytest.approx(-targets.var(axis=0).mean())
    assert score(features, np.full_like(targets, 2.0)) == 0
    assert tbench.score("lin-mse", features=features, labels=targets) == pytest.approx(value, rel=1e-9)
    features.flags.writeable = targets.flags.writeable = False
    assert score(features, targets) == value
