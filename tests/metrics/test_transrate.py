"""TransRate is a difference of coding rates, each a plain log-determinant, in all of its forms."""

from __future__ import annotations

import numpy as np
import pytest
from evidenced import called
from hypothesis import given, settings
from hypothesis import strategies as st

from tbench.api import Inapplicable, UsageError
from tbench_metrics.transrate import transrate

SEEDS = st.integers(0, 2**32 - 1)
EPSILONS = st.sampled_from([1e-4, 1e-2, 1.0])
FORMS = ["listing", "unit", "projected"]
QUIET = settings(max_examples=40)


def score(features, labels, **settings):
    return called(transrate, settings, features=features, labels=labels)


def problem(seed, spread=1.0):
    """Features (N, D) around class means, N below or above D, and labels (N,) in which every class occurs."""
    rng = np.random.default_rng(seed)
    classes, dims = rng.integers(2, 6), rng.integers(2, 20)
    labels = rng.permutation(np.concatenate([np.arange(classes), rng.integers(classes, size=rng.integers(3, 60))]))
    means = spread * rng.normal(size=(classes, dims))
    return means[labels] + rng.normal(size=(len(labels), dims)) + rng.normal(size=dims), labels


def rate(rows, eps):
    return np.linalg.slogdet(np.eye(rows.shape[1]) + rows.T @ rows / (len(rows) * eps))[1] / 2


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def plain(rows, labels, eps, weights):
    """The definition, D x D throughout; rows are centred or not as they come."""
    return rate(rows, eps) - sum(weights[c] * rate(rows[labels == c], eps) for c in range(labels.max() + 1))


@QUIET
@given(seed=SEEDS, eps=EPSILONS)
def test_listing_equals_the_definition(seed, eps):
    features, labels = problem(seed)
    rows, counts = features - features.mean(axis=0), np.bincount(labels)
    equal = np.full(len(counts), 1 / len(counts))
    assert score(features, labels, eps=eps) == pytest.approx(plain(rows, labels, eps, equal), rel=1e-8, abs=1e-8)
    weighted = plain(rows / np.linalg.norm(rows), labels, eps, counts / len(labels))
    wish = {"scale": "frobenius", "weights": "counts", "eps": eps}
    assert score(features, labels, **wish) == pytest.approx(weighted, rel=1e-8, abs=1e-8)


@QUIET
@given(seed=SEEDS, eps=EPSILONS)
def test_unit_equals_the_definition(seed, eps):
    features, labels = problem(seed)
    rows = unit(features)
    rows = unit(rows - rows.mean(axis=0))
    expected = plain(rows, labels, eps, np.bincount(labels) / len(labels))
    bare = score(features, labels, form="unit", eps=eps, divide=None)
    assert bare == pytest.approx(expected, rel=1e-8, abs=1e-8)
    assert score(features, labels, form="unit", eps=eps, divide=None, normalize=False) == pytest.approx(bare)
    assert score(features, labels, form="unit", eps=eps, divide="dim") == pytest.approx(bare / features.shape[1])
    assert score(features, labels, form="unit", eps=eps) == pytest.approx(bare / np.linalg.matrix_rank(rows))


@QUIET
@given(seed=SEEDS, eps=EPSILONS)
def test_projected_equals_the_definition(seed, eps):
    features, labels = problem(seed)
    counts = np.bincount(labels)
    expected = np.stack([features[labels == c].mean(axis=0) for c in labels])
    steer = np.linalg.pinv(np.cov(features, rowvar=False, ddof=0), rcond=1e-11) @ np.cov(expected, rowvar=False, ddof=0)

    def spectrum(rows):
        rows = rows - rows.mean(axis=0)
        return np.linalg.svd(rows.T @ rows / len(rows) @ steer)[1]

    spectra = [spectrum(features), *(spectrum(features[labels == c]) for c in range(len(counts)))]
    for normalize in (True, False):
        distortion = eps * (spectra[0].sum() if normalize else 1)
        total, *within = (np.log(1 + values / distortion).sum() / 2 for values in spectra)
        bare = pytest.approx(total - counts @ within / len(labels), rel=1e-6, abs=1e-6)
        assert score(features, labels, form="projected", eps=eps, divide=None, normalize=normalize) == bare
    rank = np.linalg.matrix_rank(steer, tol=1e-9)
    value = score(features, labels, form="projected", eps=eps)
    assert value * rank == pytest.approx(score(features, labels, form="projected", eps=eps, divide=None))


