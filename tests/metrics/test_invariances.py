"""What each score does not mind, and what it does: one table for all metrics of features."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tbench

pytestmark = pytest.mark.filterwarnings("ignore::tbench.api.ScoreWarning")

SEEDS = st.integers(0, 2**32 - 1)
CHANGES = {
    "rows permuted": lambda rng, rows, labels: _reordered(rng.permutation(len(rows)), rows, labels),
    "classes renamed": lambda rng, rows, labels: (rows, rng.permutation(labels.max() + 1)[labels]),
    "translated": lambda rng, rows, labels: (rows + rng.normal(size=rows.shape[1]), labels),
    "scaled": lambda rng, rows, labels: (7 * rows, labels),
    "rotated": lambda rng, rows, labels: (rows @ np.linalg.qr(rng.normal(size=(rows.shape[1],) * 2))[0], labels),
    "columns scaled": lambda rng, rows, labels: (rows * rng.uniform(0.3, 3, size=rows.shape[1]), labels),
    "columns permuted": lambda rng, rows, labels: (rows[:, rng.permutation(rows.shape[1])], labels),
    "rows scaled": lambda rng, rows, labels: (rows * rng.uniform(0.3, 3, size=(len(rows), 1)), labels),
    "doubled": lambda rng, rows, labels: (np.tile(rows, (2, 1)), np.tile(labels, 2)),
}
EVERY = frozenset(CHANGES)
# What is not listed moves the score. A change in brackets does by so little, or only at times, that it proves nothing:
# LogME's scale through eps and the start, SFDA's scale, rotation and units of columns through its regularisation.
INVARIANT = {
    "hscore": EVERY - {"rows scaled"},
    "hscore-shrunk": {"rows permuted", "classes renamed", "translated", "scaled", "rotated", "columns permuted"},
    "logme": {"rows permuted", "classes renamed", "(scaled)", "rotated", "columns permuted"},
    "logme:method=icml": {"rows permuted", "classes renamed", "(scaled)", "rotated", "columns permuted"},
    "transrate": {"rows permuted", "classes renamed", "translated", "rotated", "columns permuted", "doubled"},
    "transrate:form=unit": EVERY - {"translated", "columns scaled"},
    "transrate:form=projected": EVERY - {"columns scaled", "rows scaled"},
    "transrate:scale=frobenius,weights=counts": EVERY - {"columns scaled", "rows scaled", "doubled"},
    "transrate:scale=rms": EVERY - {"columns scaled", "rows scaled"},
    "parc:dims=none": EVERY - {"rotated", "rows scaled", "doubled"},
    "sfda": {
        *{"rows permuted", "classes renamed", "translated", "columns permuted", "doubled"},
        *{"(scaled)", "(rotated)", "(columns scaled)"},
    },
    "lda:shrinkage=0.1": EVERY - {"columns scaled", "rows scaled"},
    "nearest-mean": {"rows permuted", "classes renamed", "translated", "rotated", "columns permuted", "doubled"},
    "gbc:dims=none": EVERY - {"columns scaled", "rows scaled"},
    "gbc:covariance=diagonal,dims=none": EVERY - {"rotated", "rows scaled"},
    "int": EVERY - {"scaled", "columns scaled", "rows scaled"},
    "concept-variance": EVERY - {"rotated", "rows scaled", "doubled"},
    "tmi:floor=1e-6": {"rows permuted", "classes renamed", "translated", "columns permuted"},
    "alpha-req:first=1": EVERY - {"columns scaled", "rows scaled"},
    "nesum": EVERY - {"columns scaled", "rows scaled"},
    "rankme": EVERY - {"translated", "columns scaled", "rows scaled"},
    "lfc": EVERY - {"translated", "columns scaled", "rows scaled"},
    "lfc:kernel=cosine": EVERY - {"translated", "columns scaled"},
    "lfc:kernel=correlation": EVERY - {"translated", "rotated", "columns scaled"},
    "lfc:kernel=l2": EVERY - {"columns scaled", "rows scaled"},
}


def _reordered(order, rows, labels):
    return rows[order], labels[order]


def problem(seed):
    """Features (N, D) of overlapping classes whose variances no floor touches, labels (N,), and further draws."""
    rng = np.random.default_rng(seed)
    classes, dims = rng.integers(2, 5), rng.integers(4, 9)
    labels = rng.permutation(np.arange(rng.integers(5, 12) * classes) % classes)
    rows = rng.normal(size=(len(labels), dims)) * rng.uniform(0.5, 2, size=dims)
    return rng, rows + rng.normal(size=(classes, dims))[labels] + rng.normal(size=dims), labels


def scores(spec, change, seed):
    rng, rows, labels = problem(seed)
    before = tbench.score(spec, features=rows, labels=labels)
    changed, names = CHANGES[change](rng, rows, labels)
    return before, tbench.score(spec, features=changed, labels=names)


@pytest.mark.parametrize(
    ("spec", "change"), [(spec, change) for spec in INVARIANT for change in sorted(EVERY & INVARIANT[spec])]
)
@settings(max_examples=10)
@given(seed=SEEDS)
def test_does_not_mind(spec, change, seed):
    before, after = scores(spec, change, seed)
    assert after == pytest.approx(before, rel=1e-7, abs=1e-9)


@pytest.mark.parametrize(
    ("spec", "change"),
    [
        (spec, change)
        for spec, unmoved in INVARIANT.items()
        for change in sorted(EVERY - {word.strip("()") for word in unmoved})
    ],
)
def test_minds(spec, change):
    moved = [not np.isclose(*scores(spec, change, seed), rtol=1e-4, atol=0) for seed in range(4)]
    assert any(moved)


@pytest.mark.parametrize("spec", ["nce", "nce:soft=true", "nce:eps=1e-5", "leep", "leep:log=false"])
@settings(max_examples=10)
@given(seed=SEEDS)
def test_scores_of_source_classes_mind_neither_order_nor_names_nor_repetition(spec, seed):
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(40) % 4)
    said = rng.dirichlet(np.full(6, 0.3), size=40)
    value = pytest.approx(tbench.score(spec, source_probabilities=said, labels=labels), rel=1e-9)
    rows, names, sources = rng.permutation(40), rng.permutation(4), rng.permutation(6)
    assert tbench.score(spec, source_probabilities=said[rows], labels=labels[rows]) == value
    assert tbench.score(spec, source_probabilities=said, labels=names[labels]) == value
    assert tbench.score(spec, source_probabilities=said[:, sources], labels=labels) == value
    assert tbench.score(spec, source_probabilities=np.tile(said, (2, 1)), labels=np.tile(labels, 2)) == value


@pytest.mark.parametrize("spec", sorted(spec for spec, unmoved in INVARIANT.items() if "translated" in unmoved))
def test_an_offset_of_a_thousand_costs_no_digits(spec):
    _, rows, labels = problem(0)
    rows = np.round(rows * 2**20) / 2**20  # so that the offset itself costs none
    near = tbench.score(spec, features=rows, labels=labels)
    assert tbench.score(spec, features=rows + 1000.0, labels=labels) == pytest.approx(near, rel=1e-9)


@pytest.mark.parametrize("spec", sorted(INVARIANT))
def test_float32_features_give_the_float64_answer(spec):
    for seed in range(4):
        _, rows, labels = problem(seed)
        exact = tbench.score(spec, features=rows, labels=labels)
        assert tbench.score(spec, features=rows.astype(np.float32), labels=labels) == pytest.approx(exact, rel=1e-5)


@settings(max_examples=30)
@given(seed=SEEDS)
def test_bounds(seed):
    rng, rows, labels = problem(seed)
    classes = labels.max() + 1
    said = rng.dirichlet(np.full(6, 0.3), size=len(labels))
    shares = np.bincount(labels) / len(labels)
    source = tbench.score_all(["nce", "nce:soft=true", "leep"], source_probabilities=said, labels=labels)
    entropy = -(shares * np.log(shares)).sum()
    assert -entropy - 1e-9 <= source["nce:soft=true"] <= source["leep"] + 1e-12
    assert -entropy - 1e-9 <= source["nce"] <= 0
    assert source["leep"] <= 0
    bounds = {
        "hscore": (0, min(classes - 1, rows.shape[1])),
        "hscore-shrunk": (0, classes - 1 + classes / len(rows)),
        "lfc": (-1, 1),
        "lfc:kernel=l2": (-1, 1),
        "parc": (-100, 100),
        "sfda": (0, 1),
        "lda": (0, 1),
        "nearest-mean": (0, 1),
        "concept-variance": (-1, 0),
        "gbc": (-classes * (classes - 1), 0),
        "gbc:covariance=diagonal": (-classes * (classes - 1), 0),
    }
    for spec, value in tbench.score_all(bounds, features=rows, labels=labels).items():
        low, high = bounds[spec]
        assert low - 1e-9 <= value <= high + 1e-9, spec


def test_separating_the_classes_raises_the_scores():
    rng = np.random.default_rng(0)
    labels = np.arange(120) % 4
    noise, means = rng.normal(size=(120, 6)), rng.normal(size=(4, 6))
    specs = ["hscore", "hscore-shrunk", "logme", "sfda", "lda", "nearest-mean", "gbc", "lfc", "parc"]
    specs += ["concept-variance", "int"]
    rising = [tbench.score_all(specs, features=noise + spread * means[labels], labels=labels) for spread in (0, 1, 3)]
    for spec in specs:
        assert rising[0][spec] < rising[1][spec] < rising[2][spec], spec
