"""Kite is a ratio of two centred kernel alignments, whatever side its products are formed on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tbench
from tbench.api import EvidenceError, Inapplicable
from tbench.errors import MissingEvidence

SEEDS = st.integers(0, 2**32 - 1)
QUIET = settings(max_examples=15)


def problem(seed, most=40):
    rng = np.random.default_rng(seed)
    samples = rng.integers(6, 40)
    labels = rng.permutation(np.arange(samples) % rng.integers(2, 5))
    width, start = rng.integers(1, most, size=2)
    features = rng.normal(size=(samples, width)) + rng.normal(size=(5, width))[labels] + 2
    return {"features": features, "labels": labels, "initial_features": rng.normal(size=(samples, start)) - 1}


def alignment(one, other):
    """CKA of two N x N kernels, as it is defined."""
    centring = np.eye(len(one)) - 1 / len(one)
    one, other = (centring @ kernel @ centring for kernel in (one, other))
    return (one * other).sum() / (np.linalg.norm(one) * np.linalg.norm(other))


@QUIET
@given(seed=SEEDS)
def test_is_its_definition(seed):
    given = problem(seed)
    hot = np.eye(5)[given["labels"]]
    own, start = (rows @ rows.T for rows in (given["features"], given["initial_features"]))
    terms = tbench.score("kite", terms=True, **given)
    assert terms["target alignment"] == pytest.approx(alignment(own, hot @ hot.T), rel=1e-9)
    assert terms["random alignment"] == pytest.approx(alignment(own, start), rel=1e-9)
    assert 0 <= terms["target alignment"] <= 1 + 1e-12
    assert 0 <= terms["random alignment"] <= 1 + 1e-12
    assert tbench.score("kite", **given) == pytest.approx(terms["target alignment"] / terms["random alignment"])


@QUIET
@given(seed=SEEDS)
def test_minds_neither_order_nor_names_nor_origin_nor_scale_nor_axes_of_either_side(seed):
    given = problem(seed)
    value = pytest.approx(tbench.score("kite", **given), rel=1e-7)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(given["labels"]))
    assert tbench.score("kite", **{name: rows[order] for name, rows in given.items()}) == value
    assert tbench.score("kite", **given | {"labels": rng.permutation(5)[given["labels"]]}) == value
    for side in ("features", "initial_features"):
        rows = given[side]
        turned = rows @ np.linalg.qr(rng.normal(size=(rows.shape[1],) * 2))[0]
        assert tbench.score("kite", **given | {side: 7 * turned + rng.normal(size=rows.shape[1])}) == value


def test_classes_that_the_features_tell_apart_and_features_that_training_changed_raise_it():
    given = problem(3)
    rng = np.random.default_rng(0)
    means = rng.normal(size=(5, given["features"].shape[1]))
    clearer = given["features"] + 5 * means[given["labels"]]
    assert tbench.score("kite", **given | {"features": clearer}) > tbench.score("kite", **given)
    unchanged = given | {"initial_features": given["features"]}
    assert tbench.score("kite", terms=True, **unchanged)["random alignment"] == pytest.approx(1)
    assert tbench.score("kite", **unchanged) < tbench.score("kite", **given)


def test_where_it_is_not_defined():
    given = problem(1)
    flat = np.full_like(given["features"], 0.1)
    for name in ("features", "initial_features"):
        with pytest.raises(Inapplicable, match="the same for all samples"):
            tbench.score("kite", **given | {name: flat})
    with pytest.raises(Inapplicable, match="one class"):
        tbench.score("kite", **given | {"labels": np.zeros(len(flat), int)})
    with pytest.raises(Inapplicable, match="one class per sample"):
        tbench.score("kite", **given | {"labels": given["features"][:, :1]})
    crossed = np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]])
    both = {"features": crossed[:, :1], "initial_features": crossed[:, 1:]}
    with pytest.raises(Inapplicable, match="nothing in common"):
        tbench.score("kite", labels=[0, 1, 0, 1], **both)
    with pytest.raises(MissingEvidence, match="initial_network"):
        tbench.score("kite", features=given["features"], labels=given["labels"])
    with pytest.raises(EvidenceError, match="different lengths"):
        tbench.score("kite", **given | {"initial_features": given["initial_features"][1:]})


def test_inputs_are_left_alone_and_half_the_digits_give_the_same():
    given = problem(2)
    before = {name: array.copy() for name, array in given.items()}
    exact = tbench.score("kite", **given)
    assert all((given[name] == before[name]).all() for name in given)
    single = {name: given[name].astype(np.float32) for name in ("features", "initial_features")}
    assert tbench.score("kite", **given | single) == pytest.approx(exact, rel=1e-5)
