"""Which run stands for a candidate: validation decides, test is never looked at."""

from __future__ import annotations

from itertools import permutations
from statistics import stdev

import pytest

from tbench.leaderboard.truth import find_truths, mean_truths

from .made import run, run_spec

CELL = ("t/x", "m/a", 0)


@pytest.mark.parametrize("tests", list(permutations([0.1, 0.5, 0.9])))
def test_validation_decides_whatever_the_test_results(tests: tuple[float, ...]) -> None:
    rates = (0.01, 0.03, 0.1)
    validations = (0.4, 0.8, 0.6)
    sweep = [
        run("t/x", "m/a", test, rate=rate, validation=validation)
        for test, rate, validation in zip(tests, rates, validations, strict=True)
    ]
    for order in permutations(sweep):
        found = find_truths(order)
        assert list(found) == [CELL]
        assert found[CELL].best.details["learning_rate"] == 0.03
        assert found[CELL].test == tests[1]
        assert len(found[CELL].runs) == 3


def test_between_equals_the_smaller_learning_rate() -> None:
    sweep = [
        run("t/x", "m/a", test, rate=rate, validation=0.7) for test, rate in ((0.9, 0.1), (0.2, 0.01), (0.5, 0.03))
    ]
    for order in permutations(sweep):
        assert find_truths(order)[CELL].test == 0.2


def test_failed_runs_stand_for_nothing() -> None:
    failed = run("t/x", "m/a", None, status="failed", validation=0.99)
    good = run("t/x", "m/a", 0.4, rate=0.01, validation=0.1)
    assert find_truths([failed, good])[CELL].runs == (good,)
    assert find_truths([failed]) == {}


def test_a_run_that_was_stopped_stands_for_nothing_but_belongs_to_its_sweep() -> None:
    stopped = run("t/x", "m/a", None, status="inapplicable", training="stopped", validation=0.99)
    good = run("t/x", "m/a", 0.4, rate=0.01, validation=0.1)
    found = find_truths([stopped, good])[CELL]
    assert (found.best, found.runs, found.test) == (good, (stopped, good), 0.4)
    assert find_truths([stopped]) == {}


def test_each_dataset_candidate_and_seed_has_its_own() -> None:
    runs = [
        run(dataset, candidate, 0.5, seed)
        for dataset in ("t/x", "t/y")
        for candidate in ("m/a", "m/b")
        for seed in (0, 1)
    ]
    assert len(find_truths(runs)) == 8


def test_means_over_seeds() -> None:
    runs = [
        run("t/x", "m/a", 0.5, 0),
        run("t/x", "m/a", 0.6, 1, training="chance"),
        run("t/x", "m/a", 0.1, 1, rate=0.01, spec=run_spec(0.01), validation=0.1, training="diverged"),
        run("t/x", "m/b", 0.3, 0),
    ]
    means = mean_truths(find_truths(runs))["t/x"]
    assert means["m/a"].value == pytest.approx(0.55)
    assert means["m/a"].sd == pytest.approx(stdev([0.5, 0.6]))
    assert (means["m/a"].seeds, means["m/a"].training) == (2, ("chance",))
    assert (means["m/b"].value, means["m/b"].sd, means["m/b"].seeds, means["m/b"].training) == (0.3, None, 1, ())
