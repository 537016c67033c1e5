"""LEEP lies between the soft NCE and 0 and ignores what classes are called."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tbench
from tbench.api import Inapplicable
from tbench_metrics.leep import leep
from tbench_metrics.nce import nce

SEEDS = st.integers(0, 2**32 - 1)
QUIET = settings(max_examples=50)


def problem(seed):
    """Source probabilities (N, S) and labels (N,) in which every class occurs."""
    rng = np.random.default_rng(seed)
    classes, sources = rng.integers(1, 6), rng.integers(2, 9)
    labels = rng.permutation(np.concatenate([np.arange(classes), rng.integers(classes, size=rng.integers(1, 40))]))
    return rng.dirichlet(np.full(sources, 0.3), len(labels)), labels


def test_value_by_hand():
    probabilities, labels = np.array([[0.8, 0.2], [0.4, 0.6]]), np.array([0, 1])
    # P(y=0 | z) = (0.8/1.2, 0.2/0.8), P(y=1 | z) = (0.4/1.2, 0.6/0.8)
    likelihood = np.array([0.8 * 2 / 3 + 0.2 / 4, 0.4 / 3 + 0.6 * 3 / 4])
    assert leep(probabilities, labels) == pytest.approx(np.log(likelihood).mean())
    assert leep(probabilities, labels, log=False) == pytest.approx(likelihood.mean())


@QUIET
@given(seed=SEEDS)
def test_between_the_soft_nce_and_zero(seed):
    probabilities, labels = problem(seed)
    assert nce(probabilities, labels, soft=True) - 1e-12 <= leep(probabilities, labels) <= 1e-12


@QUIET
@given(seed=SEEDS)
def test_equals_nce_where_the_head_is_certain(seed):
    probabilities, labels = problem(seed)
    certain = np.eye(probabilities.shape[1])[probabilities.argmax(axis=1)]
    assert leep(certain, labels) == pytest.approx(nce(certain, labels), abs=1e-12)


@QUIET
@given(seed=SEEDS)
def test_without_logarithm_it_is_a_likelihood_between_chance_and_one(seed):
    probabilities, labels = problem(seed)
    plain = leep(probabilities, labels, log=False)
    chance = ((np.bincount(labels) / len(labels)) ** 2).sum()
    assert max(chance, np.exp(leep(probabilities, labels))) - 1e-12 <= plain <= 1 + 1e-12


@QUIET
@given(seed=SEEDS, log=st.booleans())
def test_order_names_and_repetition_do_not_matter(seed, log):
    probabilities, labels = problem(seed)
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(len(labels)), rng.permutation(probabilities.shape[1])
    names = rng.permutation(labels.max() + 1)
    score = leep(probabilities, labels, log=log)
    assert leep(probabilities[rows], labels[rows], log=log) == pytest.approx(score, abs=1e-12)
    assert leep(probabilities[:, columns], names[labels], log=log) == pytest.approx(score, abs=1e-12)
    assert leep(np.tile(probabilities, (2, 1)), np.tile(labels, 2), log=log) == pytest.approx(score, abs=1e-12)


def test_better_aligned_heads_score_higher():
    labels = np.arange(90) % 3
    scores = [leep(share * np.eye(3)[labels] + (1 - share) / 3, labels) for share in (0.0, 0.3, 0.6, 0.9, 1.0)]
    assert scores == sorted(scores)
    assert scores[0] == pytest.approx(-np.log(3))
    assert scores[-1] == 0


@QUIET
@given(seed=SEEDS)
def test_a_source_class_without_mass_says_nothing(seed):
    probabilities, labels = problem(seed)
    assert leep(np.pad(probabilities, ((0, 0), (1, 2))), labels) == pytest.approx(
        leep(probabilities, labels), abs=1e-12
    )


def test_edges():
    probabilities, labels = problem(3)
    score = leep(probabilities, labels)
    assert leep(probabilities, np.zeros_like(labels)) == pytest.approx(0, abs=1e-12)  # one class
    assert leep(probabilities[:1], labels[:1] * 0) == pytest.approx(0, abs=1e-12)  # one sample
    assert leep(probabilities.astype(np.float32), labels) == pytest.approx(score, rel=1e-6)
    with pytest.raises(Inapplicable, match="one class per sample"):
        leep(probabilities, labels[:, None].astype(np.float64))
    with pytest.raises(Inapplicable, match="one class per sample"):
        leep(probabilities, np.stack([labels, labels], axis=1).astype(np.int8))


def test_gaps_between_label_values_say_nothing():
    probabilities, labels = problem(5)
    value = leep(probabilities, labels)
    assert tbench.score("leep", source_probabilities=probabilities, labels=7 * labels - 3) == value


def test_inputs_are_left_alone():
    probabilities, labels = problem(4)
    probabilities.flags.writeable = labels.flags.writeable = False
    assert isinstance(leep(probabilities, labels), float)
