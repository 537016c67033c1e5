"""A linear head is fitted as scikit-learn does, and judged on images that it has not seen."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tbench.errors import Inapplicable, SaturationWarning
from tbench.evidence import transfer
from tbench.evidence.transfer import Head, held_out


def problem(seed: int, classes: int, samples: int = 90) -> tuple[np.ndarray, np.ndarray]:
    draws = np.random.default_rng(seed)
    labels = draws.permutation(np.arange(samples) % classes)
    return 3 * draws.normal(size=(classes, 6))[labels] + draws.normal(size=(samples, 6)) + 5, labels


@given(seed=st.integers(0, 50), classes=st.integers(2, 5))
def test_it_is_the_same_model_as_that_of_standardised_features(seed: int, classes: int) -> None:
    rows, labels = problem(seed, classes)
    head = Head.fit(rows, labels, classes)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(rows, labels)
    found = softmax(rows @ head.weight.T + head.bias, axis=1)
    np.testing.assert_allclose(found, model.predict_proba(rows), atol=1e-9)


def test_a_class_that_was_never_seen_is_never_predicted_and_costs_a_finite_loss() -> None:
    rows, labels = problem(0, 3)
    seen = labels != 1
    head = Head.fit(rows[seen], labels[seen], 3)
    predicted = softmax(rows @ head.weight.T + head.bias, axis=1)
    assert (predicted[:, 1] == 0).all()
    losses = head.losses(rows, labels)
    np.testing.assert_allclose(losses[~seen], -np.log(transfer.SMOOTHING / 3))
    right = predicted[np.arange(len(labels)), labels][seen]
    np.testing.assert_allclose(losses[seen], -np.log((1 - transfer.SMOOTHING) * right + transfer.SMOOTHING / 3))
    alone = Head.fit(rows[labels == 2], labels[labels == 2], 3)
    assert (softmax(rows @ alone.weight.T + alone.bias, axis=1)[:, 2] == 1).all()


def test_labels_that_mean_nothing_are_not_learned_by_heart() -> None:
    draws = np.random.default_rng(0)
    rows, labels = draws.normal(size=(200, 300)), np.arange(200) % 4  # wide enough to fit any labels
    assert Head.fit(rows, labels, 4).losses(rows, labels).mean() < 0.1
    assert held_out(rows, labels)["losses"].mean() > np.log(4)
    meaningful, classes = problem(1, 4)
    assert held_out(meaningful, classes)["losses"].mean() < 0.5
    np.testing.assert_array_equal(held_out(rows, labels)["losses"], held_out(rows, labels)["losses"])


def test_what_cannot_be_held_out_is_told() -> None:
    rows, labels = problem(0, 3)
    with pytest.raises(Inapplicable, match="4 images"):
        held_out(rows[:4], labels[:4])
    with pytest.raises(Inapplicable, match="one class"):
        held_out(rows, np.zeros_like(labels))
    with pytest.raises(Inapplicable, match="one class per sample"):
        held_out(rows, np.eye(3, dtype=np.int8)[labels])


def test_a_head_that_has_not_converged_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, labels = problem(0, 3)
    monkeypatch.setattr(transfer, "STEPS", 1)
    with pytest.warns(SaturationWarning, match="has not converged in 1 steps"):
        Head.fit(rows, labels, 3)
    monkeypatch.undo()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Head.fit(rows, labels, 3)
