"""TTA: an upper bound of what a linear head of the source loses on the target, term by term."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import torch
from evidenced import called
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.metrics.pairwise import euclidean_distances
from torch.nn.functional import cross_entropy, softmax

import tbench
from tbench.api import EvidenceError, Inapplicable, SaturationWarning, UsageError
from tbench.evidence.transport import Transport
from tbench_metrics import tta as package
from tbench_metrics.tta import head, transfer, tta
from tbench_metrics.tta.descent import Descent
from tbench_metrics.tta.head import Head
from tbench_metrics.tta.transfer import Task, Transfer

ORACLES = Path(__file__).parent / "oracles" / "source_aware"
SEEDS = st.integers(0, 2**32 - 1)
QUIET = settings(max_examples=15)
TRANSPORT = Transport(0)


def oracle(name):
    with np.load(ORACLES / f"{name}.npz") as arrays:
        given = {key: array.astype(np.float64) if array.dtype.kind == "f" else array for key, array in arrays.items()}
    return json.loads((ORACLES / f"{name}.json").read_text()), given


def problem(seed, samples=60, sources=72, source_classes=3, columns=5):
    """A target of 3 classes, balanced, and a source of as many or more that lie where they do."""
    rng = np.random.default_rng(seed)
    means = 2 * rng.normal(size=(max(3, source_classes), columns))
    labels, source_labels = np.arange(samples) % 3, np.arange(sources) % source_classes
    return {
        "features": means[labels] + rng.normal(size=(samples, columns)),
        "labels": labels,
        "source_features": means[source_labels] + rng.normal(size=(sources, columns)),
        "source_labels": source_labels,
    }


def sides(given):
    return Task.of(given["source_features"], given["source_labels"]), Task.of(given["features"], given["labels"])


def start(given, oracled):
    """The descent of a step oracle, and the rows and labels that it takes each time."""
    labels, points = given["source_labels"], oracled["settings"]["per_class_source_points"]
    losses = Head(given["classifier_weight"].T, given["classifier_bias"]).losses(given["source_features"], labels)
    of_classes = np.array([losses[labels == c][:points].mean() for c in range(labels.max() + 1)])
    place = {
        "forward": given["A"],
        "backward": given["A_bar"],
        "offset": given["b"][:, 0],
        "label_logits": given["B_logits"],
        "prior_logits": given["D_logits"],
    }
    return (
        Descent(
            place,
            of_classes,
            given["prior_target"],
            TRANSPORT,
            oracled["settings"]["label_weight_in_cost"],
            squared=False,
        ),
        (given["source_features"], labels, given["target_features"], given["target_labels"]),
    )


@pytest.mark.parametrize("name", ["tta_step_a", "tta_step_b"])
def test_the_descent_takes_the_published_steps(name):
    oracled, given = oracle(name)
    place, batch = start(given, oracled)
    expected = oracled["expected"]
    terms = [place.advance(*batch)]
    for term, value in expected["first_step_terms"].items():
        assert terms[0][term.removesuffix("_term")] == pytest.approx(value, rel=2e-5)
    names = {"A": "forward", "A_bar": "backward", "b": "offset", "B_logits": "label_logits", "D_logits": "prior_logits"}
    for array, values in expected["after_first_step"].items():
        np.testing.assert_allclose(place.place[names[array]], np.squeeze(values), atol=1e-6)
    terms += [place.advance(*batch) for _ in range(1, oracled["settings"]["steps"])]
    for term, values in expected["trajectory_terms"].items():
        assert [step[term.removesuffix("_term")] for step in terms] == pytest.approx(values, rel=2e-5)


class Stored:
    """Draws that were made before."""

    def __init__(self, values):
        self.values = values

    def integers(self, high, size):
        assert self.values.max() < high
        assert len(self.values) == size
        return self.values


@pytest.mark.parametrize("name", ["tta_terms_a", "tta_terms_fixedall"])
def test_terms_at_given_maps_agree_with_published_code(name):
    oracled, given = oracle(name)
    source = Task(given["source_features"], given["source_labels"])
    target = Task(given["target_features"], given["target_labels"])
    maps = Transfer(given["A"], given["A_bar"], given["b"][:, 0], given["B"], given["D"])
    own = Head(given["classifier_weight"].T, given["classifier_bias"])
    terms = package._terms(own, maps, source, target, TRANSPORT, Stored(given["random_labels"]), True)
    expected = oracled["expected"]
    near = {"rel": oracled["tolerance"]["rtol"], "abs": oracled["tolerance"]["atol"]}
    for term, theirs in {
        "conditional_entropy": "conditional_entropy",
        "prior_matching": "prior_matching",
        "weighted_source_loss": "weighted_source_loss",
        "gradient_norm": "gradient_norm_bound",
        "source_loss": "source_loss_through_transforms",
        "target_loss": "target_loss_through_transforms",
        "bound": "bound_with_wasserstein_rounded_to_3_digits_as_published",
    }.items():
        assert terms[term] == pytest.approx(expected[theirs], **near), term
    assert terms["target_accuracy"] == expected["target_accuracy_percent"] / 100
    assert maps.distance(source, target, TRANSPORT) == pytest.approx(expected["wasserstein_same_labels"], **near)
    assert terms["wasserstein"] == round(expected["wasserstein_same_labels"], 3)
    unrounded = expected["weighted_source_loss"] + expected["conditional_entropy"]
    unrounded += terms["gradient_norm"] * maps.distance(source, target, TRANSPORT)
    assert unrounded == pytest.approx(expected["bound"], **near)


def test_the_gradient_norm_agrees_with_published_code_and_with_the_maximum_over_labels():
    oracled, given = oracle("tta_gradient_norm_a")
    own = Head(given["classifier_weight"], given["classifier_bias"])
    points = np.concatenate([given["source_points"], given["target_points"]])
    norm = own.gradient_norm(points, given["B"], np.eye(6))
    assert norm == pytest.approx(oracled["derived"]["maximum_over_every_label"], rel=1e-9)
    assert norm == pytest.approx(oracled["expected"]["gradient_norm_bound"], rel=oracled["tolerance"]["rtol"])


@QUIET
@given(seed=SEEDS)
def test_gradient_norms_are_those_of_autograd(seed):
    rng = np.random.default_rng(seed)
    own = Head(rng.normal(size=(4, 5)), rng.normal(size=4))
    rows, back, shares = rng.normal(size=(7, 5)), rng.normal(size=(5, 5)), rng.dirichlet(np.ones(3), size=4).T
    weight, bias, label_map = (torch.tensor(array) for array in (own.weight, own.bias, shares))
    longest = 0.0
    for label in range(3):
        there = torch.tensor(np.linalg.solve(back, rows.T).T, requires_grad=True)  # z, of which x is A' z
        said = softmax(there @ torch.tensor(back.T) @ weight.T + bias, dim=1) @ label_map.T
        (slope,) = torch.autograd.grad(-said[:, label].log().sum(), there)
        longest = max(longest, float(slope.norm(dim=1).max()))
    assert own.gradient_norm(rows, shares, back) == pytest.approx(longest, rel=1e-6)
    labels, others = rng.integers(4, size=(2, 7))
    inputs = torch.tensor(rows, requires_grad=True)
    logits = inputs @ weight.T + bias
    loss = sum(cross_entropy(logits, torch.tensor(some), reduction="sum") for some in (labels, others))
    (slope,) = torch.autograd.grad(loss, inputs)
    assert own.published_gradient_norm(rows, labels, others) == pytest.approx(float(slope.norm(dim=1).max()), rel=1e-9)


def test_a_certain_head_has_the_gradient_of_the_classes_it_takes_for_each_other():
    own = Head(1e3 * np.eye(2), np.zeros(2))
    norm = own.gradient_norm(np.array([[10.0, 0.0]]), np.eye(2), np.eye(2))
    assert norm == pytest.approx(1e3 * np.sqrt(2))


@QUIET
@given(seed=SEEDS)
def test_slopes_of_the_descent_are_those_of_its_loss(seed):
    rng = np.random.default_rng(seed)
    batch = (rng.normal(size=(12, 3)), np.arange(12) % 4, rng.normal(size=(9, 3)), np.arange(9) % 2)
    place = {
        "forward": rng.normal(size=(3, 3)),
        "backward": rng.normal(size=(3, 3)),
        "offset": rng.normal(size=3),
        "label_logits": rng.normal(size=(2, 4)),
        "prior_logits": rng.normal(size=4),
    }
    made = Descent(place, rng.uniform(size=4), np.array([0.4, 0.6]), TRANSPORT, 1.7, squared=True)
    _, slopes = made._loss(*batch)
    for name, array in place.items():
        way, step = rng.normal(size=array.shape), 1e-6
        ends = []
        for sign in (1, -1):
            made.place[name] = array + sign * step * way
            ends.append(made._loss(*batch)[0]["loss"])
        made.place[name] = array
        assert (ends[0] - ends[1]) / (2 * step) == pytest.approx((slopes[name] * way).sum(), rel=1e-3, abs=1e-3)


@QUIET
@given(seed=SEEDS)
def test_the_head_keeps_to_the_ceiling_and_a_higher_one_costs_less(seed):
    source, _ = sides(problem(seed))
    fits = [Head.fitted(source.rows, source.labels, ceiling) for ceiling in (0.05, 0.2, 1.0)]
    losses = [fit.losses(source.rows, source.labels).mean() for fit in fits]
    assert np.log(3) > losses[0] > losses[1] > losses[2]
    for fit, ceiling in zip(fits, (0.05, 0.2, 1.0), strict=True):
        assert fit.gradient_norm(source.rows, np.eye(3), np.eye(5)) <= ceiling + 0.05


@pytest.mark.parametrize("ceiling", [0.02, 0.2, 2.0])
def test_the_head_is_the_optimum_of_loss_and_penalty(ceiling):
    source, _ = sides(problem(0))
    rows, labels = torch.tensor(source.rows), torch.tensor(source.labels)

    def objective(weight, bias):
        inputs = rows.clone().requires_grad_()
        logits = inputs @ torch.tensor(weight).T + torch.tensor(bias)
        excess = []
        for label in range(3):
            loss = cross_entropy(logits, torch.full_like(labels, label), reduction="sum")
            (slope,) = torch.autograd.grad(loss, inputs, retain_graph=True)
            excess.append((slope.norm(dim=1) - ceiling).clamp(min=0) ** 2)
        return float(cross_entropy(logits, labels).detach() + 1e4 * torch.stack(excess).mean().detach())

    fit = Head.fitted(source.rows, source.labels, ceiling)
    assert fit.converged
    best = objective(fit.weight, fit.bias)
    rng = np.random.default_rng(0)
    for size in (1e-3, 1e-2, 1e-1):
        for _ in range(10):
            weight = fit.weight * (1 + size * rng.normal()) + size * ceiling * rng.normal(size=(3, 5))
            assert objective(weight, fit.bias + size * rng.normal(size=3)) > best - 1e-6


@pytest.mark.filterwarnings("ignore::tbench.api.SaturationWarning")
@QUIET
@given(seed=SEEDS, form=st.sampled_from(["fixed", "learned-a"]))
def test_the_bound_is_not_below_the_loss_of_a_head_that_is_tuned_on_the_target(seed, form):
    given = problem(seed)
    score = called(tta, {"form": form}, **given)
    rows, labels = sides(given)[1].rows, given["labels"]
    tuned = LogisticRegression(C=100, max_iter=1000).fit(rows, labels)
    assert score.terms["bound"] == -score.value >= log_loss(labels, tuned.predict_proba(rows))
    assert score.terms["bound"] == pytest.approx(
        score.terms["weighted_source_loss"]
        + score.terms["conditional_entropy"]
        + score.terms["gradient_norm"] * score.terms["wasserstein"]
    )
    assert score.terms["conditional_entropy"] == 0


@QUIET
@given(seed=SEEDS)
def test_with_equal_shares_the_distance_is_that_of_all_at_once(seed):
    given = problem(seed)
    source, target = sides(given)
    same = Transfer.fixed(5, source.prior)
    cost = euclidean_distances(source.rows, target.rows)
    apart = source.labels[:, None] != target.labels
    at_once = (TRANSPORT.coupling(cost + 1e4 * apart).mass * cost).sum()
    assert same.distance(source, target, TRANSPORT) == pytest.approx(at_once, rel=1e-7)


@pytest.mark.parametrize("form", ["fixed", "learned-a"])
def test_a_target_that_is_its_own_source_costs_what_the_source_does(form):
    given = problem(0)
    same = given | {"source_features": given["features"], "source_labels": given["labels"]}
    terms = called(tta, {"form": form}, **same).terms
    assert terms["wasserstein"] == pytest.approx(0, abs=1e-6)
    assert terms["bound"] == pytest.approx(terms["target_loss"], abs=1e-6)
    assert [terms["prior_matching"], terms["invertibility"]] == pytest.approx([0, 0], abs=1e-9)
    assert terms["source_loss"] == pytest.approx(terms["weighted_source_loss"])
    assert terms["converged"] == 1


@QUIET
@given(seed=SEEDS)
def test_order_names_offsets_and_units_of_either_side_do_not_matter(seed):
    given = problem(seed, source_classes=4)
    rng = np.random.default_rng(seed)
    rows, others = rng.permutation(60), rng.permutation(72)
    moved = {
        "features": given["features"][rows] * rng.uniform(0.5, 2, size=5) + 100,
        "labels": rng.permutation(3)[given["labels"][rows]],
        "source_features": given["source_features"][others] * rng.uniform(0.5, 2, size=5) - 50,
        "source_labels": rng.permutation(4)[given["source_labels"][others]],
    }
    assert tbench.score("tta", **moved) == pytest.approx(tbench.score("tta", **given), rel=1e-5)


def test_a_source_further_from_the_target_has_a_higher_bound():
    given = problem(1)
    rng = np.random.default_rng(1)
    values = []
    for noise in (0.0, 1.0, 30.0):
        blurred = given["features"] + noise * rng.normal(size=(60, 5))
        values.append(tbench.score("tta", **given | {"source_features": blurred, "source_labels": given["labels"]}))
    assert values == sorted(values, reverse=True)
    assert len(set(values)) == 3


def test_source_classes_are_matched_by_their_names_or_means():
    given = problem(2, source_classes=3)
    names = np.array([2, 0, 1])
    renamed, target = sides(given | {"source_labels": names[given["source_labels"]]})
    assert transfer.matched(renamed, target).tolist() == names.tolist()
    source, target = sides(problem(2, source_classes=6, sources=120))
    cost = euclidean_distances(target.means, source.means, squared=True)
    least = min(cost[range(3), classes].sum() for classes in permutations(range(6), 3))
    assert cost[range(3), transfer.matched(source, target)].sum() == pytest.approx(least)


def test_of_more_source_classes_the_matched_are_kept():
    given = problem(2, source_classes=6, sources=123)
    source, _ = sides(given)
    kept = source.only(np.array([4, 0, 2]))
    for new, old in enumerate([4, 0, 2]):
        raw = given["source_features"][np.isin(given["source_labels"], [0, 2, 4])]
        spread = (raw - raw.mean(axis=0)) / raw.std(axis=0)
        wanted = spread[given["source_labels"][np.isin(given["source_labels"], [0, 2, 4])] == old]
        np.testing.assert_allclose(kept.rows[kept.labels == new], wanted, atol=1e-9)
    chance = [tbench.score("tta:matching=random", **given, seed=seed) for seed in (0, 0, 1)]
    assert chance[0] == chance[1] != chance[2]


@QUIET
@given(seed=SEEDS)
def test_learning_the_affine_map_never_raises_its_objective(seed):
    given = problem(seed)
    source, target = sides(given)
    start = Transfer.fixed(5, source.prior)
    end, settled = transfer.aligned(start, source, target, TRANSPORT, 1.0)

    def objective(maps):
        rows, spent = maps.sent(source.rows), 0.0
        for c in range(3):
            spent += TRANSPORT.cheapest(
                euclidean_distances(rows[source.labels == c], target.rows[target.labels == c], squared=True)
            )
        return spent / 3 + ((maps.forward - np.eye(5)) ** 2).sum()

    assert settled
    assert objective(end) <= objective(start) * (1 + 1e-9)
    assert end.invertibility == pytest.approx(0, abs=1e-9)
    held, _ = transfer.aligned(start, source, target, TRANSPORT, 1e9)
    np.testing.assert_allclose(held.forward, np.eye(5), atol=1e-6)


def test_what_did_not_converge_is_told(monkeypatch):
    monkeypatch.setattr(head, "ROUNDS", 1)
    with pytest.warns(SaturationWarning, match="tta: its head did not converge"):
        assert called(tta, {}, **problem(3)).terms["converged"] == 0
    monkeypatch.undo()
    monkeypatch.setattr(transfer, "ROUNDS", 1)
    with pytest.warns(SaturationWarning, match="tta: form=learned-a did not converge"):
        assert called(tta, {"form": "learned-a"}, **problem(3)).terms["converged"] == 0
    monkeypatch.setattr(package, "STEPS", 10)
    monkeypatch.setattr(package, "SETTLED", 1e-9)
    with pytest.warns(SaturationWarning, match="tta: form=learned-all did not converge"):
        assert called(tta, {"form": "learned-all"}, **problem(3)).terms["converged"] == 0


def test_learning_everything_lowers_the_loss_and_follows_the_seed():
    given = problem(4, source_classes=4, columns=3)
    runs = [called(tta, {"form": "learned-all"}, **given, seed=seed) for seed in (0, 0, 1)]
    assert runs[0] == runs[1] != runs[2]
    assert all(run.terms["converged"] == 1 for run in runs)
    for run in runs:
        assert run.terms["target_accuracy"] > 0.8
        assert run.terms["prior_matching"] < 0.01
        assert run.terms["invertibility"] < 0.1
        assert 0 < run.terms["conditional_entropy"] < np.log(3)


@pytest.mark.filterwarnings("ignore:tta. form=learned-all did not converge")
def test_the_published_scheme_has_a_name_and_its_own_limits(monkeypatch):
    monkeypatch.setattr(package, "PUBLISHED_STEPS", 40)
    given = problem(5)
    score = called(tta, {"form": "learned-all", "published": True}, **given)
    assert tbench.score("tta:as=authors", **given) == score.value
    assert score.terms["wasserstein"] == round(score.terms["wasserstein"], 3)
    with pytest.raises(Inapplicable, match="as many source classes"):
        tbench.score("tta:as=authors", **problem(5, source_classes=4))


def test_a_target_class_without_a_source_class_is_told():
    source, target = sides(problem(6))
    lost = Transfer(np.eye(5), np.eye(5), np.zeros(5), np.array([[1.0, 1, 0], [0, 0, 1], [0, 0, 0]]), source.prior)
    with pytest.raises(Inapplicable, match="no source class is mapped"):
        lost.distance(source, target, TRANSPORT)


def test_batches_have_the_shares_of_the_prior(monkeypatch):
    monkeypatch.setattr(package, "BATCH", 10)
    _, target = sides(problem(7))
    rows = package._drawn(target, np.array([0.55, 0.45, 0.0]), np.random.default_rng(0))
    assert np.bincount(target.labels[rows], minlength=3).tolist() in ([6, 4, 0], [5, 5, 0])
    assert len(set(rows.tolist())) == 10
    few = package._drawn(target, np.array([0.3, 0.3, 0.4]), np.random.default_rng(0))
    assert np.bincount(target.labels[few]).tolist() == [3, 3, 4]


def test_wrong_words_and_evidence_are_told():
    given = problem(8)
    for setting in (
        "form=learned",
        "matching=best",
        "gradient_norm_ceiling=0",
        "ridge=0",
        "samples=0",
        "published=true",
    ):
        with pytest.raises(UsageError, match="tta: "):
            tbench.score(f"tta:{setting}", **given)
    with pytest.raises(EvidenceError, match="5 columns and source_features 4"):
        tbench.score("tta", **given | {"source_features": given["source_features"][:, :4]})
    with pytest.raises(Inapplicable, match="one class per sample"):
        tbench.score("tta", **given | {"labels": given["features"]})
    with pytest.raises(Inapplicable, match="2 source classes are too few for 3 target classes"):
        tbench.score("tta", **given | {"source_labels": given["source_labels"] % 2})


def test_edges():
    given = problem(9)
    with pytest.raises(Inapplicable, match="one class"):
        tbench.score("tta", **given | {"labels": np.zeros(60, int)})
    with pytest.raises(Inapplicable, match="same for all samples"):
        tbench.score("tta", **given | {"features": np.full((60, 5), 0.5)})
    alone = given | {"labels": np.where(np.arange(60) == 0, 2, given["labels"] % 2)}
    assert np.isfinite(tbench.score("tta", **alone))
    wide = {name: np.pad(array, ((0, 0), (0, 90))) if array.ndim == 2 else array for name, array in given.items()}
    value = tbench.score("tta:form=learned-a", **wide)
    assert value == pytest.approx(tbench.score("tta:form=learned-a", **given), rel=1e-3)
    thinned = [tbench.score("tta:samples=30", **given, seed=seed) for seed in (0, 0, 1)]
    assert thinned[0] == thinned[1] != thinned[2]


def test_inputs_are_left_alone():
    given = problem(10)
    for array in given.values():
        array.flags.writeable = False
    before = {name: array.copy() for name, array in given.items()}
    for form in ("fixed", "learned-a"):
        assert np.isfinite(tbench.score(f"tta:form={form}", **given))
    assert all((given[name] == before[name]).all() for name in given)
