"""The closed form of the linear probe is what fitting it again without each sample gives."""

from __future__ import annotations

import numpy as np
import pytest
from evidenced import called
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from sklearn.metrics import average_precision_score, r2_score

from tbench.api import Inapplicable
from tbench_metrics.linear_probe import PENALTIES, linear_probe

SEEDS = st.integers(0, 2**32 - 1)
QUIET = settings(max_examples=40)


def score(features, labels):
    return called(linear_probe, {}, features=features, labels=labels)


def problem(seed, samples=24, dims=5, spread=1.0):
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(samples) % 3)
    return spread * rng.normal(size=(3, dims))[labels] + rng.normal(size=(samples, dims)) + 3, labels


def left_out(features, targets):
    """By one ridge regression per sample and penalty, the mean of the targets known; at the least squared error."""
    rest = [np.arange(len(targets)) != i for i in range(len(targets))]
    known = np.stack([targets.mean(axis=0) - targets[keep].mean(axis=0) for keep in rest])
    candidates = []
    for penalty in PENALTIES * len(features) * features.var(axis=0).sum() / min(features.shape):
        fits = [Ridge(alpha=penalty, solver="svd").fit(features[keep], targets[keep]) for keep in rest]
        said = np.concatenate([fit.predict(features[i : i + 1]) for i, fit in enumerate(fits)]).reshape(targets.shape)
        candidates.append(((((said + known - targets) / targets.std(axis=0)) ** 2).sum(), said + known))
    return min(candidates, key=lambda candidate: candidate[0])[1]


@pytest.mark.parametrize("dims", [5, 40])  # fewer and more columns than samples
def test_equals_fitting_again_without_each_sample(dims):
    features, labels = problem(0, dims=dims, spread=0.5)
    rng = np.random.default_rng(0)
    said = left_out(features, np.eye(3)[labels])
    assert score(features, labels) == (said.argmax(axis=1) == labels).mean()

    table = np.stack([labels == 0, labels < 2], axis=1).astype(np.int8)
    expected = average_precision_score(table, left_out(features, table.astype(float)))
    assert score(features, table) == pytest.approx(expected)

    targets = features[:, :2] @ rng.normal(size=(2, 3)) * [1, 10, 100] + [1, 5, 20] * rng.normal(size=(24, 3))
    said = left_out(features, targets)
    assert score(features, targets) == pytest.approx(r2_score(targets, said), rel=1e-6)


@QUIET
@given(seed=SEEDS)
def test_order_origin_scale_and_rotation_do_not_matter(seed):
    features, labels = problem(seed, spread=2.0)
    rng = np.random.default_rng(seed)
    rows, rotation = rng.permutation(len(labels)), np.linalg.qr(rng.normal(size=(5, 5)))[0]
    targets = features[:, :1] + rng.normal(size=(len(labels), 1))
    for said in (labels, targets):
        value = pytest.approx(score(features, said), abs=1e-6)
        assert score(features[rows], said[rows]) == value
        assert score(7 * features @ rotation + 5, said) == value
    assert score(features, 9 * targets - 4) == pytest.approx(score(features, targets), abs=1e-6)


def test_it_orders_separation_and_finds_chance():
    scores = [score(*problem(1, samples=300, spread=spread)) for spread in (0.0, 0.5, 20.0)]
    assert scores == sorted(scores)
    assert scores[0] == pytest.approx(1 / 3, abs=0.1)
    assert scores[-1] == 1


def test_noise_is_not_flattered_even_with_more_columns_than_samples():
    rng = np.random.default_rng(2)
    values = [score(rng.normal(size=(60, 200)), rng.permutation(np.arange(60) % 2)) for _ in range(20)]
    assert np.mean(values) == pytest.approx(0.5, abs=0.06)
    assert score(rng.normal(size=(60, 200)), rng.normal(size=(60, 4))) < 0.05


def test_a_linear_target_is_explained():
    features, _ = problem(3, samples=100)
    assert score(features, features @ np.arange(10.0).reshape(5, 2)) == pytest.approx(1, abs=1 / 99**2)


def test_labels_that_never_occur_are_left_out_of_the_mean():
    features, labels = problem(4)
    table = np.eye(3, dtype=np.int8)[labels]
    assert score(features, np.pad(table, ((0, 0), (0, 2)))) == pytest.approx(score(features, table))


def test_edges():
    features, labels = problem(5)
    padded = np.pad(features, ((0, 0), (0, 2)), constant_values=3.0)
    assert 0 <= score(padded, labels) <= 1  # constant columns
    assert 0 <= score(features, np.where(np.arange(24) == 0, 3, labels)) <= 1  # a class of one sample
    assert score(np.tile(features, (3, 1)), np.tile(labels, 3)) >= score(features, labels)  # copies give it away
    cases = {
        "one class": (features, np.zeros_like(labels)),
        "same for all samples": (np.full_like(features, 0.1), labels),
        "no sample has a label": (features, np.zeros((24, 2), dtype=np.int8)),
        "target is the same": (features, np.ones((24, 1))),
    }
    for message, arrays in cases.items():
        with pytest.raises(Inapplicable, match=message):
            score(*arrays)


def test_inputs_are_left_alone_and_float32_is_welcome():
    features, labels = problem(6)
    value = score(features, labels)
    features.flags.writeable = labels.flags.writeable = False
    assert score(features, labels) == value
    assert score(features.astype(np.float32), labels) == value
