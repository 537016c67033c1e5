"""EMMS: the authors' numbers, and a regression on a mixture of embeddings that knows which of them are good."""

from __future__ import annotations

import numpy as np
import pytest
from beyond import arrays, cases
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

import tbench
from tbench.api import EvidenceError, SaturationWarning, UsageError
from tbench_metrics.emms import emms, sparsemax

SEEDS = st.integers(0, 2**32 - 1)
QUIET = settings(max_examples=30)
CASES = {case["id"]: case for case in cases("emms")}


def problem(seed):
    """Features (N, D), and embeddings (K, N, E) of which each is a linear map of the features with its own noise."""
    rng = np.random.default_rng(seed)
    samples, dims, width, count = rng.integers(30, 50), rng.integers(2, 9), rng.integers(1, 6), rng.integers(2, 5)
    features = rng.normal(size=(samples, dims)) + 3
    said = features @ rng.normal(size=(dims, width))
    return features, said + rng.uniform(0.1, 2, size=(count, 1, 1)) * rng.normal(size=(count, samples, width))


def standard(rows):
    return (rows - rows.mean(axis=0)) / (rows.std(axis=0) + 1e-8)


@pytest.mark.parametrize("name", ["c0", "c1", "c2"])
def test_agrees_with_the_authors_code(name):
    case = CASES[f"emms_{name}"]
    given_ = arrays(case)
    stacked = np.moveaxis(given_["label_embeddings"], -1, 0)  # there, which embedding it is comes last
    tolerance = {"rel": case["tolerance"]["rtol"], "abs": case["tolerance"]["atol"]}
    expected = case["expected"]["emms"]
    value = tbench.score("emms:as=authors", features=given_["features"], label_embeddings=stacked)
    assert value == pytest.approx(expected, **tolerance)
    paper = tbench.score("emms", features=given_["features"], label_embeddings=stacked)
    assert paper == pytest.approx(expected / stacked.shape[2] ** 2, **tolerance)


@pytest.mark.parametrize("name", ["c0", "c1", "c2"])
def test_one_embedding_leaves_the_residual_of_the_authors_regression(name):
    """Their form without mixture gives 1 / (1e-6 + squared residuals over the embedding's width)."""
    case = CASES[f"emms_optimal_{name}"]
    given_ = arrays(case)
    target = given_["label_embeddings"].mean(axis=-1)
    value = emms(given_["features"], target[None]).value
    expected = case["expected"]["emms_optimal_on_mean_embedding"]
    assert 1 / (-value * len(target) + 1e-6) == pytest.approx(expected, rel=1e-7)


def test_sparsemax_agrees_with_the_authors_code():
    case = CASES["sparsemax"]
    for row, expected in zip(arrays(case)["z"], case["expected"]["rows"], strict=True):
        assert sparsemax(row) == pytest.approx(expected, rel=1e-10, abs=1e-12)


@QUIET
@given(seed=SEEDS)
def test_sparsemax_is_the_nearest_point_of_the_simplex(seed):
    rng = np.random.default_rng(seed)
    scores = 2 * rng.normal(size=rng.integers(1, 6))
    point = sparsemax(scores)
    assert point.min() >= 0
    assert point.sum() == pytest.approx(1)
    corner = np.eye(len(scores))
    assert ((corner - point) @ (scores - point)).max() <= 1e-12  # no corner lies on the other side


