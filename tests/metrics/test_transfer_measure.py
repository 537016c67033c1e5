"""The transfer measure is the largest gap between two losses in a ball of classifiers, found and not promised."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from evidenced import called
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime
from source_aware import oracle

import tbench
from tbench.api import EvidenceError, Inapplicable, SaturationWarning, UsageError
from tbench_metrics.transfer_measure import Ball, Domain, adam, ascent, has_settled, losses, transfer_measure

SEEDS = st.integers(0, 2**32 - 1)
QUIET = settings(max_examples=15, deadline=None)
unsettled = pytest.mark.filterwarnings("ignore::tbench.api.SaturationWarning")


def problem(seed, shift=0.5):
    """Two domains of the same classes, the target shifted, and a head."""
    rng = np.random.default_rng(seed)
    classes, columns = rng.integers(2, 5), rng.integers(2, 7)
    means = rng.normal(size=(classes, columns))
    labels, source_labels = (np.arange(size) % classes for size in rng.integers(10, 60, size=2))
    moved = means + shift * rng.normal(size=means.shape)
    return {
        "features": moved[labels] + rng.normal(size=(len(labels), columns)),
        "labels": labels,
        "source_features": means[source_labels] + rng.normal(size=(len(source_labels), columns)),
        "source_labels": source_labels,
        "head_weight": means + 0.1 * rng.normal(size=means.shape),
        "head_bias": 0.1 * rng.normal(size=classes),
    }


def found(evidence, **settings):
    return called(transfer_measure, settings, **evidence)


def published_problem():
    arrays, document = oracle("transfer_measure_a")
    domains = [Domain.of(arrays[f"x{side}"], arrays[f"y{side}"]) for side in range(3)]
    ball = Ball(np.hstack([arrays["weight"], arrays["bias"][:, None]]), document["settings"]["delta"])
    return arrays, domains, ball, document


def test_losses_and_projection_agree_with_the_authors_code():
    arrays, domains, ball, document = published_problem()
    expected, near = document["expected"], document["tolerance"]
    near = {"rel": near["rtol"], "abs": near["atol"]}
    values = losses(domains, ball.centre)
    assert values == pytest.approx(expected["losses_at_classifier"], **near)
    assert max(values) - min(values) == pytest.approx(expected["gap_at_classifier"], **near)
    far = np.hstack([arrays["far_weight"], arrays["far_bias"][:, None]])
    assert np.linalg.norm(far - ball.centre) == pytest.approx(expected["distance_far_classifier"], **near)
    projected = ball.nearest(far)
    assert projected[:, :-1] == pytest.approx(np.array(expected["projected_weight"]), **near)
    assert projected[:, -1] == pytest.approx(np.array(expected["projected_bias"]), **near)
    assert ball.nearest(projected) == pytest.approx(projected, rel=1e-12)
    assert (ball.nearest(ball.centre) == ball.centre).all()


def test_adam_agrees_with_the_authors_code_epoch_by_epoch():
    _, domains, ball, document = published_problem()
    settings, near = document["settings"], document["tolerance"]
    near = {"rel": near["rtol"], "abs": near["atol"]}
    every = settings["steps_per_epoch"]
    trail = islice(adam(domains, ball, ball.centre, settings["lr"]), every - 1, every * settings["epochs"], every)
    for classifier, epoch in zip(trail, document["expected"]["ascent"], strict=True):
        assert losses(domains, classifier) == pytest.approx(epoch["losses"], **near)
        assert np.linalg.norm(classifier - ball.centre) == pytest.approx(epoch["distance"], **near)
        hits = [((domain.rows @ classifier.T).argmax(axis=1) == domain.labels).mean() for domain in domains]
        assert hits == pytest.approx(epoch["accuracies"], **near)


def test_ascent_reaches_what_long_searches_found():
    _, domains, ball, document = published_problem()
    known = document["derived"]["best_gap_found_by_long_ascent_with_restarts"]
    ends = [ascent(low, high, ball, ball.centre, 200) for low in domains for high in domains if low is not high]
    best = max(max(values) - min(values) for values in (losses(domains, end) for end in ends))
    assert best >= 0.98 * known
    assert all(np.linalg.norm(end - ball.centre) <= ball.radius + 1e-12 for end in ends)


@unsettled
def test_the_published_search_is_that_of_two_domains_and_ends_below():
    arrays, domains, ball, _ = published_problem()
    evidence = {
        "features": arrays["x2"],
        "labels": arrays["y2"],
        "source_features": arrays["x0"],
        "source_labels": arrays["y0"],
        "head_weight": arrays["weight"],
        "head_bias": arrays["bias"],
    }
    (end,) = islice(adam([domains[0], domains[2]], ball, ball.centre, 0.01), 19, 20)
    source, target = losses([domains[0], domains[2]], end)
    value = tbench.score("transfer-measure:search=adam,starts=1,steps=20,standardise=false,lr=0.01", **evidence)
    assert value == pytest.approx(source - target)
    assert tbench.score("transfer-measure:standardise=false", **evidence) < 1.5 * value
    preset = tbench.score("transfer-measure:as=authors", **evidence)
    assert preset == tbench.score("transfer-measure:search=adam,starts=1,steps=20,standardise=false", **evidence)
    assert preset > value


@QUIET
@given(seed=SEEDS)
def test_gradients_are_those_of_the_loss(seed):
    evidence = problem(seed)
    domain = Domain.of(evidence["features"], evidence["labels"])
    head = np.hstack([evidence["head_weight"], evidence["head_bias"][:, None]])
    value, gradient = domain.loss_and_gradient(head)
    assert value == domain.loss(head)
    numeric = approx_fprime(head.ravel(), lambda flat: domain.loss(flat.reshape(head.shape)), 1e-7)
    assert gradient.ravel() == pytest.approx(numeric, abs=1e-5)


def both(evidence):
    """Source and target, and the ball round the head."""
    domains = [Domain.of(evidence[f"{side}features"], evidence[f"{side}labels"]) for side in ("source_", "")]
    return domains, Ball(np.hstack([evidence["head_weight"], evidence["head_bias"][:, None]]), 2.0)


def gaps(domains, classifiers):
    return [target - source for source, target in (losses(domains, classifier) for classifier in classifiers)]


@QUIET
@given(seed=SEEDS)
@unsettled
def test_ends_above_all_its_starts_and_swapping_sides_swaps_the_terms(seed):
    evidence = problem(seed)
    score = found(evidence, standardise=False)
    domains, ball = both(evidence)
    starts = gaps(domains, ball.starts(3, 0))
    assert score.terms["target above source"] >= max(starts)
    assert score.terms["source above target"] >= -min(starts)
    assert score.value == -max(score.terms["target above source"], score.terms["source above target"])
    assert score.terms["gap of the head"] == pytest.approx(starts[0])
    swapped = evidence | {
        f"{to}{what}": evidence[f"{of}{what}"]
        for of, to in (("", "source_"), ("source_", ""))
        for what in ("features", "labels")
    }
    other = found(swapped, standardise=False)
    assert other.value == pytest.approx(score.value)
    assert other.terms["target above source"] == pytest.approx(score.terms["source above target"])


@pytest.mark.parametrize("seed", range(10))
@unsettled
def test_neither_chance_nor_another_search_finds_more(seed):
    evidence = problem(seed)
    score = found(evidence, standardise=False, starts=10, steps=1000)
    domains, ball = both(evidence)
    (end,) = islice(adam(domains, ball, ball.centre, 0.05), 199, 200)
    tried = gaps(domains, [*ball.starts(300, seed), end])
    assert score.terms["target above source"] >= max(tried) - 1e-3
    assert score.terms["source above target"] >= -min(tried) - 1e-3
    assert found(evidence, delta=4.0).value < found(evidence, delta=1.0).value < 0


@unsettled
def test_standardised_by_the_source_units_and_offsets_do_not_matter():
    evidence = problem(7)
    rng = np.random.default_rng(7)
    units, offset = rng.uniform(0.1, 10, size=evidence["features"].shape[1]), 5.0
    moved = evidence | {
        "features": evidence["features"] * units + offset,
        "source_features": evidence["source_features"] * units + offset,
        "head_weight": evidence["head_weight"] / units,
        "head_bias": evidence["head_bias"] - (evidence["head_weight"] / units).sum(axis=1) * offset,
    }
    value = found(evidence).value
    assert found(moved).value == pytest.approx(value, rel=1e-3)
    assert abs(found(moved, standardise=False).value - value) > 0.05 * abs(value)


def test_a_domain_has_no_gap_to_itself():
    evidence = problem(8)
    same = evidence | {name: evidence[f"source_{name}"] for name in ("features", "labels")}
    score = found(same)
    assert score.value == pytest.approx(0, abs=1e-9)
    assert score.terms["settled"] == 1


def test_a_search_that_has_not_settled_is_told_and_a_settled_one_is_stationary():
    evidence = problem(9)
    with pytest.warns(SaturationWarning, match="not settled after 1 steps"):
        assert found(evidence, steps=1).terms["settled"] == 0
    assert found(evidence, steps=2000).terms["settled"] == 1
    domains, ball = both(evidence)
    end = ascent(*domains, ball, ball.centre, 2000)
    assert has_settled(domains, ball, end)
    assert not has_settled(domains, ball, ball.centre)


@unsettled
def test_the_seed_decides_where_further_starts_are():
    evidence = problem(10)
    given = {"search": "adam", "starts": 4, "steps": 3}
    once, again, other = (called(transfer_measure, given, seed=seed, **evidence) for seed in (1, 1, 2))
    assert once == again
    assert once.terms != other.terms
    assert transfer_measure.spares({"starts": 1}) == ["seed"]
    assert transfer_measure.spares({"starts": 2}) == []
    ball = Ball(evidence["head_weight"], 2.0)
    assert all(np.linalg.norm(start - ball.centre) <= 2 for start in ball.starts(50, 0))


@unsettled
def test_edges():
    evidence = problem(11)
    padded = {
        name: np.pad(evidence[name], ((0, 0), (0, 1)), constant_values=3.0)
        for name in evidence
        if evidence[name].ndim == 2
    }
    assert np.isfinite(found(evidence | padded).value)
    one_class = evidence | {"labels": 0 * evidence["labels"], "source_labels": 0 * evidence["source_labels"]}
    head = {"head_weight": evidence["head_weight"][:1], "head_bias": evidence["head_bias"][:1]}
    assert found(one_class | head).value == 0
    with pytest.raises(Inapplicable, match="must share the head's classes"):
        found(one_class)
    with pytest.raises(EvidenceError, match="give one bias per class"):
        found(evidence | {"head_bias": np.zeros(9)})
    with pytest.raises(EvidenceError, match="different numbers of columns"):
        found(evidence | {"head_weight": np.ones((3, 9))})
    with pytest.raises(Inapplicable, match="one class per sample"):
        found(evidence | {"source_labels": evidence["source_labels"] + 0.5})
    for wrong, told in (
        ({"search": "sgd"}, "ascent or adam"),
        ({"delta": 0.0}, "delta and lr must be above 0"),
        ({"lr": -1.0}, "delta and lr must be above 0"),
        ({"starts": 0}, "starts and steps must be at least 1"),
        ({"steps": 0}, "starts and steps must be at least 1"),
    ):
        with pytest.raises(UsageError, match=told):
            found(evidence, **wrong)
    bad = evidence["head_weight"].copy()
    bad[1, 0] = np.nan
    with pytest.raises(EvidenceError, match="head_weight: 1 values are NaN or infinite, the first in row 1"):
        found(evidence | {"head_weight": bad})
