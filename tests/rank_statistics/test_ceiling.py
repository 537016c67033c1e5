"""What a perfect metric could reach, and which share of it others do."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tbench.statistics import Study, agreement, between_seeds, parametric_ceiling, split_half

from .oracles import TRUTH


def noisy(seeds: int, sd: float = 0.3) -> Study:
    random = np.random.default_rng(0)
    truths = np.arange(10) / 10 + sd * random.standard_normal((2, seeds, 10))
    return Study(random.random((2, 2, 3, 10)), truths)


def test_two_seeds_predict_the_third() -> None:
    it = noisy(3)
    found = split_half(it)
    for dataset, (scores, truths) in enumerate(zip(it.scores, it.truths, strict=True)):
        taus = [agreement(np.delete(truths, seed, axis=0).mean(axis=0), truths[seed]).tau_w for seed in range(3)]
        assert found.by_dataset[dataset] == pytest.approx(np.mean([tau for tau in taus if tau is not None]))
        for metric in range(3):
            told = [agreement(repeat[metric], truth).tau_w for repeat in scores for truth in truths]
            assert found.taus[dataset, metric] == pytest.approx(np.mean([tau for tau in told if tau is not None]))
    assert found.mean.value is not None
    np.testing.assert_allclose(found.share(), found.taus.mean(axis=0) / found.mean.value)


def test_with_two_seeds_it_is_their_agreement() -> None:
    it = noisy(2)
    assert split_half(it).by_dataset == pytest.approx([between_seeds(truths).tau_w for truths in it.truths])


def test_more_seeds_on_both_sides_bring_it_up() -> None:
    ceilings = [split_half(noisy(seeds)).mean.value for seeds in (2, 6)]
    assert None not in ceilings
    assert ceilings == sorted(ceilings, key=float)


def test_one_seed_has_no_ceiling_and_no_share() -> None:
    found = split_half(noisy(1))
    assert found.by_dataset == (None, None)
    assert np.isnan(found.share()).all()


def test_candidates_that_lack_a_seed_are_left_out() -> None:
    it = noisy(2)
    truths = it.truths.copy()
    truths[0, 1, 4] = math.nan
    whole = np.delete(it.truths[0], 4, axis=1)
    assert split_half(Study(it.scores, truths)).by_dataset[0] == pytest.approx(between_seeds(whole).tau_w)


def test_a_share_is_taken_over_the_datasets_that_have_both() -> None:
    it = noisy(3)
    scores = it.scores.copy()
    scores[1, :, 0] = math.nan
    found = split_half(Study(scores, it.truths))
    assert found.by_dataset[0] is not None
    assert found.share()[0] == pytest.approx(found.taus[0, 0] / found.by_dataset[0])


@pytest.mark.parametrize(("points", "low", "high"), [(0.2, 0.92, 0.94), (0.3, 0.87, 0.90), (0.5, 0.79, 0.84)])
def test_the_published_pool_under_so_many_points_of_noise(points: float, low: float, high: float) -> None:
    ceilings = [parametric_ceiling(truth, points / 100, seed=0, draws=2000) for truth in TRUTH]
    assert low <= np.mean([value for value in ceilings if value is not None]) <= high
    assert None not in ceilings


def test_no_noise_no_ceiling_below_one() -> None:
    assert parametric_ceiling([1, 2, 3], 0.0, seed=0) == pytest.approx(1)
    assert parametric_ceiling([1, 1, 1], 0.1, seed=0) is None
    far, near = (parametric_ceiling([1, 2, 3], [0.1, 0.1, sd], seed=0) for sd in (0.1, 2.0))
    assert far is not None
    assert near is not None
    assert far > near
