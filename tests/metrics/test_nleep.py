"""N-LEEP is LEEP on the posterior of a mixture in principal components, the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from evidenced import called
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture

from tbench.api import Inapplicable, SaturationWarning, UsageError
from tbench_metrics.leep import leep
from tbench_metrics.nleep import nleep

SEEDS = st.integers(0, 2**32 - 1)
QUIET = settings(deadline=None, max_examples=10)
UNSURE_OR_NOT = pytest.mark.filterwarnings("ignore:nleep. every mixture component:UserWarning")


def score(features, labels, seed=0, **settings):
    return called(nleep, settings, features=features, labels=labels, seed=seed)


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


@pytest.mark.parametrize("wish", [{"ratio": 0}, {"energy": 0.0}, {"energy": 1.5}])
def test_settings_out_of_range_are_refused(wish):
    with pytest.raises(UsageError, match="at least 1 and energy"):
        score(*problem(1), **wish)


def test_small_sets_get_fewer_components_and_a_warning():
    features, labels = problem(4, samples=24)
    with pytest.warns(SaturationWarning, match="12 mixture components instead of 15"):
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
    with pytest.raises(Inapplicable, match="one class per sample"):
        score(features, features[:, :1])


def test_inputs_are_left_alone_and_float32_is_welcome():
    features, labels = problem(8)
    value = score(features, labels)
    features.flags.writeable = labels.flags.writeable = False
    assert score(features, labels) == value
    assert score(features.astype(np.float32), labels) == pytest.approx(value, rel=1e-3)
