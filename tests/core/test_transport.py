"""Couplings are optimal, or it is told that they are not; POT is imported for NumPy alone."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

import tbench.evidence.transport
from tbench.api import Inapplicable, SaturationWarning
from tbench.evidence.transport import Transport, transport

SEEDS = st.integers(0, 2**32 - 1)
QUIET = settings(max_examples=25)


@QUIET
@given(seed=SEEDS, regulariser=st.sampled_from([0.0, 0.3]))
def test_a_coupling_has_even_margins_and_no_more_cost_than_independence(seed, regulariser):
    cost = np.random.default_rng(seed).uniform(size=(7, 11))
    coupling = Transport(0).coupling(cost, regulariser)
    assert coupling.converged
    assert (coupling.mass >= 0).all()
    np.testing.assert_allclose(coupling.mass.sum(axis=1), 1 / 7, atol=1e-6)
    np.testing.assert_allclose(coupling.mass.sum(axis=0), 1 / 11, atol=1e-6)
    assert (coupling.mass * cost).sum() <= cost.mean() + 1e-6


@QUIET
@given(seed=SEEDS)
def test_equal_sides_are_an_assignment_and_regularising_costs(seed):
    cost = np.random.default_rng(seed).uniform(size=(9, 9))
    least = Transport(0).cheapest(cost)
    assert least == pytest.approx(cost[linear_sum_assignment(cost)].mean(), rel=1e-9)
    assert (Transport(0).coupling(cost, 0.1).mass * cost).sum() >= least - 1e-6


@QUIET
@given(seed=SEEDS, most=st.integers(1, 60))
def test_drawn_rows_keep_the_shares_of_classes(seed, most):
    labels = np.random.default_rng(seed).integers(4, size=50)
    rows = Transport(seed).rows(labels, most)
    assert len(rows) == min(most, 50) == len(set(rows.tolist()))
    assert (np.diff(rows) > 0).all()
    shares = np.bincount(labels, minlength=4) * len(rows) / 50
    assert (np.abs(np.bincount(labels[rows], minlength=4) - shares) <= 1 + 1e-9).all()
    assert (Transport(seed).rows(np.array([7, 0, 3, 2])[labels], most) == rows).all()


@pytest.mark.parametrize(
    ("name", "regulariser", "told"), [("PIVOTS", 0.0, "after 1 pivots"), ("ROUNDS", 0.01, "after 1 rounds")]
)
def test_what_did_not_converge_is_told(monkeypatch, name, regulariser, told):
    monkeypatch.setattr(tbench.evidence.transport, name, 1)
    cost = np.random.default_rng(0).uniform(size=(30, 40))
    with pytest.warns(SaturationWarning, match=told):
        assert not Transport(0).coupling(cost, regulariser).converged


def test_without_pot_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ot", None)
    with pytest.raises(Inapplicable, match=r"pip install tbench\[ot\]"):
        transport(0)


def test_pot_is_imported_for_numpy_alone_and_the_environment_is_as_it_was():
    program = f"""
import os, sys
sys.path[:0] = {sys.path!r}
before = dict(os.environ)
from tbench.evidence.transport import transport
assert "ot" not in sys.modules
transport(0)
assert "ot" in sys.modules and "torch" not in sys.modules
assert dict(os.environ) == before
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
