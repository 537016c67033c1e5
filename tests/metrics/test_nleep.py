"""N-LEEP is LEEP on the posterior of a mixture in principal components, the same for the same seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture

import tbench
from tbench.api import Inapplicable, SaturationWarning, Score, ScoreWarning, Spectrum, UsageError
from tbench_metrics.leep import leep
from tbench_metrics.nleep import nleep

SEEDS = st.integers(0, 2**32 - 1)
QUIET = settings(max_examples=10)
CASES = Path(__file__).parent / "oracles" / "cases"
UNSURE_OR_NOT = pytest.mark.filterwarnings("ignore:nleep. every mixture component:UserWarning")


def spectrum(features):
    """By a full decomposition of the rows themselves."""
    _, singular, axes = np.linalg.svd(features - features.mean(axis=0, dtype=np.float64), full_matrices=False)
    return Spectrum(singular**2, axes.T)


def score(features, labels, seed=0, **settings):
    return scored(features, labels, seed, **settings).value


def scored(features, labels, seed=0, **settings):
    return nleep(features, labels, spectrum(features), seed, **settings)


def problem(seed, spread=1.5, samples=120):
    """Features (N, D) around class means, broad enough for a mixture to be unsure, and labels (N,)."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(samples) % 3)
    means = spread * rng.normal(size=(3, 5))
    return means[labels] + rng.normal(size=(samples, 5)) * rng.uniform(0.5, 2, size=5), labels


@UNSURE_OR_NOT
@QUIET
@given(seed=SEEDS, ratio=st.sampled_from([1, 5]), log=st.booleans())
def test_equals_leep_on_the_posterior(seed, ratio, log):
    features, labels = problem(seed)
    reduced = PCA(0.8).fit_transform(features)
    posterior = GaussianMixture(3 * ratio, random_state=seed, max_iter=100).fit(reduced).predict_proba(reduced)
    expected = leep(posterior, labels, log=log)
    assert score(features, labels, seed, ratio=ratio, log=log) == pytest.approx(expected, rel=1e-6)


@UNSURE_OR_NOT
@QUIET
@given(seed=SEEDS)
def test_origin_and_names_do_not_matter(seed):
    features, labels = problem(seed)
    names = np.random.default_rng(seed).permutation(3)
    value = score(features, labels)
    assert -np.log(3) - 1e-9 <= value <= 0
    assert score(features + 10, names[labels]) == pytest.approx(value, rel=1e-6)


def test_the_seed_alone_decides_what_is_random():
    features, labels = problem(1)
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - the state that must not move
    values = {seed: score(features, labels, seed) for seed in range(4)}
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002 - the state that must not move
    assert len(set(values.values())) > 1
    assert score(features, labels, 2) == values[2]
    assert score(features, labels, 2**32 + 2) == values[2]  # a seed may be longer than scikit-learn takes


def test_separated_classes_score_higher():
    for seed in range(3):
        scores = [score(*problem(seed, spread), ratio=1) for spread in (0.0, 1.0, 2.0)]
        assert scores == sorted(scores)


def test_energy_and_components_are_settings():
    features, labels = problem(3)
    reduced = PCA(0.5).fit_transform(features)
    posterior = GaussianMixture(6, random_state=0, max_iter=100).fit(reduced).predict_proba(reduced)
    assert score(features, labels, energy=0.5, ratio=2) == pytest.approx(leep(posterior, labels), rel=1e-6)


@pytest.mark.parametrize("wish", [{"ratio": 0}, {"repeats": 0}, {"energy": 0.0}, {"energy": 1.5}])
def test_settings_out_of_range_are_refused(wish):
    with pytest.raises(UsageError, match="at least 1 and energy"):
        score(*problem(1), **wish)
    for components in (0, "per-sample"):
        with pytest.raises(UsageError, match="components must be per-class, pactran or a number"):
            score(*problem(1), components=components)


def test_components_are_counted_per_class_or_by_samples_or_given():
    features, labels = problem(9)  # 120 samples, 3 classes
    assert score(features, labels, components=12) == score(features, labels, ratio=4)
    assert score(features, labels, components="pactran") == score(features, labels, components=12)  # a tenth
    few = (features[:25], labels[:25])
    assert score(*few, components="pactran") == score(*few, components=3)  # the classes
    rare = (features[:10], labels[:10])
    assert score(*rare, components="pactran") == score(*rare, components=2)  # a fifth