@QUIET
@given(seed=SEEDS, form=st.sampled_from(FORMS))
def test_order_names_rotation_and_repetition_do_not_matter(seed, form):
    features, labels = problem(seed)
    rng = np.random.default_rng(seed)
    rows, names = rng.permutation(len(labels)), rng.permutation(labels.max() + 1)
    value = pytest.approx(score(features, labels, form=form), rel=1e-6, abs=1e-6)
    assert score(features[rows], names[labels[rows]], form=form) == value
    assert score(np.tile(features, (2, 1)), np.tile(labels, 2), form=form) == value
    rotation = np.linalg.qr(rng.normal(size=(features.shape[1],) * 2))[0]
    assert score(features @ rotation, labels, form=form) == value


@QUIET
@given(seed=SEEDS)
def test_each_form_ignores_what_it_ought_to(seed):
    features, labels = problem(seed)
    rng = np.random.default_rng(seed)
    close = {"rel": 1e-6, "abs": 1e-6}
    for form in ("listing", "projected"):
        moved = score(features + rng.normal(size=features.shape[1]), labels, form=form)
        assert moved == pytest.approx(score(features, labels, form=form), **close)
    for wish in ({"form": "unit"}, {"form": "projected"}, {"scale": "frobenius"}):
        assert score(7 * features, labels, **wish) == pytest.approx(score(features, labels, **wish), **close)
    lengths = rng.uniform(0.1, 9, size=(len(features), 1))
    value = score(features, labels, form="unit")
    assert score(features * lengths, labels, form="unit") == pytest.approx(value, **close)
    larger = score(features * np.sqrt(7), labels, eps=7e-4)  # scale and eps go together
    assert larger == pytest.approx(score(features, labels), **close)


def test_separated_classes_score_higher():
    rng = np.random.default_rng(0)
    labels = np.arange(200) % 4
    noise, means = rng.normal(size=(200, 8)), rng.normal(size=(4, 8))
    for wish in ({"form": "unit"}, {"form": "projected"}, {"scale": "frobenius", "weights": "counts"}):
        scores = [score(spread * means[labels] + noise, labels, **wish) for spread in (0.0, 1.0, 4.0)]
        assert scores == sorted(scores)
        assert len(set(scores)) == 3


def test_listing_divides_only_on_request():
    features, labels = problem(5)
    value = score(features, labels)
    assert score(features, labels, divide=None) == value
    assert score(features, labels, divide="dim") == pytest.approx(value / features.shape[1])
    rank = np.linalg.matrix_rank(features - features.mean(axis=0))
    assert score(features, labels, divide="rank") == pytest.approx(value / rank)
    assert score(features, labels, weights="classes") == value
    counted = score(features, labels, form="unit", weights="counts")
    assert counted == score(features, labels, form="unit") != score(features, labels, form="unit", weights="classes")


@pytest.mark.parametrize("form", FORMS)
def test_edges(form):
    features, labels = problem(2)
    value = score(features, labels, form=form)
    assert score(features.astype(np.float32), labels, form=form) == pytest.approx(value, rel=1e-3)
    assert np.isfinite(score(features, np.arange(len(labels)), form=form))  # each sample a class of its own
    padded = np.pad(features, ((0, 0), (0, 2)), constant_values=3.0)  # constant columns
    assert np.isfinite(score(padded, labels, form=form))
    features[0] = 0  # a row without direction
    assert np.isfinite(score(features, labels, form=form))
    with pytest.raises(Inapplicable, match="one class"):
        score(features, np.zeros_like(labels), form=form)
    with pytest.raises(Inapplicable, match="same for all"):
        score(np.full_like(features, 0.1), labels, form=form)


def test_forms_that_see_nothing_say_so():
    features, labels = problem(3)
    with pytest.raises(Inapplicable, match="point the same way"):
        score(np.abs(features[:, :1]) * np.array([0.1, 0.2, 0.3]), labels, form="unit")
    with pytest.raises(Inapplicable, match="class means are all the same"):
        score(np.tile(features, (2, 1)), np.repeat([0, 1], len(features)), form="projected")


def test_settings_that_do_not_fit_are_refused():
    features, labels = problem(4)
    for wish, told in (
        ({"form": "raw"}, "listing, unit, projected"),
        ({"divide": "trace"}, "published, rank, dim, none"),
        ({"scale": "l2"}, "frobenius, rms, none"),
        ({"weights": "equal"}, "published, counts, classes"),
        ({"scale": "frobenius", "form": "unit"}, "scale belongs to form=listing"),
        ({"normalize": False}, "normalize belongs to form=unit"),
        ({"eps": 0.0}, "positive"),
    ):
        with pytest.raises(UsageError, match=told):
            score(features, labels, **wish)


@pytest.mark.parametrize("form", FORMS)
def test_inputs_are_left_alone(form):
    features, labels = problem(6)
    features.flags.writeable = labels.flags.writeable = False
    assert isinstance(score(features, labels, form=form), float)
