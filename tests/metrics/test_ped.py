"""PED moves whole classes, as the authors' step by step simulation does, and in units of the reference set."""

from __future__ import annotations

import numpy as np
import pytest
from evidenced import called, evidence_of
from hypothesis import assume, settings
from hypothesis import given as drawn
from hypothesis import strategies as st

from tbench.api import Inapplicable, ScoreWarning
from tbench_metrics.ped import ped as transform

SEEDS = st.integers(0, 2**32 - 1)
QUIET = settings(max_examples=40)
WISHES = st.fixed_dictionaries(
    {}, optional={"nsigma": st.floats(0.1, 3), "dt": st.floats(0.01, 2), "exit": st.floats(0.01, 1.1)}
)


def problem(seed, spread=0.5):
    """Features (N, D), labels (N,) in which every class occurs, and reference features (M, D)."""
    rng = np.random.default_rng(seed)
    classes, dims = rng.integers(2, 6), rng.integers(2, 10)
    labels = rng.permutation(np.concatenate([np.arange(classes), rng.integers(classes, size=rng.integers(20, 60))]))
    features = spread * rng.normal(size=(classes, dims))[labels] + rng.normal(size=(len(labels), dims))
    return features, labels, rng.uniform(0.5, 2, size=dims) * rng.normal(size=(50, dims)) + rng.normal(size=dims)


def given(features, labels, reference, **settings):
    """All that the transform gives."""
    return called(transform, settings, features=features, labels=labels, reference_features=reference)


def ped(features, labels, reference, **settings):
    return given(features, labels, reference, **settings)["features"]


def class_means(features, labels):
    return np.stack([features[labels == c].mean(axis=0) for c in range(labels.max() + 1)])


def plain(features, labels, reference, nsigma=0.6, dt=0.1, exit=0.5):
    """The motion of every sample, one step and one pair of classes at a time."""
    origin, unit = reference.mean(axis=0), np.maximum(reference.std(axis=0), 1e-3)
    position, first = (features - origin) / unit, None
    for _ in range(6):
        groups = [position[labels == c] for c in range(labels.max() + 1)]
        step = np.zeros((len(groups), features.shape[1]))
        for i, one in enumerate(groups):
            for j, other in enumerate(groups):
                apart = one.mean(axis=0) - other.mean(axis=0)
                distance = np.linalg.norm(apart)
                if i == j or distance == 0:
                    continue
                reach = np.sqrt(one.var(axis=0).sum()) + np.sqrt(other.var(axis=0).sum())
                overlap = max(nsigma * reach - distance, 0)
                step[i] += min(dt**2 / 2 * overlap, overlap) * apart / distance
        first = np.abs(step).sum() if first is None else first
        if first == 0 or np.abs(step).sum() / first <= exit:
            break
        position = position + step[labels]
    return position * unit + origin


@QUIET
@drawn(seed=SEEDS, wish=WISHES)
def test_equals_the_step_by_step_simulation(seed, wish):
    features, labels, reference = problem(seed)
    assert ped(features, labels, reference, **wish) == pytest.approx(
        plain(features, labels, reference, **wish), abs=1e-8
    )


@QUIET
@drawn(seed=SEEDS)
def test_joint_translation_and_scaling_leave_the_motion_unchanged(seed):
    features, labels, reference = problem(seed)
    rng = np.random.default_rng(seed)
    scale, origin = rng.uniform(0.5, 9, size=features.shape[1]), rng.normal(size=features.shape[1])
    moved = ped(features, labels, reference, nsigma=2.0)
    scaled = ped(features * scale + origin, labels, reference * scale + origin, nsigma=2.0)
    assert (scaled - origin) / scale == pytest.approx(moved, abs=1e-9)


@QUIET
@drawn(seed=SEEDS)
def test_classes_move_as_bodies_and_their_pushes_cancel(seed):
    features, labels, reference = problem(seed)
    moved = ped(features, labels, reference, nsigma=2.0)
    shift = class_means(moved, labels) - class_means(features, labels)
    assert moved - features == pytest.approx(shift[labels], abs=1e-10)
    assert np.abs(shift).max() > 0
    assert shift.sum(axis=0) == pytest.approx(0, abs=1e-10)


@QUIET
@drawn(seed=SEEDS)
def test_order_and_names_do_not_matter(seed):
    features, labels, reference = problem(seed)
    rng = np.random.default_rng(seed)
    rows, names = rng.permutation(len(labels)), rng.permutation(labels.max() + 1)
    moved = ped(features, labels, reference, nsigma=2.0)
    assert ped(features[rows], names[labels[rows]], reference[::-1], nsigma=2.0) == pytest.approx(moved[rows], abs=1e-9)


