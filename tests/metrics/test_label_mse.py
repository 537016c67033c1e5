"""LabMSE is the training error of a ridge regression from the source head's outputs, on real targets only."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_squared_error

import tbench
from tbench.api import Inapplicable, UsageError
from tbench.evidence.algebra import Lapack
from tbench_metrics.linear_mse import label_mse

SEEDS = st.integers(0, 2**32 - 1)
PENALTIES = st.sampled_from([1e-6, 1e-3, 0.1, 1.0])
QUIET = settings(max_examples=40)
ORACLES = Path(__file__).parent / "oracles"
PUBLISHED = [
    row
    for row in csv.DictReader((ORACLES / "expected.csv").read_text().splitlines())
    if row["id"].startswith("lin-mse")
]


def score(probabilities, targets, **settings):
    return label_mse(probabilities, targets, Lapack(), **settings)


def problem(seed, *, wide=False):
    """Source probabilities (N, S) and targets (N, R) that depend on them, with noise."""
    rng = np.random.default_rng(seed)
    samples, sources = (rng.integers(5, 15), rng.integers(20, 30)) if wide else (rng.integers(20, 60), 7)
    probabilities = rng.dirichlet(np.full(sources, 0.5), samples)
    targets = 5 * probabilities @ rng.normal(size=(sources, rng.integers(1, 4))) + rng.normal(size=(samples, 1)) + 3
    return probabilities, targets


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: f"{row['spec']}-{row['case']}")
def test_agrees_with_the_published_function_which_takes_features_and_outputs_alike(row):
    with np.load(ORACLES / "cases" / f"{row['case']}.npz") as case:
        value = score(case["features"], case["targets"], penalty=float(row["spec"].partition("=")[2] or 1))
    assert value == pytest.approx(float(row["value"]), rel=1e-6)


def test_there_are_published_values():
    assert {row["case"] for row in PUBLISHED} == {"linear", "linear_wide"}


@QUIET
@given(seed=SEEDS, penalty=PENALTIES, wide=st.booleans())
def test_equals_the_error_of_a_ridge_regression(seed, penalty, wide):
    probabilities, targets = problem(seed, wide=wide)
    ridge = Ridge(alpha=len(targets) * penalty, solver="svd").fit(probabilities, targets)
    expected = -mean_squared_error(targets, ridge.predict(probabilities).reshape(targets.shape))
    assert score(probabilities, targets, penalty=penalty) == pytest.approx(expected, rel=1e-8)


@QUIET
@given(seed=SEEDS)
def test_without_penalty_equals_the_error_of_least_squares(seed):
    probabilities, targets = problem(seed)
    rows, wanted = (np.c_[array] - np.c_[array].mean(axis=0) for array in (probabilities, targets))
    expected = -mean_squared_error(wanted, rows @ np.linalg.lstsq(rows, wanted, rcond=1e-10)[0])
    assert score(probabilities, targets, penalty=0) == pytest.approx(expected, rel=1e-8)


@QUIET
@given(seed=SEEDS, penalty=PENALTIES, wide=st.booleans())
def test_between_minus_the_variance_and_zero_whatever_order_names_and_origin(seed, penalty, wide):
    probabilities, targets = problem(seed, wide=wide)
    rng = np.random.default_rng(seed)
    value = score(probabilities, targets, penalty=penalty)
    assert -targets.var(axis=0).mean() - 1e-12 <= value <= 0
    rows, sources = rng.permutation(len(targets)), rng.permutation(probabilities.shape[1])
    for changed, wanted in (
        (probabilities[rows], targets[rows]),
        (probabilities[:, sources], targets),
        (probabilities, targets - 8),
        (np.pad(probabilities, ((0, 0), (0, 2))), targets),  # source classes without mass
        (np.tile(probabilities, (2, 1)), np.tile(targets, (2, 1))),
    ):
        assert score(changed, wanted, penalty=penalty) == pytest.approx(value, rel=1e-7)


@QUIET
@given(seed=SEEDS, wide=st.booleans())
def test_falls_as_the_penalty_grows(seed, wide):
    probabilities, targets = problem(seed, wide=wide)
    scores = [score(probabilities, targets, penalty=penalty) for penalty in (1e-6, 1e-3, 0.1, 1.0, 1e9)]
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] == pytest.approx(-targets.var(axis=0).mean(), rel=1e-6)


def test_an_exact_fit_is_not_applicable():
    probabilities, targets = problem(3, wide=True)
    with pytest.raises(Inapplicable, match="samples exactly; give a penalty"):
        score(probabilities, targets, penalty=0)


def test_only_real_targets_are_for_it():
    probabilities, targets = problem(4)
    classes = np.arange(len(targets)) % 3
    for labels in (classes, np.eye(3, dtype=np.int8)[classes]):
        with pytest.raises(Inapplicable, match="needs regression targets"):
            score(probabilities, labels)
    with pytest.raises(UsageError, match="at least 0"):
        score(probabilities, targets, penalty=-1.0)


def test_edges():
    probabilities, targets = problem(5)
    value = score(probabilities, targets)
    assert score(probabilities.astype(np.float32), targets) == pytest.approx(value, rel=1e-5)
    assert score(np.full_like(probabilities, 1 / 7), targets) == pytest.approx(-targets.var(axis=0).mean())
    assert score(probabilities, np.full_like(targets, 2.0)) == 0
    assert tbench.score("lab-mse", source_probabilities=probabilities, labels=targets) == value
    probabilities.flags.writeable = targets.flags.writeable = False
    assert score(probabilities, targets) == value
