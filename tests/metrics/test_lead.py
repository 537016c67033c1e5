"""LEAD, in the one reading that is written down: logits of linear machines that move towards the labels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

import tbench
from tbench.api import Inapplicable, UsageError
from tbench_metrics.lead import lead

SEEDS = st.integers(0, 2**32 - 1)


def problem(seed, classes=None, spread=1.0):
    rng = np.random.default_rng(seed)
    classes, dims = classes or rng.integers(2, 5), rng.integers(4, 6)
    labels = np.arange(30) % classes
    return rng.normal(size=(30, dims)) + spread * rng.normal(size=(classes, dims))[labels] + 1, labels


def machine(rows, sign, penalty):
    """Margins of a squared-hinge machine whose bias is a column like any other."""
    wide = np.pad(rows, ((0, 0), (0, 1)), constant_values=1)

    def loss(weights):
        short = np.maximum(0, 1 - sign * (wide @ weights))
        return weights @ weights / 2 + penalty * (short @ short), weights - 2 * penalty * wide.T @ (sign * short)

    return wide @ minimize(loss, np.zeros(wide.shape[1]), jac=True, options={"gtol": 1e-9}).x


@settings(max_examples=10)
@given(seed=SEEDS, time=st.sampled_from([0.0, 0.5, 2.0]), penalty=st.sampled_from([0.3, 1.0]))
def test_equals_what_is_written_down(seed, time, penalty):
    features, labels = problem(seed)
    rows = features / np.sqrt((features**2).sum(axis=1).mean())
    classes = range(labels.max() + 1)
    pace = [(rows[labels == c] ** 2).sum(axis=1).mean() for c in classes]
    margins = np.stack([machine(rows, np.where(labels == c, 1.0, -1.0), penalty) for c in classes], axis=1)
    expected = []
    for i, c in enumerate(labels):
        kept = np.exp(-time * pace[c])
        logits = [(1 - kept) * (k == c) - kept * np.log(1 + np.exp(-margins[i, k])) for k in classes]
        expected.append(logits[c] - np.log(sum(np.exp(logits))))
    score = lead(features, labels, time=time, penalty=penalty)
    assert score.value == pytest.approx(np.mean(expected), rel=1e-2)  # the machines stop at a gradient of 1e-4
    assert score.terms["converged"] == 1


@settings(max_examples=10)
@given(seed=SEEDS)
def test_minds_neither_order_nor_names_nor_units(seed):
    features, labels = problem(seed)
    rng = np.random.default_rng(seed)
    value = pytest.approx(lead(features, labels).value, rel=1e-3)
    order, names = rng.permutation(30), rng.permutation(labels.max() + 1)
    assert lead(features[order], names[labels[order]]).value == value
    assert lead(7 * features, labels).value == value


def test_in_the_end_all_are_right_and_at_first_the_separable_are():
    for classes in (2, 4):
        features, labels = problem(1, classes)
        end = -np.log(1 + (classes - 1) / np.e)
        assert lead(features, labels, time=1e6).value == pytest.approx(end)
        values = [lead(*problem(1, classes, spread), time=0.0).value for spread in (0.0, 1.0, 5.0)]
        assert values == sorted(values)
        assert values[0] < values[-1] < 0


def test_edges():
    features, labels = problem(2)
    with pytest.raises(Inapplicable, match="one class"):
        lead(features, np.zeros_like(labels))
    with pytest.raises(Inapplicable, match="all zero"):
        lead(np.zeros_like(features), labels)
    for wrong in ({"time": -1.0}, {"penalty": 0.0}):
        with pytest.raises(UsageError, match="must not be negative and penalty"):
            lead(features, labels, **wrong)
    assert tbench.score("lead", features=features, labels=7 * labels) == lead(features, labels).value
    assert "Not pinned down" in lead.__doc__
