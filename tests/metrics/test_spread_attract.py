"""SA moves samples and classes as its authors' code does, or as their paper tells it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from evidenced import called
from hypothesis import given, settings
from hypothesis import strategies as st

import tbench
from tbench.api import Inapplicable, UsageError
from tbench_metrics.spread_attract import attracted, spread_attract, spread_out

HERE = Path(__file__).parent / "oracles" / "beyond"
CASES = {case["id"]: case for case in json.loads((HERE / "spread_attract.json").read_text())["cases"]}
SPECS = {"LOGME": "logme:as=thuml", "GBC": "gbc:ddof=1,dims=none,logdet=reference", "LDA": "nearest-mean"}


def inputs(case):
    with np.load(HERE / case["inputs"]["file"]) as arrays:
        return {name: arrays[array] for name, array in case["inputs"]["arrays"].items()}


def problem(seed, scale=9.0):
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(40) % 4)
    return rng, scale * (rng.normal(size=(40, 6)) + rng.normal(size=(4, 6))[labels]), labels


def class_means(rows, labels):
    return np.stack([rows[labels == c].mean(axis=0) for c in range(labels.max() + 1)])


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("attract")])
def test_classes_move_as_in_published_code(name):
    case = CASES[name]
    features, labels = inputs(case).values()
    moved = attracted(features, labels, -case["params"]["alpha"], case["params"]["sigma"])
    expected = case["expected"]
    assert moved[:3, :8] == pytest.approx(np.array(expected["first_three_rows"]), rel=1e-9, abs=1e-9)
    assert np.abs(moved - features).mean() == pytest.approx(expected["mean_abs_displacement"], rel=1e-9)
    assert moved.sum(axis=0)[:5] == pytest.approx(np.array(expected["column_sums_head"]), rel=1e-9)


@pytest.mark.filterwarnings("ignore::tbench.api.ScoreWarning")
@pytest.mark.parametrize("name", ["sa_pca64", "sa_pca64_wide"])
@pytest.mark.parametrize("metric", sorted(SPECS))
def test_scores_are_those_of_published_code(name, metric):
    value = tbench.score(f"{SPECS[metric]}+spread-attract:as=authors", **inputs(CASES[name]))
    assert value == pytest.approx(CASES[name]["expected"][metric], rel=1e-3, abs=1e-4)


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("gate")])
def test_features_are_left_alone_where_published_code_leaves_them(name):
    given = inputs(CASES[name])
    unmoved = np.array_equal(called(spread_attract, {}, **given), given["features"])
    assert unmoved is not CASES[name]["expected"]["perturbs"]


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), alpha=st.floats(-0.5, 0.2), sigma=st.floats(0, 1))
def test_classes_move_as_bodies_and_their_mean_stays(seed, alpha, sigma):
    _, rows, labels = problem(seed)
    moved = attracted(rows, labels, alpha, sigma)
    shift = class_means(moved, labels) - class_means(rows, labels)
    assert moved - rows == pytest.approx(shift[labels], abs=1e-9)
    assert shift.sum(axis=0) == pytest.approx(0, abs=1e-9)


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), length=st.floats(0, 5))
def test_each_sample_goes_so_far_straight_away_from_its_class(seed, length):
    _, rows, labels = problem(seed)
    moved = spread_out(rows, labels, length)
    ways = rows - class_means(rows, labels)[labels]
    assert np.linalg.norm(moved - rows, axis=1) == pytest.approx(length, abs=1e-9)
    assert ((moved - rows) * ways).sum(axis=1) == pytest.approx(length * np.linalg.norm(ways, axis=1), rel=1e-9)


def test_two_far_classes_come_nearer_and_the_other_sign_parts_them():
    _, rows, labels = problem(0)
    pair = labels < 2
    rows, labels = rows[pair] + 500 * labels[pair, None], labels[pair]
    before = np.linalg.norm(np.subtract(*class_means(rows, labels)))
    assert np.linalg.norm(np.subtract(*class_means(attracted(rows, labels, 0.1, 0.6), labels))) < 0.85 * before
    assert np.linalg.norm(np.subtract(*class_means(attracted(rows, labels, -0.1, 0.6), labels))) > 1.15 * before


def test_the_paper_spreads_first_and_the_authors_code_does_not():
    _, rows, labels = problem(1)
    centred = rows - rows.mean(axis=0)
    found = called(spread_attract, {"alpha": 0.1}, features=rows, labels=labels)
    expected = attracted(spread_out(centred, labels, 1.0), labels, 0.1, 0.6)
    assert found @ found.T == pytest.approx(expected @ expected.T, abs=1e-7)
    authors = called(spread_attract, {**spread_attract.presets["authors"], "exact": True}, features=rows, labels=labels)
    expected = attracted(centred, labels, -0.005, 0.6)
    assert authors @ authors.T == pytest.approx(expected @ expected.T, abs=1e-7)


def test_samples_on_their_class_mean_and_classes_with_one_mean_have_no_way_to_go():
    rows = np.array([[30.0, 0], [30, 0], [-30, 0], [-30, 0], [-40, 0], [-20, 0]])
    labels = np.array([0, 0, 1, 1, 2, 2])
    assert (spread_out(rows, labels, 1.0) == rows + np.array([0, 0, 0, 0, -1, 1])[:, None] * [1, 0]).all()
    assert np.isfinite(attracted(rows, labels, 0.1, 0.6)).all()
    assert np.isfinite(called(spread_attract, {}, features=rows, labels=labels)).all()


def test_it_needs_classes_and_components():
    _, rows, labels = problem(0)
    with pytest.raises(Inapplicable, match="one class per sample"):
        called(spread_attract, {}, features=rows, labels=rows[:, :2])
    with pytest.raises(UsageError, match="spread-attract: dims must be at least 1, not 0"):
        called(spread_attract, {"dims": 0}, features=rows, labels=labels)
