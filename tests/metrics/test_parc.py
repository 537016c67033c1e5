"""PARC is Spearman's correlation of two lists of dissimilarities, with true ties."""

from __future__ import annotations

import tracemalloc
from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr
from sklearn.decomposition import PCA

import tbench
from tbench.api import Inapplicable, ScoreWarning, Spectrum, UsageError
from tbench_metrics.parc import parc

parc_module = import_module("tbench_metrics.parc")  # whose name the function hides
SEEDS = st.integers(0, 2**32 - 1)
QUIET = settings(max_examples=40)


def spectrum(features):
    """By a full decomposition of the rows themselves."""
    _, singular, axes = np.linalg.svd(features - features.mean(axis=0, dtype=np.float64), full_matrices=False)
    return Spectrum(singular**2, axes.T)


def score(features, labels, **settings):
    return parc(features, labels, spectrum(features), **settings)


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


def plain_distances(features, labels, distance):
    """The definition with other distances of the standardised features and of the one-hot or multi-label labels."""
    table = np.eye(labels.max() + 1)[labels] if labels.ndim == 1 else labels.astype(float)
    standard = (features - features.mean(axis=0)) / features.std(axis=0)
    if distance == "dot":
        pairs = np.triu_indices(len(features), 1)
        lists = [-(rows @ rows.T)[pairs] for rows in (standard, table)]
    else:
        lists = [pdist(rows, distance) for rows in (standard, table)]
    return 100 * spearmanr(lists[0].round(11), lists[1].round(10)).statistic


@QUIET
@given(seed=SEEDS, distance=st.sampled_from(["correlation", "cosine", "euclidean", "dot"]))
def test_other_distances_equal_the_definition(seed, distance):
    for features, labels in (problem(seed), multi_label(seed)):
        value = score(features, labels, dims=None, distance=distance)
        assert value == pytest.approx(plain_distances(features, labels, distance), abs=1e-6)


@QUIET
@given(seed=SEEDS)
def test_blocks_and_chunks_do_not_show(seed):
    features, labels = problem(seed)
    features[::3] = features[0]  # a tie longer than a chunk
    table = multi_label(seed)[1]
    with pytest.MonkeyPatch.context() as patched:
        whole = [score(features, what, dims=None) for what in (labels, table)]
        patched.setattr(parc_module, "BLOCK", 5)
        patched.setattr(parc_module, "CHUNK", 7)
        assert [score(features, what, dims=None) for what in (labels, table)] == pytest.approx(whole, abs=1e-9)


def test_too_many_label_levels_are_refused():
    features, table = multi_label(3)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(parc_module, "LEVEL_BITS", 1)
        with pytest.raises(Inapplicable, match="more than 2 different"):
            score(features, table)


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
    found = spectrum(features)
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
    with pytest.warns(ScoreWarning, match="2 samples"):
        value = score(features, bare, dims=None)
    units = (features - features.mean(axis=0)) / features.std(axis=0)
    apart = 1 - np.corrcoef(units[2:])[np.triu_indices(len(units) - 2, 1)]
    label_apart = 1 - np.corrcoef(bare[2:])[np.triu_indices(len(units) - 2, 1)]
    assert value == pytest.approx(100 * spearmanr(apart, label_apart.round(10)).statistic, abs=1e-8)


def test_more_samples_than_asked_for_are_thinned_in_class_order():
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.arange(600) % 3)
    features = rng.normal(size=(3, 6))[labels] + rng.normal(size=(600, 6))
    with pytest.warns(ScoreWarning, match="200 of 600"):
        thinned = score(features, labels, samples=200)
    assert thinned == pytest.approx(score(features, labels), abs=5)
    assert thinned != score(features, labels)
    table = np.eye(3, dtype=np.int8)[labels]
    with pytest.warns(ScoreWarning, match="200 of 600"):
        assert score(features, table, samples=200) == pytest.approx(thinned, abs=8)


def test_what_cannot_be_ranked_is_not_applicable():
    features, labels = problem(1)
    for classes, message in ((np.zeros_like(labels), "one class"), (np.arange(len(labels)), "equally far")):
        with pytest.raises(Inapplicable, match=message):
            score(features, classes)
    for dims in (None, 32):
        with pytest.raises(Inapplicable, match="same for all"):
            score(np.full_like(features, 0.1), labels, dims=dims)
    for targets in (features[:, :1], features[:, :2]):
        with pytest.raises(Inapplicable, match="regression targets"):
            score(features, targets)
    with pytest.warns(ScoreWarning), pytest.raises(Inapplicable, match="fewer than two feature columns"):
        score(features[:, :1], labels)