@QUIET
@drawn(seed=SEEDS)
def test_two_overlapping_classes_end_further_apart(seed):
    features, labels, reference = problem(seed)
    pair = labels < 2
    features, labels = features[pair], labels[pair]
    assume(min(np.bincount(labels)) > 1)
    before = np.linalg.norm(np.subtract(*class_means(features / reference.std(axis=0), labels)))
    moved = ped(features, labels, reference, nsigma=9.0)
    assert np.linalg.norm(np.subtract(*class_means(moved / reference.std(axis=0), labels))) > before


@QUIET
@drawn(seed=SEEDS)
def test_the_moments_that_it_hands_out_are_those_of_the_moved_features(seed):
    features, labels, reference = problem(seed)
    for rows in (features, np.pad(features, ((0, 0), (0, 90)), mode="wrap")):  # N above and below D
        moved = given(rows, labels, np.pad(reference, ((0, 0), (0, rows.shape[1] - features.shape[1])), mode="wrap"))
        expected = evidence_of(features=moved["features"], labels=labels)["moments"]
        for name in ("mean", "class_means"):
            assert getattr(moved["groups"], name) == pytest.approx(getattr(expected, name), abs=1e-10)
        for name in ("total", "within"):
            of_moved, of_expected = getattr(moved["groups"], name), getattr(expected, name)
            vectors = np.random.default_rng(seed).normal(size=(rows.shape[1], 2))
            assert of_moved.times(vectors) == pytest.approx(of_expected.times(vectors), rel=1e-9, abs=1e-9)


@QUIET
@drawn(seed=SEEDS)
def test_a_stronger_spring_is_a_longer_step(seed):
    features, labels, reference = problem(seed)
    strong = ped(features, labels, reference, nsigma=2.0, constant=4.0)
    assert strong == pytest.approx(ped(features, labels, reference, nsigma=2.0, dt=0.2), abs=1e-9)


def test_separate_classes_stay_where_they_are():
    features, labels, reference = problem(1, spread=1000.0)
    assert (ped(features, labels, reference) == features).all()


def test_exit_stops_before_the_first_step_that_is_short_enough():
    features, labels, reference = problem(2)
    assert (ped(features, labels, reference, exit=1.0) == features).all()  # the first step is as long as itself
    short = ped(features, labels, reference, nsigma=2.0, dt=0.3, exit=0.9) - features
    long = ped(features, labels, reference, nsigma=2.0, dt=0.3, exit=0.01) - features
    assert 0 < np.abs(short).sum() < np.abs(long).sum()


def test_one_class_has_nobody_to_push():
    features, labels, reference = problem(3)
    assert (ped(features, np.zeros_like(labels), reference) == features).all()


def test_coincident_classes_do_not_push_each_other_but_others_do():
    features, _, reference = problem(4)
    labels = np.repeat([0, 1, 2], len(features))
    features = np.vstack([features, features, features + 0.1])
    moved = ped(features, labels, reference, nsigma=2.0)
    shift = class_means(moved, labels) - class_means(features, labels)
    assert shift[0] == pytest.approx(shift[1], abs=1e-12)
    assert np.abs(shift[2]).max() > 1e-3
    assert moved == pytest.approx(plain(features, labels, reference, nsigma=2.0), abs=1e-9)


def test_a_dead_reference_column_is_kept_with_a_warning():
    features, labels, reference = problem(5)
    dead = reference.copy()
    dead[:, 0] = 1.0
    with pytest.warns(ScoreWarning, match="1 hardly vary"):
        moved = ped(features, labels, dead, nsigma=2.0)
    assert moved == pytest.approx(plain(features, labels, dead, nsigma=2.0), abs=1e-9)


def test_needs_one_class_per_sample():
    features, labels, reference = problem(6)
    with pytest.raises(Inapplicable, match="one class per sample"):
        ped(features, np.stack([labels == 0, labels == 1], axis=1).astype(np.int8), reference)


def test_inputs_are_left_alone_and_float32_is_welcome():
    features, labels, reference = problem(7)
    before = features.copy()
    features.flags.writeable = labels.flags.writeable = reference.flags.writeable = False
    moved = ped(features, labels, reference)
    assert (features == before).all()
    single = ped(features.astype(np.float32), labels, reference.astype(np.float32))
    assert single.dtype == np.float64
    assert single == pytest.approx(moved, abs=1e-5)
    labels = np.append(labels, labels.max() + 1)  # a class of one sample
    assert np.isfinite(ped(np.vstack([features, features[:1]]), labels, reference)).all()
