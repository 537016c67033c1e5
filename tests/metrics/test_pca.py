"""Principal components are those of scikit-learn, and make scores of one width of features of any."""

from __future__ import annotations

import numpy as np
import pytest
from evidenced import called
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA

import tbench
from tbench.api import Inapplicable, UsageError
from tbench_metrics.pca import pca


def reduced(features, **wish):
    return called(pca, wish, features=features)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), samples=st.integers(3, 40), columns=st.integers(1, 40), dims=st.integers(1, 50))
def test_equals_scikit_learn_but_for_signs(seed, samples, columns, dims):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(samples, columns)) * rng.uniform(0.5, 2, size=columns) + 5 * rng.normal(size=columns)
    found = reduced(features, dims=dims)
    expected = PCA(min(dims, samples, columns), svd_solver="full").fit_transform(features)
    assert found.shape == expected.shape
    assert found @ found.T == pytest.approx(expected @ expected.T, abs=1e-8)
    assert np.abs(found) == pytest.approx(np.abs(expected), abs=1e-5)


@pytest.mark.parametrize("spec", ["logme", "gbc", "lfc:kernel=l2", "sfda", "knn", "transrate"])
@pytest.mark.filterwarnings("ignore::tbench.api.ScoreWarning")
def test_columns_that_add_nothing_move_no_score(spec):
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 4
    features = rng.normal(size=(60, 5)) + rng.normal(size=(4, 5))[labels]
    turned = np.linalg.qr(rng.normal(size=(90, 90)))[0][:5]
    narrow = tbench.score(f"{spec}+pca:dims=4", features=features, labels=labels)
    assert tbench.score(f"{spec}+pca:dims=4", features=features @ turned, labels=labels) == pytest.approx(narrow)


def test_features_that_are_all_the_same_have_components_of_zero():
    assert not reduced(np.full((6, 4), 0.1), dims=2).any()


def test_what_goes_with_the_columns_is_told_to_be_of_others():
    rng = np.random.default_rng(0)
    given = {"features": rng.normal(size=(30, 8)), "labels": np.arange(30) % 3}
    reference = rng.normal(size=(30, 8))
    with pytest.raises(Inapplicable, match="features have 4 columns, reference features 8"):
        tbench.score("logme+pca:dims=4+ped", **given, reference_features=reference)
    both = given | {"source_features": reference, "source_labels": np.arange(30) % 5}
    with pytest.raises(
        Inapplicable, match="transform pca:dims=4 made 4 columns of the features; source_features have 8"
    ):
        tbench.score("f-otce+pca:dims=4", **both)


def test_dims_is_at_least_one():
    with pytest.raises(UsageError, match="pca: dims must be at least 1, not 0"):
        tbench.score("logme+pca:dims=0", features=np.eye(4), labels=[0, 0, 1, 1])
