"""OTDD: transport between datasets whose labels are the distributions of their classes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from evidenced import called
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm

import tbench
from tbench.api import EvidenceError, Inapplicable, SaturationWarning, UsageError
from tbench_metrics.otdd import _Task, otdd

ORACLES = Path(__file__).parent / "oracles" / "source_aware"
SEEDS = st.integers(0, 2**32 - 1)
QUIET = settings(max_examples=20)


def oracle():
    with np.load(ORACLES / "otdd_a.npz") as arrays:
        given = {
            "common_features": arrays["target_features"],
            "labels": arrays["target_labels"],
            "common_source_features": arrays["source_features"],
            "source_labels": arrays["source_labels"],
        }
    return json.loads((ORACLES / "otdd_a.json").read_text()), given


def problem(seed, samples=24, sources=30):
    rng = np.random.default_rng(seed)
    means = 2 * rng.normal(size=(4, 3))
    labels, source_labels = np.arange(samples) % 4, np.arange(sources) % 3
    return {
        "common_features": means[labels] + rng.normal(size=(samples, 3)),
        "labels": labels,
        "common_source_features": means[source_labels] + rng.normal(size=(sources, 3)),
        "source_labels": source_labels,
    }


def tasks(given, gaussian):
    return [
        _Task.of(np.asarray(given[f"common_{side}features"], dtype=np.float64), given[f"{side}labels"], gaussian, True)
        for side in ("source_", "")
    ]


@pytest.mark.parametrize(("form", "gaussian"), [("gaussian_approx__debiased", True), ("means_only__debiased", False)])
def test_distances_of_classes_agree_with_published_code(form, gaussian):
    oracled, given = oracle()
    both = tasks(given, gaussian)
    table = np.block([[first.distances(second) for second in both] for first in both])
    table = table if gaussian else np.sqrt(table)  # there not squared
    expected = oracled["expected"][form]["label_distances_source_then_target"]
    np.testing.assert_allclose(table, expected, rtol=oracled["tolerance"]["label_distances_rtol"], atol=1e-6)


def test_the_distance_agrees_with_the_definition():
    oracled, given = oracle()
    derived, near = oracled["derived"], oracled["derived_tolerance"]["rtol"]
    source, target = tasks(given, True)
    np.testing.assert_allclose(
        source.distances(target), derived["gaussian_label_distances_unbiased_covariance"], rtol=near
    )
    exact = called(otdd, {}, **given)
    assert -exact.value == pytest.approx(derived["exact_transport_cost_unbiased_covariance"], rel=near)
    assert exact.terms["feature_cost"] + exact.terms["label_cost"] == pytest.approx(-exact.value, rel=1e-12)
    debiased = called(otdd, {"regulariser": 0.1}, **given)
    assert debiased.terms["converged"] == 1
    assert -debiased.value == pytest.approx(derived["debiased_sinkhorn_own_solver_converged"], rel=near)


@pytest.mark.parametrize(
    ("preset", "form"), [("authors", "gaussian_approx__debiased"), ("means-only", "means_only__debiased")]
)
def test_the_distance_is_near_what_published_code_gives_where_it_stops(preset, form):
    oracled, given = oracle()
    distance = oracled["expected"][form]["distance"]
    assert tbench.score(f"otdd:as={preset}", **given) == pytest.approx(
        -distance, rel=oracled["tolerance"]["distance_rtol"]
    )


@QUIET
@given(seed=SEEDS)
def test_distances_of_gaussian_classes_are_those_of_matrix_square_roots(seed):
    given = problem(seed)
    source, target = tasks(given, True)
    table = source.distances(target)
    for i in range(3):
        for j in range(4):
            first = given["common_source_features"][given["source_labels"] == i]
            second = given["common_features"][given["labels"] == j]
            root = np.real(sqrtm(np.cov(first.T)))
            common = np.trace(np.real(sqrtm(root @ np.cov(second.T) @ root)))
            spread = np.trace(np.cov(first.T)) + np.trace(np.cov(second.T)) - 2 * common
            apart = ((first.mean(axis=0) - second.mean(axis=0)) ** 2).sum()
            assert table[i, j] == pytest.approx(apart + spread, rel=1e-6, abs=1e-6)


@QUIET
@given(seed=SEEDS, classes=st.sampled_from(["gaussian", "means"]), regulariser=st.sampled_from([0.0, 10.0]))
def test_a_dataset_is_at_distance_zero_from_itself_and_nowhere_nearer(seed, classes, regulariser):
    given = problem(seed)
    settings_ = {"classes": classes, "regulariser": regulariser}
    same = given | {"common_source_features": given["common_features"], "source_labels": given["labels"]}
    assert called(otdd, settings_, **same).value == pytest.approx(0, abs=1e-6)
    assert called(otdd, settings_, **given).value < 1e-6
    assert called(otdd, settings_ | {"samples": 13}, **same).value == pytest.approx(0, abs=1e-6)


@QUIET
@given(seed=SEEDS)
def test_order_names_offset_rotation_and_sides_do_not_matter_and_scale_is_squared(seed):
    given = problem(seed)
    rng = np.random.default_rng(seed)
    value = tbench.score("otdd", **given)
    rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    rows, others = rng.permutation(24), rng.permutation(30)
    moved = {
        "common_features": 3 * given["common_features"][rows] @ rotation + 100,
        "labels": rng.permutation(4)[given["labels"][rows]],
        "common_source_features": 3 * given["common_source_features"][others] @ rotation + 100,
        "source_labels": rng.permutation(3)[given["source_labels"][others]],
    }
    assert tbench.score("otdd", **moved) == pytest.approx(9 * value, rel=1e-6)
    turned = {
        "common_features": given["common_source_features"],
        "labels": given["source_labels"],
        "common_source_features": given["common_features"],
        "source_labels": given["labels"],
    }
    assert tbench.score("otdd", **turned) == pytest.approx(value, rel=1e-9)


def test_candidates_of_one_source_see_the_same_samples():
    given = problem(6)
    drawn = [tbench.score("otdd:samples=9", **given, seed=seed, common_seed=0) for seed in range(3)]
    assert len(set(drawn)) == 1
    assert tbench.score("otdd:samples=9", **given, common_seed=1) != drawn[0]


def test_a_source_further_away_or_with_other_labels_scores_lower():
    given = problem(0, 24, 24)
    near = given | {"common_source_features": given["common_features"], "source_labels": given["labels"]}
    values = [
        tbench.score("otdd", **near | {"common_source_features": given["common_features"] + shift})
        for shift in (0, 1, 4)
    ]
    assert values == sorted(values, reverse=True)
    assert len(set(values)) == 3
    mixed = np.random.default_rng(0).permutation(given["labels"])
    assert tbench.score("otdd", **near | {"source_labels": mixed}) < tbench.score("otdd", **near) - 0.1


def test_what_did_not_converge_is_told(monkeypatch):
    monkeypatch.setattr("tbench.evidence.transport.ROUNDS", 2)
    with pytest.warns(SaturationWarning, match="not optimal after 2 rounds"):
        assert called(otdd, {"regulariser": 0.1}, **problem(1)).terms["converged"] == 0


def test_wrong_words_and_evidence_are_told():
    given = problem(2)
    for spec in ("otdd:samples=0", "otdd:regulariser=-1", "otdd:classes=median"):
        with pytest.raises(UsageError, match="otdd"):
            tbench.score(spec, **given)
    with pytest.raises(EvidenceError, match="common_features 3, common_source_features 2"):
        tbench.score("otdd", **given | {"common_source_features": given["common_source_features"][:, :2]})
    with pytest.raises(Inapplicable, match="one class per sample"):
        tbench.score("otdd", **given | {"source_labels": given["common_source_features"]})


def test_edges():
    given = problem(3)
    alone = given | {"labels": np.where(np.arange(24) == 7, 4, given["labels"])}
    assert np.isfinite(tbench.score("otdd", **alone))
    one = given | {"labels": np.zeros(24, int), "source_labels": np.zeros(30, int)}
    assert np.isfinite(tbench.score("otdd", **one))
    wide = {name: np.pad(array, ((0, 0), (0, 40))) if array.ndim == 2 else array for name, array in given.items()}
    assert tbench.score("otdd", **wide) == pytest.approx(tbench.score("otdd", **given))
    gaps = given | {"labels": 7 * given["labels"] - 3}
    assert tbench.score("otdd", **gaps) == tbench.score("otdd", **given)


def test_inputs_are_left_alone():
    given = problem(4)
    for array in given.values():
        array.flags.writeable = False
    before = {name: array.copy() for name, array in given.items()}
    assert np.isfinite(tbench.score("otdd", **given))
    assert all((given[name] == before[name]).all() for name in given)