def test_what_the_correlations_of_rows_do_see():
    features, labels = problem(4)
    rng = np.random.default_rng(0)
    value = score(features, labels, dims=None)
    changes = {
        "rotation": features @ np.linalg.qr(rng.normal(size=(features.shape[1],) * 2))[0],
        "signs of columns": features * np.where(np.arange(features.shape[1]) % 2, 1, -1),
        "lengths of rows": features * rng.uniform(0.5, 2, size=(len(features), 1)),
    }
    assert all(abs(score(changed, labels, dims=None) - value) > 0.1 for changed in changes.values())
    doubled = score(np.tile(features, (2, 1)), np.tile(labels, 2), dims=None)
    assert doubled != pytest.approx(value, abs=1e-3)


@pytest.mark.parametrize("distance", ["correlation", "cosine", "euclidean", "dot"])
@pytest.mark.parametrize("dims", [None, 32])
def test_a_mean_far_from_zero_costs_no_digits(distance, dims):
    features, labels = problem(7)
    value = score(features, labels, dims=dims, distance=distance)
    assert score(features + 1000, labels, dims=dims, distance=distance) == pytest.approx(value, rel=1e-9)


def test_as_many_components_as_samples_allow_are_all_at_right_angles():
    rng = np.random.default_rng(0)
    features, labels = rng.normal(size=(20, 30)), np.arange(20) % 2  # 19 whitened components
    for distance in ("cosine", "euclidean", "dot"):
        with pytest.raises(Inapplicable, match="equally far"):
            score(features, labels, distance=distance)


def test_a_class_of_one_sample_and_more_columns_than_samples():
    rng = np.random.default_rng(0)
    features, labels = rng.normal(size=(12, 30)), np.array([0, *[1, 2] * 5, 1])
    assert score(features, labels, dims=None) == pytest.approx(plain(features, labels), abs=1e-8)
    assert -100 <= score(features, labels) <= 100


def test_labels_without_any_positive_have_distances_but_no_angles():
    features, table = multi_label(3)
    bare = table.copy()
    bare[:2] = 0
    for distance in ("euclidean", "dot"):
        expected = plain_distances(features, bare, distance)
        assert score(features, bare, dims=None, distance=distance) == pytest.approx(expected, abs=1e-6)
    with pytest.warns(ScoreWarning, match="2 samples with a zero"):
        value = score(features, bare, dims=None, distance="cosine")
    assert -100 <= value <= 100


def test_published_settings_have_names_and_gaps_between_label_values_say_nothing():
    features, labels = problem(6)
    told = {"features": features, "labels": 7 * labels - 3}
    assert tbench.score("parc:as=class-default", **told) == score(features, labels, dims=None)
    for distance in ("cosine", "euclidean", "dot"):
        assert tbench.score(f"parc:as=nlp-{distance}", **told) == score(features, labels, dims=None, distance=distance)


def test_without_pca_the_spectrum_is_spared():
    features, labels = problem(8)
    assert parc.spares({"dims": None}) == ["spectrum"]
    assert parc.spares({"dims": 32}) == []
    assert parc(features, labels, None, dims=None) == score(features, labels, dims=None)


def test_memory_is_one_number_for_each_pair():
    rng = np.random.default_rng(0)
    features, labels = rng.normal(size=(3000, 8)), np.arange(3000) % 7
    found = spectrum(features)
    tracemalloc.start()
    parc(features, labels, found)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    one_array = 8 * 3000 * 2999 / 2
    assert one_array < peak < 4 * one_array + 64 * 2**20  # and the working space of a block and a chunk


@pytest.mark.parametrize("wish", [{"dims": 1}, {"samples": 1}])
def test_settings_that_leave_nothing_to_correlate_are_refused(wish):
    with pytest.raises(UsageError, match="at least 2"):
        score(*problem(1), **wish)
    with pytest.raises(UsageError, match="unknown distance 'cityblock'"):
        score(*problem(1), distance="cityblock")


def test_inputs_are_left_alone_and_float32_is_welcome():
    features, labels = problem(2)
    value = score(features, labels)
    features.flags.writeable = labels.flags.writeable = False
    assert score(features, labels) == value
    assert score(features.astype(np.float32), labels) == pytest.approx(value, rel=1e-5)
