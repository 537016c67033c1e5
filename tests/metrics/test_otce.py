"""OTCE: what transport couples says how well the source class tells the target class."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from evidenced import called
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

import tbench
from tbench.api import EvidenceError, Inapplicable, UsageError
from tbench_metrics.otce import f_otce, jc_otce, otce

ORACLES = Path(__file__).parent / "oracles" / "source_aware"
SEEDS = st.integers(0, 2**32 - 1)
QUIET = settings(max_examples=25)
KNOWN = np.array([[10.0, 0.5, 0.8], [20.0, 0.7, 0.6], [15.0, 1.0, 0.5], [30.0, 0.2, 0.7]])


def oracle(name):
    with np.load(ORACLES / f"{name}.npz") as arrays:
        given = {
            "features": arrays["target_features"],
            "labels": arrays["target_labels"],
            "source_features": arrays["source_features"],
            "source_labels": arrays["source_labels"],
        }
    return json.loads((ORACLES / f"{name}.json").read_text()), given


def problem(seed, samples=30, sources=40):
    """A source of which each class lies near one or two classes of the target; every class occurs."""
    rng = np.random.default_rng(seed)
    means = 2 * rng.normal(size=(4, 5))
    labels, source_labels = np.arange(samples) % 4, np.arange(sources) % 3
    return {
        "features": means[labels] + rng.normal(size=(samples, 5)),
        "labels": labels,
        "source_features": means[source_labels] + rng.normal(size=(sources, 5)),
        "source_labels": source_labels,
    }


def entropy(labels):
    shares = np.bincount(labels) / len(labels)
    return -(shares * np.log(shares)).sum()


@pytest.mark.parametrize("name", ["otce_a", "otce_b"])
def test_agrees_with_published_code(name):
    oracled, given = oracle(name)
    expected = oracled["expected"]
    score = called(f_otce, {}, **given)
    near = {"rel": oracled["tolerance"]["rtol"], "abs": oracled["tolerance"]["atol"]}
    assert score.value == pytest.approx(expected["f_otce"], **near)
    assert score.terms == pytest.approx(
        {"conditional_entropy": expected["conditional_entropy"], "transport": expected["wasserstein"], "converged": 1},
        **near,
    )
    assert tbench.score("f-otce:as=authors", **given) == score.value


@pytest.mark.parametrize("name", ["otce_a", "otce_b"])
def test_agrees_with_what_the_definition_gives(name):
    oracled, given = oracle(name)
    derived = oracled["derived"]
    near = {"rel": oracled["derived_tolerance"]["rtol"], "abs": oracled["derived_tolerance"]["atol"]}

    unsquared = called(f_otce, {"squared": False}, **given)
    assert unsquared.terms["transport"] == pytest.approx(derived["exact_with_unsquared_cost"]["wasserstein"], **near)
    assert -unsquared.value == pytest.approx(derived["exact_with_unsquared_cost"]["conditional_entropy"], **near)

    cost = cdist(given["source_features"], given["features"], "sqeuclidean")
    spread = called(f_otce, {"regulariser": 0.1 * cost.max() / np.median(cost)}, **given)
    assert spread.terms["converged"] == 1
    expected = derived["sinkhorn_cost_over_max_reg_0.1"]
    assert spread.terms["transport"] == pytest.approx(expected["wasserstein_on_raw_cost"], **near)
    assert -spread.value == pytest.approx(expected["conditional_entropy"], **near)

    joint = called(jc_otce, {}, **given)
    expected = derived["jc_otce_exact_gamma_0.5"]
    assert joint.value == pytest.approx(expected["jc_otce"], **near)
    assert joint.terms["conditional_entropy"] == pytest.approx(expected["conditional_entropy"], **near)
    assert joint.terms["transport"] == pytest.approx(expected["transport_cost"], **near)


@QUIET
@given(seed=SEEDS)
def test_equal_sides_are_an_assignment(seed):
    given = problem(seed, 24, 24)
    score = called(f_otce, {}, **given)
    cost = cdist(given["source_features"], given["features"], "sqeuclidean")
    rows, columns = linear_sum_assignment(cost)
    assert score.terms["transport"] == pytest.approx(cost[rows, columns].mean(), rel=1e-9)
    joint = np.zeros((3, 4))
    np.add.at(joint, (given["source_labels"][rows], given["labels"][columns]), 1 / 24)
    conditional = joint / joint.sum(axis=1, keepdims=True)
    assert score.value == pytest.approx((joint * np.log(np.where(joint > 0, conditional, 1))).sum(), abs=1e-9)


@QUIET
@given(seed=SEEDS, regulariser=st.sampled_from([0.0, 0.5]))
def test_between_minus_the_label_entropy_and_zero(seed, regulariser):
    given = problem(seed)
    for function in (f_otce, jc_otce):
        value = called(function, {"regulariser": regulariser}, **given).value
        assert -entropy(given["labels"]) - 1e-9 <= value <= 0


@QUIET
@given(seed=SEEDS)
def test_order_names_scale_offset_and_rotation_do_not_matter(seed):
    given = problem(seed)
    rng = np.random.default_rng(seed)
    rotation = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    rows, others = rng.permutation(30), rng.permutation(40)
    moved = {
        "features": 3 * given["features"][rows] @ rotation + 100,
        "labels": rng.permutation(4)[given["labels"][rows]],
        "source_features": 3 * given["source_features"][others] @ rotation + 100,
        "source_labels": rng.permutation(3)[given["source_labels"][others]],
    }
    for spec in ("f-otce", "jc-otce", "f-otce:regulariser=0.1"):
        assert tbench.score(spec, **moved) == pytest.approx(tbench.score(spec, **given), abs=1e-4)


@QUIET
@given(seed=SEEDS)
def test_a_target_that_is_its_own_source_is_told_completely(seed):
    given = problem(seed)
    same = given | {"source_features": given["features"], "source_labels": given["labels"]}
    for samples in (1000, 17):
        score = called(f_otce, {"samples": samples}, **same)
        assert score.value == 0
        assert score.terms["transport"] == pytest.approx(0, abs=1e-9)


def test_a_source_that_separates_the_classes_scores_higher():
    given = problem(0)
    rng = np.random.default_rng(0)
    values = []
    for noise in (0.0, 3.0, 30.0):
        blurred = given["features"] + noise * rng.normal(size=(30, 5))
        values.append(tbench.score("f-otce", **given | {"source_features": blurred, "source_labels": given["labels"]}))
    assert values == sorted(values, reverse=True)
    assert len(set(values)) == 3


def test_all_weight_on_the_samples_is_f_otce_and_the_class_cost_tells_classes_apart():
    given = problem(1)
    assert called(jc_otce, {"gamma": 1.0}, **given) == called(f_otce, {}, **given)
    by_class = called(jc_otce, {"gamma": 0.0}, **given)
    assert by_class.terms["transport"] <= called(jc_otce, {"gamma": 1e-6}, **given).terms["transport"] + 1e-3


def test_the_least_squares_fit_predicts_the_accuracy():
    given = problem(2)
    score = called(otce, {}, **given, auxiliary_scores=KNOWN)
    design = np.column_stack([KNOWN[:, :2], np.ones(4)])
    weights = np.linalg.lstsq(design, KNOWN[:, 2], rcond=None)[0]
    told = [score.terms[name] for name in ("transport_weight", "entropy_weight", "intercept")]
    assert told == pytest.approx(weights, rel=1e-9)
    plain = called(f_otce, {}, **given)
    point = np.array([plain.terms["transport"], plain.terms["conditional_entropy"], 1])
    assert score.value == pytest.approx(point @ weights, rel=1e-9)
    assert plain.terms.items() <= score.terms.items()


@pytest.mark.parametrize("known", [KNOWN[:2], KNOWN[:1], KNOWN[[0, 0, 1, 1]], KNOWN * [0, 1, 1] + [5, 0, 0]])
def test_auxiliary_pairs_that_fix_no_plane_are_told(known):
    with pytest.raises(Inapplicable, match="auxiliary pairs"):
        tbench.score("otce", **problem(2), auxiliary_scores=known)


def test_samples_are_drawn_with_the_seed_and_classes_keep_their_shares():
    given = problem(3, 400, 300)
    values = [tbench.score("f-otce:samples=40", **given, seed=seed) for seed in (0, 0, 1)]
    assert values[0] == values[1] != values[2]
    assert tbench.score("f-otce:samples=400", **given) == tbench.score("f-otce:samples=none", **given)


def test_wrong_words_and_evidence_are_told():
    given = problem(4)
    for spec in ("f-otce:samples=0", "jc-otce:gamma=2", "f-otce:regulariser=-1"):
        with pytest.raises(UsageError, match="must be"):
            tbench.score(spec, **given)
    with pytest.raises(EvidenceError, match="features 5, source_features 4"):
        tbench.score("f-otce", **given | {"source_features": given["source_features"][:, :4]})
    with pytest.raises(EvidenceError, match="source_features 39, source_labels 40"):
        tbench.score("f-otce", **given | {"source_features": given["source_features"][:-1]})
    broken = given["source_features"].copy()
    broken[2, 1] = np.nan
    with pytest.raises(EvidenceError, match="source_features: 1 values are NaN"):
        tbench.score("f-otce", **given | {"source_features": broken})
    with pytest.raises(EvidenceError, match="auxiliary_scores must have columns"):
        tbench.score("otce", **given, auxiliary_scores=KNOWN[:, :2])
    with pytest.raises(Inapplicable, match="gives no auxiliary_scores"):
        tbench.score("otce", **given)
    with pytest.raises(Inapplicable, match="one class per sample"):
        tbench.score("f-otce", **given | {"labels": given["features"]})


def test_edges():
    given = problem(5)
    with pytest.raises(Inapplicable, match="one class"):
        tbench.score("f-otce", **given | {"labels": np.zeros(30, int)})
    one_source = tbench.score("f-otce", **given | {"source_labels": np.zeros(40, int)})
    assert one_source == pytest.approx(-entropy(given["labels"]))
    gaps = given | {"labels": 7 * given["labels"] - 3, "source_labels": 100 - 9 * given["source_labels"]}
    assert tbench.score("jc-otce", **gaps) == pytest.approx(tbench.score("jc-otce", **given))
    alone = given | {"labels": np.where(np.arange(30) == 7, 4, given["labels"])}
    assert np.isfinite(tbench.score("jc-otce", **alone))
    same = given | {"features": np.full((30, 5), 0.1), "source_features": np.full((40, 5), 0.1)}
    with pytest.raises(Inapplicable, match="same for all samples"):
        tbench.score("f-otce", **same)
    halved = given | {"features": np.zeros((30, 5)), "source_features": np.eye(40, 5)}
    with pytest.raises(Inapplicable, match="transport them exactly"):
        tbench.score("f-otce:regulariser=0.1", **halved)
    half = {name: array.astype(np.float16) if array.dtype.kind == "f" else array for name, array in given.items()}
    assert np.isfinite(tbench.score("f-otce", **half))


def test_inputs_are_left_alone():
    given = problem(6)
    for array in given.values():
        array.flags.writeable = False
    before = {name: array.copy() for name, array in given.items()}
    assert np.isfinite(tbench.score("jc-otce", **given))
    assert all((given[name] == before[name]).all() for name in given)
