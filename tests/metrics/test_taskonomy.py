"""Taskonomy: expected affinities, only orders count, and pools of one, of twins and of a certain loser."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tbench
from tbench.api import EvidenceError, UsageError
from tbench.statistics import agreement
from tbench_metrics.taskonomy import ordinal, taskonomy

ORACLES = Path(__file__).parent / "oracles" / "source_aware"
TOLD = json.loads((ORACLES / "taskonomy_ahp_a.json").read_text())
PUBLISHED = json.loads((ORACLES / "taskonomy_published.json").read_text())["expected"]
NEAR = {"rel": TOLD["tolerance"]["rtol"], "abs": TOLD["tolerance"]["atol"]}
SEEDS = st.integers(0, 2**32 - 1)
QUIET = settings(max_examples=30)


def pool(seed):
    """Losses (N, C) with ties."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 9, size=(rng.integers(1, 30), rng.integers(2, 8))) + rng.integers(0, 4, size=1)


@pytest.mark.parametrize("target", ["target0", "target1"])
def test_expected_values(target):
    with np.load(ORACLES / "taskonomy_ahp_a.npz") as file:
        losses = file[f"losses_{target}"].T
    expected = TOLD["expected"][target]
    found = ordinal(losses)
    assert found.win_rates == pytest.approx(np.array(expected["win_rate"]), **NEAR)
    assert found.affinities == pytest.approx(np.array(expected["affinity"]), **NEAR)
    assert found.eigenvalue == pytest.approx(expected["principal_eigenvalue"], **NEAR)
    assert found.inconsistency == pytest.approx(expected["consistency_index"], **NEAR)
    assert np.array(expected["ratio"]) @ found.affinities == pytest.approx(found.eigenvalue * found.affinities, **NEAR)
    for place, affinity in enumerate(expected["affinity"]):
        score = taskonomy(losses, place)
        assert score.value == pytest.approx(affinity, **NEAR)
        assert score.terms["loss"] == pytest.approx(losses[:, place].mean())
        assert score.terms["geometric mean"] == pytest.approx(expected["row_geometric_mean"][place], **NEAR)
        assert tbench.score("taskonomy", pool_losses=losses, pool_place=place) == score.value


@pytest.mark.parametrize("target", sorted(PUBLISHED))
def test_published_affinities_rank_sources_as_their_win_rates_do(target):
    told = PUBLISHED[target]
    affinities, rates = np.array(
        [[each["affinity"], each["win_rate_vs_task_specific"]] for each in told["first_order"].values()]
    ).T
    spearman = agreement(affinities, rates).spearman
    assert spearman == pytest.approx(told["spearman_affinity_vs_win_rate_task_first_order"], rel=1e-6)
    assert 0 < affinities.sum() < told["sum_of_affinities"]


@QUIET
@given(seed=SEEDS)
def test_affinities_are_shares_and_only_the_order_on_an_image_counts(seed):
    losses = pool(seed)
    found = ordinal(losses).affinities
    assert found.sum() == pytest.approx(1)
    assert (found > 0).all()
    rng = np.random.default_rng(seed)
    scaled = np.exp(losses * rng.uniform(0.1, 1, size=(len(losses), 1))) + rng.normal(size=(len(losses), 1))
    assert ordinal(np.tile(scaled, (2, 1)), 0.01).affinities == pytest.approx(
        ordinal(losses, 0.01).affinities, rel=1e-7
    )


@QUIET
@given(seed=SEEDS)
def test_neither_the_order_of_images_nor_that_of_candidates_matters(seed):
    losses = pool(seed)
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(len(losses)), rng.permutation(losses.shape[1])
    assert ordinal(losses[rows][:, columns]).affinities == pytest.approx(ordinal(losses).affinities[columns], rel=1e-7)


@QUIET
@given(seed=SEEDS)
def test_a_candidate_that_is_better_everywhere_has_the_larger_affinity(seed):
    losses = pool(seed).astype(float)
    losses[:, 0] = losses[:, 1] - 0.5
    affinities = ordinal(losses).affinities
    assert affinities[0] > affinities[1]


@QUIET
@given(seed=SEEDS)
def test_two_candidates_are_consistent_and_compare_as_their_wins(seed):
    losses = pool(seed)[:, :2]
    found = ordinal(losses)
    rate = np.clip(found.win_rates[0, 1], 0.001, 0.999)
    assert found.affinities == pytest.approx([rate, 1 - rate])
    assert found.eigenvalue == pytest.approx(2)
    assert found.inconsistency == pytest.approx(0, abs=1e-9)


def test_pools_of_one_of_twins_and_with_a_certain_loser():
    alone = taskonomy(np.ones((4, 1)), 0)
    assert alone.value == pytest.approx(1)
    assert "inconsistency" not in alone.terms
    assert ordinal(np.ones((5, 4))).affinities == pytest.approx([0.25] * 4)
    for clip in (0.001, 0.01):
        loser = ordinal(np.array([[1.0, 1.0, 2.0]] * 3), clip)
        assert loser.affinities[2] / loser.affinities[0] == pytest.approx(clip / (1 - clip))
        assert loser.inconsistency == pytest.approx(0, abs=1e-9)


def test_what_makes_no_sense_is_told():
    losses = np.random.default_rng(0).normal(size=(6, 3))
    for place in (3, -1, 0.5):
        with pytest.raises(EvidenceError, match="is no column of pool_losses, which has 3"):
            tbench.score("taskonomy", pool_losses=losses, pool_place=place)
    for clip in (0.0, 0.5):
        with pytest.raises(UsageError, match=r"must lie between 0 and 0\.5"):
            taskonomy(losses, 0, clip=clip)
    losses[2, 1] = np.nan
    with pytest.raises(EvidenceError, match="pool_losses: 1 values are NaN"):
        tbench.score("taskonomy", pool_losses=losses, pool_place=0)


def test_inputs_are_left_alone():
    losses = pool(0)
    losses.flags.writeable = False
    assert 0 < taskonomy(losses, 1).value < 1
