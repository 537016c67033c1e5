"""Energy: the numbers of ETran's code, and log-sum-exp over the samples that the head knows least."""

from __future__ import annotations

import numpy as np
import pytest
from beyond import arrays, cases
from hypothesis import given, settings
from hypothesis import strategies as st

import tbench
from tbench.api import EvidenceError, Inapplicable, UsageError
from tbench.errors import MissingEvidence
from tbench_metrics.energy import energy

SEEDS = st.integers(0, 2**32 - 1)
CASES = [case for case in cases("etran") if "energy_score" in case["expected"]]
TAILS = {"bot": "bottom", "top": "top"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_agrees_with_the_authors_code(case):
    spec = f"energy:percent={case['params']['percent']},tail={TAILS[case['params']['tail']]}"
    given_ = arrays(case)
    if case["expected"]["energy_score"] == "nan":  # a mean of no samples
        with pytest.raises(Inapplicable, match=f"0.5 % of {len(given_['source_logits'])} samples is not one"):
            tbench.score(spec, **given_)
    else:
        expected = pytest.approx(case["expected"]["energy_score"], rel=case["tolerance"]["rtol"])
        assert tbench.score(spec, **given_) == expected


@settings(max_examples=40)
@given(seed=SEEDS, percent=st.sampled_from([1, 2.3, 17, 50, 99.9, 100]))
def test_equals_the_definition(seed, percent):
    rng = np.random.default_rng(seed)
    logits = 3 * rng.normal(size=(200, rng.integers(1, 9)))
    negative = sorted(np.log(sum(np.exp(z) for z in row)) for row in logits)
    tenths = round(10 * percent)
    low = negative[: tenths * 200 // 1000]
    high = negative[len(negative) + (-tenths * 200 // 1000) :]
    assert energy(None, logits, percent=percent) == pytest.approx(np.mean(low))
    assert energy(None, logits, percent=percent, tail="top") == pytest.approx(np.mean(high))


@settings(max_examples=30)
@given(seed=SEEDS)
def test_a_number_added_to_all_logits_is_added_to_the_score(seed):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(50, 4))
    value = energy(None, logits, percent=10)
    assert energy(None, logits + 1000, percent=10) == pytest.approx(value + 1000)
    assert energy(None, logits[rng.permutation(50)][:, rng.permutation(4)], percent=10) == pytest.approx(value)
    assert energy(None, np.tile(logits, (2, 1)), percent=10) == pytest.approx(value)
    assert value <= energy(None, logits, percent=50) <= energy(None, logits, percent=100)
    assert energy(None, logits, percent=100) == energy(None, logits, percent=100, tail="top")


def test_the_command_of_the_authors_takes_features():
    rng = np.random.default_rng(0)
    features, logits = rng.normal(size=(400, 7)), rng.normal(size=(400, 3))
    given_ = {"features": features, "source_logits": logits}
    assert tbench.score("energy:as=authors", **given_) == energy(None, features)
    assert tbench.score("energy:as=authors", features=features) == energy(None, features)
    assert tbench.score("energy", source_logits=logits) == energy(None, logits)
    with pytest.raises(MissingEvidence, match="gives no network"):  # whose head would say them
        tbench.score("energy", features=features)


def test_edges():
    logits = np.random.default_rng(0).normal(size=(300, 5))
    logits.flags.writeable = False
    value = tbench.score("energy", source_logits=logits)
    assert tbench.score("energy", source_logits=logits.astype(np.float32)) == pytest.approx(value, rel=1e-6)
    with pytest.raises(EvidenceError, match="different lengths"):
        tbench.score_all(["energy", "energy:of=features"], source_logits=logits, features=logits[:-1])
    with pytest.raises(EvidenceError, match="source_logits must be a matrix"):
        tbench.score("energy", source_logits=logits[:, 0])
    with pytest.raises(UsageError, match="logits or features"):
        tbench.score("energy:of=labels", source_logits=logits, features=logits)
    with pytest.raises(UsageError, match="bottom or top"):
        tbench.score("energy:tail=bot", source_logits=logits)
    for percent in (0, 101):
        with pytest.raises(UsageError, match="above 0 and at most 100"):
            tbench.score(f"energy:percent={percent}", source_logits=logits)
