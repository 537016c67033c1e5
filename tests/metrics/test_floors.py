"""Scores that look at no target: a random number, a constant, size and cost of the network, its accuracy at home."""

from __future__ import annotations

import numpy as np

from tbench_metrics.constant import constant
from tbench_metrics.flops import flops
from tbench_metrics.parameters import parameters
from tbench_metrics.random import random
from tbench_metrics.source_accuracy import source_accuracy


def test_random_is_uniform_and_the_seed_alone_decides():
    values = np.array([random(seed) for seed in range(2000)])
    assert (values >= 0).all()
    assert (values < 1).all()
    assert len(set(values)) == 2000
    assert np.abs(np.histogram(values, bins=4, range=(0, 1))[0] - 500).max() < 100
    assert np.abs(np.corrcoef(values[:-1], values[1:])[0, 1]) < 0.1
    state = np.random.get_state()[1].copy()  # noqa: NPY002 - the state that must not move
    assert random(7) == values[7]
    assert (np.random.get_state()[1] == state).all()  # noqa: NPY002 - the state that must not move


def test_static_scores_are_the_facts_themselves():
    assert parameters(25_557_032) == 25_557_032.0
    assert isinstance(parameters(25_557_032), float)
    assert flops(8_178_368_512) == 8_178_368_512.0
    assert constant() == 0.0
    assert source_accuracy(np.float32(0.5)) == 0.5
    assert isinstance(source_accuracy(np.float32(0.5)), float)