def test_repeats_give_the_mean_and_spread_over_seeds():
    features, labels = problem(10)
    values = [score(features, labels, seed) for seed in (4, 5, 6)]
    repeated = scored(features, labels, 4, repeats=3)
    assert isinstance(repeated, Score)
    assert repeated.value == pytest.approx(np.mean(values))
    assert repeated.terms == pytest.approx({"sd": np.std(values, ddof=1), "fits": 3, "converged": 1})
    one_class = scored(features, np.zeros_like(labels), repeats=2)
    assert one_class == Score(0.0, {"sd": 0.0, "fits": 2.0, "converged": 1.0})


@UNSURE_OR_NOT
def test_published_settings_have_names_and_gaps_between_label_values_say_nothing():
    features, labels = problem(11)
    told = {"features": features, "labels": 7 * labels - 3}
    presets = {"sfda": {"log": False}, "sfda-food": {"log": False, "ratio": 1}, "pactran": {"components": "pactran"}}
    for name, wish in presets.items():
        expected = score(features, labels, **wish)
        assert tbench.score(f"nleep:as={name}", **told) == pytest.approx(expected, rel=1e-6)


STABLE_TRANSFER = {  # google-research/google-research:stable_transfer/transferability/nleep.py at 4963f325, seed 123
    "binary": -0.48935097455978394,
    "imbalanced": -0.3415739834308624,
    "mid": -0.3111380636692047,
    "relu": -0.5717241168022156,
    "small": -0.40742096304893494,
    "wide": 0.0,
}


@pytest.mark.filterwarnings("ignore::tbench.api.SaturationWarning")
@pytest.mark.parametrize("case", STABLE_TRANSFER)
def test_agrees_with_stable_transfer_at_its_seed(case):
    with np.load(CASES / f"{case}.npz") as arrays:
        value = tbench.score("nleep", features=arrays["features"], labels=arrays["labels"], seed=123)
    assert value == pytest.approx(STABLE_TRANSFER[case], rel=1e-5, abs=1e-9)  # its posterior is float32


def test_more_columns_than_samples():
    rng = np.random.default_rng(0)
    features, labels = rng.normal(size=(40, 90)), np.arange(40) % 2
    assert -np.log(2) <= score(features, labels) < 0


def test_a_mean_far_from_zero_costs_no_digits():
    features, labels = problem(12)
    assert score(features + 1000, labels) == pytest.approx(score(features, labels), rel=1e-8)


def test_small_sets_get_fewer_components_and_a_warning():
    features, labels = problem(4, samples=24)
    with pytest.warns(ScoreWarning, match="12 mixture components instead of 15"):
        assert np.isfinite(score(features, labels))


def test_a_mixture_that_tells_the_classes_apart_is_said_to_be_saturated():
    features, labels = problem(5, spread=100.0)
    with pytest.warns(SaturationWarning, match="one class only"):
        assert score(features, labels) == pytest.approx(0, abs=1e-9)
    with pytest.warns(SaturationWarning, match="one class only"):
        assert score(features, labels, log=False) == pytest.approx(1)


def test_repeated_samples_are_fitted_without_a_word():
    features, labels = problem(6, samples=30)
    assert np.isfinite(score(np.tile(features, (3, 1)), np.tile((labels + np.arange(30)) % 3, 3), ratio=8))


def test_edges():
    features, labels = problem(7)
    padded = np.pad(features, ((0, 0), (0, 2)), constant_values=3.0)
    assert score(padded, labels) == pytest.approx(score(features, labels), rel=1e-6)  # constant columns
    assert np.isfinite(score(features, np.where(np.arange(len(labels)) == 0, 3, labels)))  # a class of one sample
    assert score(features, np.zeros_like(labels)) == 0  # one class
    assert score(features, np.zeros_like(labels), log=False) == 1
    with pytest.raises(Inapplicable, match="same for all"):
        score(np.full_like(features, 0.1), labels)
    with pytest.raises(Inapplicable, match="regression targets"):
        score(features, features[:, :1])
    with pytest.raises(Inapplicable, match="one class per sample"):
        score(features, np.stack([labels, labels], axis=1).astype(np.int8))


def test_inputs_are_left_alone_and_float32_is_welcome():
    features, labels = problem(8)
    value = score(features, labels)
    features.flags.writeable = labels.flags.writeable = False
    assert score(features, labels) == value
    assert score(features.astype(np.float32), labels) == pytest.approx(value, rel=1e-5)
