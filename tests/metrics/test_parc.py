"""PARC is Spearman's correlation of two lists of dissimilarities, with true ties."""

from __future__ import annotations

import numpy as np
import pytest
from evidenced import called, evidence_of
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.decomposition import PCA

from tbench.api import Inapplicable, SaturationWarning, Spectrum, UsageError
from tbench_metrics.parc import parc

SEEDS = st.integers(0, 2**32 - 1)
QUIET = settings(deadline=None, max_examples=40)


def score(features, labels, **settings):
    return called(parc, settings, features=features, labels=labels)


def problem(seed, spread=1.0):
    """Features (N, D) around class means, and labels (N,) in which every class occurs twice or more."""
    rng = np.random.default_rng(seed)
    classes, dims = rng.integers(2, 6), rng.integers(3, 12)
    labels = np.concatenate([np.tile(np.arange(classes), 2), rng.integers(classes, size=rng.integers(2, 40))])
    labels = rng.permutation(labels)
    means = spread * rng.normal(size=(classes, dims))
    return means[labels] + rng.normal(size=(len(labels), dims)), labels


def multi_label(seed):
    """Features and a 0/1 label matrix whose rows are never constant."""
    features, labels = problem(seed)
    rng = np.random.default_rng(seed)
    table = (rng.random((len(labels), 5)) < 0.4).astype(np.int8)
    table[:, 0], table[:, 1] = 1, 0
    return features, table[:, rng.permutation(5)]


def plain(features, labels):
    """The definition, with library code throughout."""
    table = np.eye(labels.max() + 1)[labels] if labels.ndim == 1 else labels
    pairs = np.triu_indices(len(features), 1)
    standard = (features - features.mean(axis=0)) / features.std(axis=0)
    apart, label_apart = 1 - np.corrcoef(standard)[pairs], 1 - np.corrcoef(table)[pairs]
    return 100 * spearmanr(apart.round(12), label_apart.round(10)).statistic


@QUIET
@given(seed=SEEDS)
def test_equals_the_definition(seed):
    for features, labels in (problem(seed), multi_label(seed)):
        assert score(features, labels, dims=None) == pytest.approx(plain(features, labels), abs=1e-8)


@QUIET
@given(seed=SEEDS, dims=st.sampled_from([None, 3, 32]))
def test_order_names_origin_and_scale_do_not_matter(seed, dims):
    features, labels = problem(seed)
    rng = np.random.default_rng(seed)
    rows, names = rng.permutation(len(labels)), rng.permutation(labels.max() + 1)
    value = score(features, labels, dims=dims)
    assert -100 <= value <= 100
    assert score(features[rows], names[labels[rows]], dims=dims) == pytest.approx(value, abs=1e-6)
    assert score(7 * features + 5, labels, dims=dims) == pytest.approx(value, abs=1e-6)


@QUIET
@given(seed=SEEDS)
def test_units_and_order_of_columns_do_not_matter_without_pca(seed):
    features, labels = problem(seed)
    rng = np.random.default_rng(seed)
    units, columns = rng.uniform(1, 9, size=features.shape[1]), rng.permutation(features.shape[1])
    value = pytest.approx(score(features, labels, dims=None), abs=1e-6)
    assert score((features * units)[:, columns], labels, dims=None) == value


@QUIET
@given(seed=SEEDS)
def test_the_signs_of_eigenvectors_do_not_matter(seed):
    features, labels = problem(seed)
    found = evidence_of(features=features, labels=labels)["spectrum"]
    signs = np.random.default_rng(seed).choice([-1, 1], size=len(found.values))
    turned = Spectrum(found.values, found.vectors * signs)
    assert parc(features, labels, turned) == parc(features, labels, found)


def test_principal_components_are_those_of_a_full_decomposition():
    rng = np.random.default_rng(0)
    for shape in ((60, 20), (15, 20)):
        features, labels = rng.normal(size=shape), np.arange(shape[0]) % 3
        reduced = PCA(4, svd_solver="full").fit_transform(features)
        assert score(features, labels, dims=4) == pytest.approx(score(reduced, labels, dims=None), abs=1e-6)


