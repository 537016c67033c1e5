"""DDS is the kernel alignment of two networks, for every kernel and normalisation of the authors' code."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from source_aware import oracle

import tbench
from tbench.api import EvidenceError, Inapplicable, UsageError
from tbench_metrics.dds import dds

SEEDS = st.integers(0, 2**32 - 1)
KERNELS = {
    "kernel_lap": "laplacian",
    "kernel_rbf": "rbf",
    "kernel_linear": "linear",
    "distance_pearson": "pearson",
    "distance_euclidean": "euclidean",
    "distance_cosine": "cosine",
}
NORMALISATIONS = {"None": "none", "centering": "centring", "znorm": "znorm"}
OF_ALL = given(
    seed=SEEDS,
    kernel=st.sampled_from(list(KERNELS.values())),
    normalisation=st.sampled_from(list(NORMALISATIONS.values())),
    debiased=st.booleans(),
)
QUIET = settings(max_examples=40)


def problem(seed):
    """Features of candidate (N, D) and probe (N, P) that have a part in common."""
    rng = np.random.default_rng(seed)
    samples, common = rng.integers(8, 30), rng.integers(2, 5)
    shared = rng.normal(size=(samples, common))
    widths = rng.integers(3, 12, size=2)
    return [shared @ rng.normal(size=(common, width)) + rng.normal(size=(samples, width)) for width in widths]


def score(features, probe_features, **settings):
    return dds(features, probe_features, 0, **settings)


_, DOCUMENT = oracle("dds_a")


@pytest.mark.parametrize("variant", DOCUMENT["expected"])
def test_agrees_with_the_authors_code(variant):
    arrays, document = oracle("dds_a")
    kernel, normalisation, bias = variant.split("__")
    spec = f"dds:kernel={KERNELS[kernel]},normalisation={NORMALISATIONS[normalisation]}"
    spec += f",debiased={str(bias == 'debiased').lower()}"
    value = tbench.score(spec, features=arrays["x"], probe_features=arrays["y"])
    expected, tolerance = document["expected"][variant], document["tolerance"]
    assert value == pytest.approx(expected, rel=tolerance["rtol"], abs=tolerance["atol"])


def test_the_default_is_the_best_published_combination():
    arrays, document = oracle("dds_a")
    value = tbench.score("dds", features=arrays["x"], probe_features=arrays["y"])
    assert value == pytest.approx(document["expected"]["kernel_lap__znorm__debiased"], rel=1e-8)


@QUIET
@OF_ALL
def test_symmetric_bounded_and_one_for_a_network_and_itself(seed, kernel, normalisation, debiased):
    one, other = problem(seed)
    chosen = {"kernel": kernel, "normalisation": normalisation, "debiased": debiased}
    value = score(one, other, **chosen)
    assert -1 - 1e-12 <= value <= 1 + 1e-12
    assert debiased or kernel not in ("laplacian", "rbf", "linear") or value >= -1e-12
    assert score(other, one, **chosen) == pytest.approx(value, abs=1e-12)
    assert score(one, one, **chosen) == pytest.approx(1)


@QUIET
@OF_ALL
def test_neither_order_nor_units_of_columns_after_znorm_matter(seed, kernel, normalisation, debiased):
    one, other = problem(seed)
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(len(one)), rng.permutation(one.shape[1])
    chosen = {"kernel": kernel, "normalisation": normalisation, "debiased": debiased}
    value = pytest.approx(score(one, other, **chosen), abs=1e-9)
    assert score(one[rows], other[rows], **chosen) == value
    assert score(one[:, columns], other, **chosen) == value
    if normalisation == "znorm":
        assert score(one * rng.uniform(0.3, 3, size=one.shape[1]) + 5, other, **chosen) == value
    if normalisation == "centring":
        assert score(one + rng.normal(size=one.shape[1]), other, **chosen) == value


@pytest.mark.parametrize("kernel", KERNELS.values())
def test_debiased_alignment_of_unrelated_features_is_zero_on_average(kernel):
    rng = np.random.default_rng(0)
    draws = [[rng.normal(size=(12, width)) for width in (9, 7)] for _ in range(200)]
    debiased = [score(*pair, kernel=kernel) for pair in draws]
    biased = [score(*pair, kernel=kernel, debiased=False) for pair in draws]
    assert abs(np.mean(debiased)) < 4 * np.std(debiased) / np.sqrt(len(draws))
    assert np.mean(biased) > 0.2


def test_large_sets_are_sampled_by_the_seed():
    rng = np.random.default_rng(3)
    shared = rng.normal(size=(500, 4))
    one, other = (shared @ rng.normal(size=(4, 9)) + rng.normal(size=(500, 9)) for _ in range(2))
    given = {"features": one, "probe_features": other}
    assert tbench.score("dds", seed=1, **given) == tbench.score("dds", seed=1, **given)
    assert tbench.score("dds", seed=1, **given) != tbench.score("dds", seed=2, **given)
    assert tbench.score("dds", **given) == pytest.approx(tbench.score("dds:samples=none", **given), abs=0.1)
    assert dds.spares({"samples": None}) == ["seed"]
    assert dds.spares({"samples": 200}) == []


@pytest.mark.parametrize("normalisation", NORMALISATIONS.values())
@pytest.mark.parametrize("kernel", KERNELS.values())
def test_edges(kernel, normalisation):
    one, other = problem(4)
    chosen = {"kernel": kernel, "normalisation": normalisation}
    assert score(one.astype(np.float32), other, **chosen) == pytest.approx(score(one, other, **chosen), rel=1e-3)
    padded = np.pad(one, ((0, 0), (0, 2)), constant_values=3.0)
    assert np.isfinite(score(padded, other, **chosen))
    if normalisation != "none" and kernel in ("linear", "rbf", "euclidean"):  # the others count or see columns
        assert score(padded, other, **chosen) == pytest.approx(score(one, other, **chosen))
    one[0] = one[1:].mean(axis=0) if normalisation == "centring" else 0  # no direction
    assert np.isfinite(score(one, other, **chosen))
    with pytest.raises(Inapplicable, match=r"same of all pairs|half of the pairs"):
        score(np.full_like(one, 0.1), other, **chosen)
    with pytest.raises(Inapplicable, match="3 images; 4 are needed"):
        score(one[:3], other[:3], **chosen)


def test_rbf_needs_a_width():
    one, other = problem(5)
    copies = np.zeros_like(one)
    copies[0] = 1
    with pytest.raises(Inapplicable, match="half of the pairs of images are copies"):
        score(copies, other, kernel="rbf")


def test_what_cannot_be_is_refused():
    one, other = problem(6)
    with pytest.raises(UsageError, match="laplacian, rbf, linear, pearson, euclidean, cosine"):
        score(one, other, kernel="poly")
    with pytest.raises(UsageError, match="none, centring, znorm"):
        score(one, other, normalisation="batch")
    with pytest.raises(UsageError, match="at least 4 or none"):
        score(one, other, samples=3)
    with pytest.raises(EvidenceError, match="different lengths"):
        tbench.score("dds", features=one, probe_features=other[:-1])
    with pytest.raises(EvidenceError, match="features: 1 values are NaN"):
        tbench.score("dds", features=np.where(one == one[2, 1], np.nan, one), probe_features=other)
