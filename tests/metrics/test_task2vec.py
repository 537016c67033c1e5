"""Task2Vec: the published code's distances, what each does not mind, and what a dead unit does."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tbench
from tbench.api import EvidenceError, Inapplicable, UsageError
from tbench_metrics.task2vec import DISTANCES, distances, task2vec

ORACLES = Path(__file__).parent / "oracles" / "source_aware"
SEEDS = st.integers(0, 2**32 - 1)
QUIET = settings(max_examples=30)
SYMMETRIC = sorted(set(DISTANCES) - {"asymmetric_kl", "asymmetric_cosine"})


def oracle(name):
    told = json.loads((ORACLES / f"{name}.json").read_text())
    with np.load(ORACLES / f"{name}.npz") as file:
        return told, file["fisher"], file["scale"]


def tasks(seed):
    rng = np.random.default_rng(seed)
    size = rng.integers(3, 30)
    return np.exp(rng.normal(size=(2, size)))


@pytest.mark.parametrize("name", ["task2vec_distance_a", "task2vec_distance_b"])
def test_published_distances_of_every_pair(name):
    told, fishers, scales = oracle(name)
    near = {"rel": told["tolerance"]["rtol"], "abs": told["tolerance"]["atol"]}
    pairwise = dict(told["expected"]["pairwise"])
    pairwise["asymmetric_cosine"] = told["derived"]["asymmetric_alpha_0.15_row_to_column"]
    assert set(pairwise) == set(DISTANCES)
    for i in range(len(fishers)):
        for j in range(len(fishers)):
            found = distances(fishers[i], fishers[j], scales[i], scales[j], told["settings"]["alpha"])
            expected = {kind: table[i][j] for kind, table in pairwise.items()}
            mirrored = expected.pop("entropy")  # published in one direction; the 1e-8 in shares tells the two apart
            assert found.pop("entropy") == pytest.approx(mirrored, **(near if i < j else {"rel": 1e-6, "abs": 1e-7}))
            assert found == pytest.approx(expected, **near)
    cross = told["expected"]["cross_first_two_to_rest"]
    for i in range(2):
        for j in range(2, len(fishers)):
            found = distances(fishers[i], fishers[j], scales[i], scales[j])
            assert {kind: found[kind] for kind in cross} == pytest.approx(
                {kind: table[i][j - 2] for kind, table in cross.items()}, **near
            )


@pytest.mark.parametrize("name", ["task2vec_distance_a", "task2vec_distance_b"])
@pytest.mark.parametrize("distance", sorted(set(DISTANCES) - {"normalized_cosine", "asymmetric_cosine"}))
def test_the_metric_is_minus_the_distance_from_source_to_target(name, distance):
    told, fishers, _ = oracle(name)
    value = tbench.score(f"task2vec:distance={distance}", task_embedding=fishers[1], source_embedding=fishers[0])
    assert value == pytest.approx(-told["expected"]["pairwise"][distance][0][1], rel=told["tolerance"]["rtol"])


def test_scale_is_the_fisher_of_the_prior():
    a, b = tasks(0)
    prior = np.full_like(a, 0.3)
    for distance in ("normalized_cosine", "asymmetric_cosine"):
        expected = distances(a, b, prior, prior, alpha=0.5)[distance]
        assert task2vec(b, a, distance=distance, scale=0.3, alpha=0.5).value == -expected
    assert task2vec(b, a, distance="asymmetric_cosine", alpha=0).value == pytest.approx(task2vec(b, a).value)


@QUIET
@given(seed=SEEDS)
def test_a_task_is_nearest_to_itself(seed):
    a, b = tasks(seed)
    own, other = task2vec(a, a).terms, task2vec(a, b).terms
    assert set(own) == set(other) == set(DISTANCES)
    for distance in set(DISTANCES) - {"asymmetric_cosine"}:
        assert own[distance] == pytest.approx(0, abs=1e-7)
        assert other[distance] >= -1e-12
    assert own["asymmetric_cosine"] <= 0


@QUIET
@given(seed=SEEDS)
def test_neither_the_direction_nor_the_order_of_weights_matters(seed):
    a, b = tasks(seed)
    order = np.random.default_rng(seed).permutation(len(a))
    there, back, shuffled = task2vec(a, b).terms, task2vec(b, a).terms, task2vec(a[order], b[order]).terms
    assert [back[name] for name in SYMMETRIC] == pytest.approx([there[name] for name in SYMMETRIC], abs=1e-7)
    assert shuffled == pytest.approx(there)
    assert there["kl"] >= max(there["asymmetric_kl"], back["asymmetric_kl"]) - 1e-12


@QUIET
@given(seed=SEEDS)
def test_the_bounds_of_shares(seed):
    terms = task2vec(*tasks(seed)).terms
    assert 0 <= terms["cosine"] <= 1
    assert 0 <= terms["entropy"] <= np.log(2)


def test_a_dead_unit_leaves_the_distances_of_shares():
    a, b = tasks(1)
    a[0] = 0
    assert {"cosine", "entropy", "asymmetric_cosine"} == set(task2vec(a, b).terms)
    assert np.isfinite(task2vec(a, b).value)
    with pytest.raises(Inapplicable, match=r"kl is not defined .* \(1 entries are zero in one of them\)"):
        task2vec(a, b, distance="kl")
    b[0] = 0
    assert np.isfinite(task2vec(a, b, distance="entropy").value)
    with pytest.raises(Inapplicable, match="cosine is not defined"):
        task2vec(np.zeros(4), np.ones(4))


def test_one_weight_has_no_correlation():
    assert task2vec(np.ones(1), 2 * np.ones(1)).value == pytest.approx(0)
    with pytest.raises(Inapplicable, match="correlation"):
        task2vec(np.ones(1), 2 * np.ones(1), distance="correlation")


def test_what_cannot_be_compared_is_told():
    a, b = tasks(2)
    with pytest.raises(EvidenceError, match="take both from the same reference network"):
        tbench.score("task2vec", task_embedding=a[:-1], source_embedding=b)
    with pytest.raises(EvidenceError, match="source_embedding has negative entries"):
        tbench.score("task2vec", task_embedding=a, source_embedding=-b)
    with pytest.raises(EvidenceError, match="task_embedding: 1 values are NaN"):
        tbench.score("task2vec", task_embedding=np.append(a, np.nan), source_embedding=b)
    with pytest.raises(EvidenceError, match="task_embedding must be a vector"):
        tbench.score("task2vec", task_embedding=a[None], source_embedding=b)
    with pytest.raises(UsageError, match="unknown distance 'l2'"):
        task2vec(a, b, distance="l2")
    with pytest.raises(UsageError, match="scale=0"):
        task2vec(a, b, scale=0)


def test_inputs_are_left_alone():
    a, b = tasks(3)
    a.flags.writeable = b.flags.writeable = False
    assert set(task2vec(a, b).terms) == set(DISTANCES)
