"""RankMe, NESum and alpha-ReQ are what singular values and eigenvalues say, and look at no label."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tbench
from tbench.api import EvidenceError, Inapplicable, UsageError

SPECS = ("rankme", "nesum", "alpha-req:first=1,last=none")
SEEDS = st.integers(0, 2**32 - 1)
QUIET = settings(max_examples=15)


def problem(seed):
    """Features (N, D), N below or above D, that are not centred."""
    rng = np.random.default_rng(seed)
    samples, dims = rng.integers(5, 40, size=2)
    return rng.normal(size=(samples, dims)) * rng.uniform(0.1, 3, size=dims) + rng.normal()


def score(spec, features, **more):
    return tbench.score(spec, features=features, **{"labels": np.arange(len(features)) % 2} | more)


def decaying(exponent, rank=120, samples=200):
    """Features whose covariance has the eigenvalues j^-exponent."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(samples, rank))
    axes = np.linalg.qr(rows - rows.mean(axis=0))[0]
    return axes * np.arange(1, rank + 1) ** (-exponent / 2)


@QUIET
@given(seed=SEEDS)
def test_rankme_is_the_entropy_of_singular_values(seed):
    features = problem(seed)
    singular = np.linalg.svd(features, compute_uv=False)
    shares = singular / singular.sum() + 1e-7
    assert score("rankme", features) == pytest.approx(np.exp(-(shares * np.log(shares)).sum()), rel=1e-6)
    assert 1 <= score("rankme:eps=0", features) <= min(features.shape) * (1 + 1e-9)


@QUIET
@given(seed=SEEDS)
def test_nesum_is_the_sum_of_eigenvalues_over_the_largest(seed):
    features = problem(seed)
    values = np.linalg.svd(features - features.mean(axis=0), compute_uv=False) ** 2
    found = score("nesum", features)
    assert found == pytest.approx(values.sum() / values[0], rel=1e-9)
    assert 1 <= found <= min(len(features) - 1, features.shape[1]) * (1 + 1e-9)


@QUIET
@given(seed=SEEDS, first=st.integers(1, 3), last=st.sampled_from([6, 9, None]))
def test_alpha_is_the_slope_by_weighted_least_squares(seed, first, last):
    features = problem(seed)
    values = np.linalg.svd(features - features.mean(axis=0), compute_uv=False)
    values = values[values > 1e-9 * values[0]][first - 1 : last] ** 2
    if len(values) < 3:
        return
    ranks = np.arange(first, first + len(values))
    table = np.stack([-np.log(ranks), np.ones(len(ranks))], axis=1) / np.sqrt(ranks)[:, None]
    (alpha, _), *_ = np.linalg.lstsq(table, np.log(values) / np.sqrt(ranks), rcond=None)
    spec = f"alpha-req:first={first},last={'none' if last is None else last}"
    labels = np.zeros(len(features), int)
    terms = tbench.score(spec, terms=True, features=features, labels=labels)
    assert terms["alpha"] == pytest.approx(alpha, rel=1e-6, abs=1e-8)
    assert score(spec, features) == pytest.approx(-abs(alpha - 1), rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("exponent", [0.5, 1.0, 1.7])
def test_alpha_of_a_power_law_is_its_exponent_and_one_is_best(exponent):
    assert score("alpha-req", decaying(exponent)) == pytest.approx(-abs(exponent - 1), abs=1e-9)
    assert score("alpha-req:first=1,last=none", decaying(exponent)) == pytest.approx(-abs(exponent - 1), abs=1e-9)


def test_white_and_collapsed_features():
    axes = np.linalg.qr(np.random.default_rng(0).normal(size=(64, 9)))[0]
    assert score("rankme:eps=0", 3 * axes) == pytest.approx(9)
    crossed = np.vstack([np.eye(6), -np.eye(6)])
    assert score("nesum", crossed) == pytest.approx(6)
    line = np.outer(np.arange(1.0, 20), np.ones(5))
    assert score("rankme:eps=0", line) == pytest.approx(1)
    assert score("rankme", line) == pytest.approx(1, abs=1e-4)
    assert score("nesum", line) == pytest.approx(1)


@pytest.mark.parametrize("spec", SPECS)
def test_labels_do_not_matter_whatever_they_are(spec):
    features = problem(4)
    value = pytest.approx(score(spec, features), rel=1e-7)
    rng = np.random.default_rng(0)
    several = np.eye(2, dtype=int)[np.arange(len(features)) % 2]
    for labels in (
        np.zeros(len(features), int),
        rng.permutation(len(features)),
        rng.normal(size=(len(features), 2)),
        several,
    ):
        assert score(spec, features, labels=labels) == value


@pytest.mark.parametrize("spec", SPECS)
def test_dead_columns_and_single_precision_change_little(spec):
    features = problem(5)
    assert score(spec, np.pad(features, ((0, 0), (0, 3)))) == pytest.approx(score(spec, features), rel=1e-4)
    assert score(spec, features.astype(np.float32)) == pytest.approx(score(spec, features), rel=1e-4)


def test_where_they_are_not_defined():
    constant = np.full((20, 4), 0.1)
    for spec in SPECS[1:]:
        with pytest.raises(Inapplicable, match="the same for all samples"):
            score(spec, constant)
    assert score("rankme:eps=0", constant) == pytest.approx(1)  # uncentred: one direction
    with pytest.raises(Inapplicable, match="zero for all samples"):
        score("rankme", np.zeros((20, 4)))
    with pytest.raises(Inapplicable, match="from rank 4 on needs three of them; 1 are left"):
        score("alpha-req", np.random.default_rng(0).normal(size=(20, 4)))
    for spec in ("rankme:eps=-1", "alpha-req:first=0", "alpha-req:first=4,last=5"):
        with pytest.raises(UsageError, match="must"):
            score(spec, problem(0))
    for spec in SPECS:
        with pytest.raises(EvidenceError, match="NaN"):
            score(spec, np.full((5, 4), np.nan))