def test_label_ties_are_exact_for_any_number_of_classes():
    features = np.random.default_rng(0).normal(size=(60, 8))
    for classes in (3, 7, 10):
        labels = np.arange(60) % classes
        value = score(features, labels, dims=None)
        for seed in range(3):
            rows = np.random.default_rng(seed).permutation(60)
            assert score(features[rows], labels[rows], dims=None) == pytest.approx(value, abs=1e-9)


@QUIET
@given(seed=SEEDS)
def test_copies_of_a_sample_tie(seed):
    features, labels = problem(seed)
    features, labels = np.tile(features, (3, 1)), np.tile(labels, 3)
    rows = np.random.default_rng(seed).permutation(len(labels))
    value = score(features, labels, dims=None)
    assert value == pytest.approx(plain(features, labels), abs=1e-4)
    assert score(features[rows], labels[rows], dims=None) == pytest.approx(value, abs=1e-4)


def test_separated_classes_score_higher():
    means = [np.mean([score(*problem(seed, spread)) for seed in range(10)]) for spread in (0.0, 1.0, 5.0)]
    assert means == sorted(means)
    assert means[0] == pytest.approx(0, abs=5)


@pytest.mark.parametrize("dims", [None, 32])
def test_constant_columns_change_nothing(dims):
    features, labels = problem(7)
    padded = np.pad(features, ((0, 0), (0, 2)), constant_values=0.1)
    assert np.isfinite(score(padded, labels, dims=dims))
    if dims:
        assert score(padded, labels, dims=dims) == pytest.approx(score(features, labels, dims=dims), abs=1e-6)


def test_samples_without_correlation_are_left_out():
    features, table = multi_label(3)
    bare = table.copy()
    bare[:2] = 0
    with pytest.warns(SaturationWarning, match="2 samples"):
        value = score(features, bare, dims=None)
    units = (features - features.mean(axis=0)) / features.std(axis=0)
    apart = 1 - np.corrcoef(units[2:])[np.triu_indices(len(units) - 2, 1)]
    label_apart = 1 - np.corrcoef(bare[2:])[np.triu_indices(len(units) - 2, 1)]
    assert value == pytest.approx(100 * spearmanr(apart, label_apart.round(10)).statistic, abs=1e-8)


def test_more_samples_than_asked_for_are_thinned_in_class_order():
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.arange(600) % 3)
    features = rng.normal(size=(3, 6))[labels] + rng.normal(size=(600, 6))
    with pytest.warns(SaturationWarning, match="200 of 600"):
        thinned = score(features, labels, samples=200)
    assert thinned == pytest.approx(score(features, labels), abs=5)
    assert thinned != score(features, labels)
    table = np.eye(3, dtype=np.int8)[labels]
    with pytest.warns(SaturationWarning, match="200 of 600"):
        assert score(features, table, samples=200) == pytest.approx(thinned, abs=8)


def test_what_cannot_be_ranked_is_not_applicable():
    features, labels = problem(1)
    for classes, message in ((np.zeros_like(labels), "one class"), (np.arange(len(labels)), "equally far")):
        with pytest.raises(Inapplicable, match=message):
            score(features, classes)
    with pytest.raises(Inapplicable, match="same for all"):
        score(np.full_like(features, 0.1), labels)
    with pytest.raises(Inapplicable, match="one class per sample"):
        score(features, features[:, :2])
    with pytest.warns(SaturationWarning), pytest.raises(Inapplicable, match="fewer than two feature columns"):
        score(features[:, :1], labels)


@pytest.mark.parametrize("wish", [{"dims": 1}, {"samples": 1}])
def test_settings_that_leave_nothing_to_correlate_are_refused(wish):
    with pytest.raises(UsageError, match="at least 2"):
        score(*problem(1), **wish)


def test_inputs_are_left_alone_and_float32_is_welcome():
    features, labels = problem(2)
    value = score(features, labels)
    features.flags.writeable = labels.flags.writeable = False
    assert score(features, labels) == value
    assert score(features.astype(np.float32), labels) == pytest.approx(value, abs=0.1)