@QUIET
@given(seed=SEEDS, rounds=st.integers(1, 4))
def test_equals_the_definition(seed, rounds):
    features, embeddings = problem(seed)
    rows, targets = standard(features), np.stack([standard(one) for one in embeddings])
    weights = np.full(len(embeddings), 1 / len(embeddings))
    for _ in range(rounds):
        mixture = sum(weight * target for weight, target in zip(weights, targets, strict=True))
        said = rows @ np.linalg.pinv(rows) @ mixture
        columns = np.stack([target.ravel() for target in targets], axis=1)
        wanted = np.linalg.pinv(columns) @ said.ravel()
        start = np.full(len(wanted), 1 / len(wanted))
        simplex = {"type": "eq", "fun": lambda point: point.sum() - 1}
        nearest = minimize(
            lambda point, wanted=wanted: ((point - wanted) ** 2).sum(),
            start,
            bounds=[(0, None)] * len(start),
            constraints=simplex,
            options={"ftol": 1e-14},
        )
        weights = nearest.x
    mixture = sum(weight * target for weight, target in zip(weights, targets, strict=True))
    score = emms(features, embeddings, rounds=rounds)
    assert score.value == pytest.approx(-((said - mixture) ** 2).mean(), rel=1e-4, abs=1e-9)
    assert list(score.terms.values()) == pytest.approx(weights, abs=1e-4)


@QUIET
@given(seed=SEEDS)
def test_minds_neither_order_nor_units_nor_origin(seed):
    features, embeddings = problem(seed)
    rng = np.random.default_rng(seed)
    score = emms(features, embeddings)
    rows, which = rng.permutation(len(features)), rng.permutation(len(embeddings))
    units = rng.uniform(0.3, 3, size=features.shape[1])
    for changed in (
        emms(features[rows], embeddings[:, rows]),
        emms(features, embeddings[which]),
        emms(units * features - 5, embeddings),
        emms(features, 3 * embeddings + 1),
        emms(np.tile(features, (2, 1)), np.tile(embeddings, (1, 2, 1))),
    ):
        assert changed.value == pytest.approx(score.value, rel=1e-5)
        assert sorted(changed.terms.values()) == pytest.approx(sorted(score.terms.values()), abs=1e-5)


def test_embeddings_that_the_features_explain_score_higher_and_weigh_more():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(80, 5))
    said, noise = features @ rng.normal(size=(5, 4)), rng.normal(size=(2, 80, 4))
    near, far = emms(features, said + 0.1 * noise), emms(features, said + 3 * noise)
    assert -1 < far.value < near.value < 0
    mixed = emms(features, said + np.array([0.1, 5])[:, None, None] * noise)
    assert mixed.terms["weight_1"] > 0.8


def test_too_few_samples_fit_anything():
    rng = np.random.default_rng(1)
    with pytest.warns(SaturationWarning, match="12 samples are too few for 11 independent columns"):
        score = emms(rng.normal(size=(12, 30)), rng.normal(size=(3, 12, 4)))
    assert score.value == pytest.approx(0, abs=1e-12)


def test_edges():
    features, embeddings = problem(4)
    given_ = {"features": features, "label_embeddings": embeddings}
    for array in given_.values():
        array.flags.writeable = False
    value = tbench.score("emms", **given_)
    assert tbench.score("emms", **given_ | {"features": features.astype(np.float32)}) == pytest.approx(value, rel=1e-4)
    constant = np.pad(features, ((0, 0), (0, 2)), constant_values=0.1)
    assert tbench.score("emms", **given_ | {"features": constant}) == pytest.approx(value, rel=1e-6)
    with pytest.raises(EvidenceError, match="give one row for each"):
        tbench.score("emms", **given_ | {"features": features[:-1]})
    with pytest.raises(EvidenceError, match="label_embeddings must be one matrix per language model"):
        tbench.score("emms", **given_ | {"label_embeddings": embeddings[0]})
    wrong = embeddings.copy()
    wrong[1, 2, 0] = np.nan
    with pytest.raises(EvidenceError, match="label_embeddings: 1 values are NaN"):
        tbench.score("emms", **given_ | {"label_embeddings": wrong})
    with pytest.raises(UsageError, match="mean or times-width"):
        tbench.score("emms:residual=sum", **given_)
    with pytest.raises(UsageError, match="rounds must be at least 1"):
        tbench.score("emms:rounds=0", **given_)
