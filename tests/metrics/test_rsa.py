"""RSA is the rank correlation of what two networks find dissimilar, whatever their units and widths."""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from source_aware import oracle

import tbench
from tbench.api import EvidenceError, Inapplicable, ScoreWarning, UsageError
from tbench.errors import MissingEvidence
from tbench_metrics.rsa import rsa

SEEDS = st.integers(0, 2**32 - 1)
COMPARISONS = ["spearman", "kendall", "pearson"]


def problem(seed):
    """Features of candidate (N, D) and probe (N, P) that have a part in common."""
    rng = np.random.default_rng(seed)
    samples, common = rng.integers(8, 30), rng.integers(2, 5)
    shared = rng.normal(size=(samples, common))
    widths = rng.integers(3, 12, size=2)
    return [shared @ rng.normal(size=(common, width)) + rng.normal(size=(samples, width)) for width in widths]


def score(features, probe_features, **settings):
    return rsa(features, probe_features, 0, **settings).value


@pytest.mark.parametrize("case", ["rsa_a", "rsa_b"])
@pytest.mark.parametrize(
    ("comparison", "kind", "table"),
    [
        ("spearman", "expected", "rsa_spearman_upper_triangle"),
        ("kendall", "derived", "rsa_kendall_tau_b"),
        ("pearson", "derived", "rsa_pearson"),
    ],
)
def test_agrees_with_the_authors_code(case, comparison, kind, table):
    arrays, document = oracle(case)
    expected, tolerance = np.array(document[kind][table]), document["tolerance"]
    for one, other in combinations_with_replacement(range(len(expected)), 2):
        value = tbench.score(
            f"rsa:comparison={comparison}",
            features=arrays[f"features_{one}"],
            probe_features=arrays[f"features_{other}"],
        )
        assert value == pytest.approx(expected[one, other], rel=tolerance["rtol"], abs=tolerance["atol"])


@pytest.mark.parametrize("case", ["rsa_a", "rsa_b"])
def test_agrees_with_the_authors_dissimilarities(case):
    arrays, document = oracle(case)
    tables = [np.array(document["expected"][f"rdm_{which}_model"]) for which in ("first", "second")]
    pairs = np.triu_indices(len(tables[0]), 1)
    value = score(arrays["features_0"], arrays["features_1"])
    assert value == pytest.approx(spearmanr(*(table[pairs] for table in tables))[0], rel=1e-9)


@settings(max_examples=30)
@given(seed=SEEDS, comparison=st.sampled_from(COMPARISONS))
def test_symmetric_bounded_and_one_for_a_network_and_itself(seed, comparison):
    one, other = problem(seed)
    value = score(one, other, comparison=comparison)
    assert -1 - 1e-12 <= value <= 1 + 1e-12
    assert score(other, one, comparison=comparison) == pytest.approx(value, abs=1e-12)
    assert score(one, one, comparison=comparison) == pytest.approx(1)


@settings(max_examples=30)
@given(seed=SEEDS, comparison=st.sampled_from(COMPARISONS))
def test_order_units_and_offsets_do_not_matter(seed, comparison):
    one, other = problem(seed)
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(len(one)), rng.permutation(one.shape[1])
    value = pytest.approx(score(one, other, comparison=comparison), abs=1e-9)
    assert score(one[rows], other[rows], comparison=comparison) == value
    assert score(one[:, columns], other, comparison=comparison) == value
    assert score(7 * one + rng.normal(size=one.shape[1]), other / 3, comparison=comparison) == value


def test_ties_have_average_ranks():
    one = np.repeat(problem(1)[0][:6], 2, axis=0)  # each image twice, so that distances come four by four
    other = np.random.default_rng(1).normal(size=(12, 5))
    tables = [1 - np.corrcoef(rows - rows.mean(axis=0)) for rows in (one, other)]
    pairs = np.triu_indices(12, 1)
    expected = spearmanr(*(table[pairs].round(10) for table in tables))[0]
    assert score(one, other) == pytest.approx(expected, rel=1e-9)


def test_an_image_with_a_constant_row_is_left_out_and_told():
    one, other = problem(2)
    # Centred columns: image 0 deviates from the mean by the same number in every column.
    one[0] = one[1:].mean(axis=0) + 2
    with pytest.warns(ScoreWarning, match=f"1 of {len(one)} images left out"):
        found = rsa(one, other, 0)
    assert found.terms == {"dropped": 1}
    pairs = np.triu_indices(len(one) - 1, 1)
    tables = [1 - np.corrcoef((rows - rows.mean(axis=0))[1:]) for rows in (one, other)]
    assert found.value == pytest.approx(spearmanr(*(table[pairs] for table in tables))[0])


def test_large_sets_are_sampled_by_the_seed():
    rng = np.random.default_rng(3)
    shared = rng.normal(size=(700, 4))
    one, other = (shared @ rng.normal(size=(4, 9)) + rng.normal(size=(700, 9)) for _ in range(2))
    given = {"features": one, "probe_features": other}
    assert tbench.score("rsa", seed=1, **given) == tbench.score("rsa", seed=1, **given)
    assert tbench.score("rsa", seed=1, **given) != tbench.score("rsa", seed=2, **given)
    assert tbench.score("rsa", **given) == pytest.approx(tbench.score("rsa:samples=none", **given), abs=0.03)
    assert rsa.spares({"samples": None}) == ["seed"]
    assert rsa.spares({"samples": 500}) == []


def test_edges():
    one, other = problem(4)
    assert score(one.astype(np.float32), other) == pytest.approx(score(one, other), rel=1e-4)
    assert np.isfinite(score(np.pad(one, ((0, 0), (0, 2)), constant_values=3.0), other))
    with pytest.raises(Inapplicable, match="0 images have rows that are not constant"):
        score(np.full_like(one, 0.1), other)
    with pytest.raises(Inapplicable, match="0 images have rows that are not constant"):
        score(one[:, :1], other)
    with pytest.raises(Inapplicable, match="2 images"):
        score(one[:2], other[:2])
    with pytest.raises(Inapplicable, match="equally dissimilar"):
        score(np.eye(5), other[:5])
    with pytest.raises(UsageError, match="spearman, kendall, pearson"):
        score(one, other, comparison="cosine")
    with pytest.raises(UsageError, match="at least 3 or none"):
        score(one, other, samples=2)


def test_what_cannot_be_is_refused():
    one, other = problem(5)
    with pytest.raises(EvidenceError, match="different lengths"):
        tbench.score("rsa", features=one, probe_features=other[:-1])
    with pytest.raises(EvidenceError, match="probe_features must be a matrix"):
        tbench.score("rsa", features=one, probe_features=other[:, 0])
    other[3, 1] = np.nan
    with pytest.raises(EvidenceError, match="probe_features: 1 values are NaN or infinite, the first in row 3"):
        tbench.score("rsa", features=one, probe_features=other)
    with pytest.raises(MissingEvidence, match="gives no images"):
        tbench.score("rsa", features=one)
