"""NCE is -H(Y | Z), whatever the classes are called."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tbench
from tbench.api import EvidenceError, Inapplicable
from tbench_metrics.nce import nce, nce_paired

SEEDS = st.integers(0, 2**32 - 1)
QUIET = settings(max_examples=50)


def problem(seed):
    """Source probabilities (N, S) and labels (N,) in which every class occurs."""
    rng = np.random.default_rng(seed)
    classes, sources = rng.integers(1, 6), rng.integers(2, 9)
    labels = rng.permutation(np.concatenate([np.arange(classes), rng.integers(classes, size=rng.integers(1, 40))]))
    return rng.dirichlet(np.full(sources, 0.3), len(labels)), labels


def entropy(labels):
    shares = np.bincount(labels) / len(labels)
    return -(shares * np.log(shares)).sum()


def certain(sources, count):
    return np.eye(count)[np.asarray(sources)]


def test_value_by_hand():
    # Z = 0 holds classes 0, 0, 1 and Z = 1 holds class 1: H(Y | Z) = 3/4 H(2/3, 1/3)
    score = nce(certain([0, 0, 0, 1], 2), np.array([0, 0, 1, 1]))
    assert score == pytest.approx(0.75 * (2 / 3 * np.log(2 / 3) + 1 / 3 * np.log(1 / 3)))


@QUIET
@given(seed=SEEDS, soft=st.booleans())
def test_between_minus_the_label_entropy_and_zero(seed, soft):
    probabilities, labels = problem(seed)
    assert -entropy(labels) - 1e-12 <= nce(probabilities, labels, soft=soft) <= 1e-12


@QUIET
@given(seed=SEEDS)
def test_zero_if_and_only_if_the_source_class_determines_the_label(seed):
    rng = np.random.default_rng(seed)
    sources = np.concatenate([np.arange(6), rng.integers(6, size=20)])
    labels = np.array([0, 1, 2, 0, 1, 0])[sources]
    assert nce(certain(sources, 6), labels) == 0
    labels[-1] = (labels[-1] + 1) % 3
    assert nce(certain(sources, 6), labels) < -1e-3


@QUIET
@given(seed=SEEDS, soft=st.booleans(), eps=st.sampled_from([0.0, 1e-5]))
def test_order_names_and_repetition_do_not_matter(seed, soft, eps):
    probabilities, labels = problem(seed)
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(len(labels)), rng.permutation(probabilities.shape[1])
    names = rng.permutation(labels.max() + 1)
    score = nce(probabilities, labels, soft=soft, eps=eps)
    assert nce(probabilities[rows], labels[rows], soft=soft, eps=eps) == pytest.approx(score, abs=1e-12)
    assert nce(probabilities[:, columns], names[labels], soft=soft, eps=eps) == pytest.approx(score, abs=1e-12)
    assert nce(np.tile(probabilities, (2, 1)), np.tile(labels, 2), soft=soft, eps=eps) == pytest.approx(
        score, abs=1e-12
    )


@QUIET
@given(seed=SEEDS)
def test_merging_two_source_classes_never_raises_it(seed):
    rng = np.random.default_rng(seed)
    sources, labels = rng.integers(5, size=30), np.concatenate([np.arange(4), rng.integers(4, size=26)])
    merged = np.where(sources == 1, 0, sources)
    assert nce(certain(merged, 5), labels) <= nce(certain(sources, 5), labels) + 1e-12


def test_a_tie_goes_to_the_first_source_class():
    tied, first = np.array([[0.4, 0.4, 0.2], [0.0, 1.0, 0.0]]), certain([0, 1], 3)
    labels = np.array([0, 1])
    assert nce(tied, labels) == nce(first, labels) == 0


def test_eps_tends_to_the_definition_and_unused_source_classes_say_nothing():
    probabilities, labels = problem(1)
    exact = nce(probabilities, labels)
    assert abs(nce(probabilities, labels, eps=1e-9) - exact) < abs(nce(probabilities, labels, eps=1e-5) - exact)
    wider = np.pad(probabilities, ((0, 0), (0, 500)))
    for eps in (0.0, 1e-5):
        assert nce(wider, labels, eps=eps) == pytest.approx(nce(probabilities, labels, eps=eps), abs=1e-12)


@pytest.mark.parametrize("settings", [{}, {"soft": True}])
def test_edges(settings):
    probabilities, labels = problem(3)
    score = nce(probabilities, labels, **settings)
    assert nce(probabilities, np.zeros_like(labels), **settings) == 0  # one class
    assert nce(probabilities[:1], labels[:1] * 0, **settings) == 0  # one sample
    assert nce(probabilities.astype(np.float32), labels, **settings) == pytest.approx(score, rel=1e-6)
    with pytest.raises(Inapplicable, match="one class per sample"):
        nce(probabilities, np.stack([labels, labels], axis=1).astype(np.int8), **settings)
    with pytest.raises(Inapplicable, match="regression targets"):
        nce(probabilities, labels[:, None].astype(np.float64), **settings)


def test_gaps_between_label_values_say_nothing():
    probabilities, labels = problem(5)
    value = nce(probabilities, labels)
    assert tbench.score("nce", source_probabilities=probabilities, labels=7 * labels - 3) == value


@pytest.mark.parametrize(("preset", "settings"), [("parc", {"eps": 1e-5}), ("pactran", {"soft": True})])
def test_published_settings_have_names(preset, settings):
    probabilities, labels = problem(6)
    value = tbench.score(f"nce:as={preset}", source_probabilities=probabilities, labels=labels)
    assert value == nce(probabilities, labels, **settings) != nce(probabilities, labels)


def test_inputs_are_left_alone():
    probabilities, labels = problem(4)
    probabilities.flags.writeable = labels.flags.writeable = False
    assert isinstance(nce(probabilities, labels, soft=True, eps=1e-5), float)
    assert isinstance(nce(probabilities, labels, eps=1e-5), float)


@QUIET
@given(seed=SEEDS)
def test_paired_labels_are_predictions_that_are_certain(seed):
    rng = np.random.default_rng(seed)
    labels, theirs = rng.integers(4, size=30), rng.integers(6, size=30)
    value = tbench.score("nce-paired", source_labels_of_target=theirs, labels=labels)
    assert value == pytest.approx(
        tbench.score("nce", source_probabilities=certain(theirs, 6), labels=labels), abs=1e-12
    )
    names = np.array(["ant", "bee", "cat", "dog", "eel", "fox"])
    assert tbench.score("nce-paired", source_labels_of_target=names[theirs], labels=labels) == value
    source, both = (np.unique(classes, return_inverse=True)[1] for classes in (theirs, 6 * labels + theirs))
    assert value == pytest.approx(entropy(source) - entropy(both), abs=1e-12)  # -H(Y | Z) = H(Z) - H(Y, Z)


def test_paired_labels_that_say_all_and_nothing():
    labels = np.arange(12) % 3
    assert nce_paired(labels, labels) == 0
    assert nce_paired(np.arange(12), labels) == 0
    assert nce_paired(np.zeros(12, dtype=int), labels) == pytest.approx(-np.log(3))
    assert nce_paired(labels, np.zeros(12, dtype=int)) == 0


def test_paired_labels_must_be_classes_of_the_same_images():
    labels = np.arange(12) % 3
    with pytest.raises(EvidenceError, match="different lengths"):
        tbench.score("nce-paired", source_labels_of_target=labels[:-1], labels=labels)
    with pytest.raises(Inapplicable, match="one class per sample"):
        tbench.score("nce-paired", source_labels_of_target=labels + 0.5, labels=labels)
    with pytest.raises(EvidenceError, match="source_labels_of_target: 1 values are NaN"):
        tbench.score("nce-paired", source_labels_of_target=np.where(labels == 0, np.nan, 1.0)[:3], labels=labels[:3])
