"""What is planned: what is not known yet, cheap before dear, one dataset after the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from tbench.metric import Applied, Metric
from tbench.plan import Plan, make_plan
from tbench.results import Key, Status
from tbench.suite import read_suite

from .test_suite import SUITE

METRICS = [Metric(f"{name}:x=1", name, "tests 1", Applied(name, lambda features: 0.0, {}, name)) for name in ("a", "b")]
FORMER = read_suite("small", SUITE.replace('datasets = ["d/x"]', 'datasets = ["d/x", "d/y"]'))


def plan(known: Mapping[Key, Status], again: bool = False) -> Plan:
    return make_plan(FORMER, FORMER.protocol(None), METRICS, (0, 1), known, again=again)


def test_scores_before_fine_tuning_and_datasets_together() -> None:
    whole = plan({})
    assert whole.cells == 2 * 2 * 3 * (2 + 4)
    assert whole.remembered == 0
    kinds = [task.kind for task in whole.tasks]
    assert kinds == sorted(kinds)
    assert kinds.count("score") == kinds.count("truth") == 12
    order = [(task.kind, task.dataset, task.seed) for task in whole.tasks]
    assert len(set(order)) == sum(before != after for before, after in zip([None, *order], order, strict=False))


def test_what_is_known_is_left_out_and_failures_are_tried_again() -> None:
    first = plan({}).tasks[0]
    one, other = first.cells
    again = plan({one: "ok", other: "failed"})
    assert (again.cells, again.remembered) == (plan({}).cells - 1, 1)
    assert again.tasks[0].cells == (other,)
    assert plan({one: "inapplicable", other: "ok"}).tasks[0].candidates[0] == FORMER.candidates[1]


def test_a_finished_plan_is_empty_unless_asked_again() -> None:
    everything: dict[Key, Status] = {key: "ok" for task in plan({}).tasks for key in task.cells}
    assert plan(everything) == Plan((), len(everything))
    assert plan(everything, again=True) == plan({})


def test_a_sweep_with_halving_is_done_as_a_whole() -> None:
    halved = replace(FORMER.protocol(None), halving=True, steps=80)
    made = make_plan(FORMER, halved, [], (0,), {})
    first = made.tasks[0]
    assert len(first.cells) == 4
    for known in ("ok", "inapplicable"):
        partly = make_plan(FORMER, halved, [], (0,), dict.fromkeys(first.cells[1:], known))
        assert (partly.tasks[0], partly.remembered) == (first, 0)
    done = make_plan(FORMER, halved, [], (0,), dict.fromkeys(first.cells, "inapplicable"))
    assert (done.tasks, done.remembered) == (made.tasks[1:], 4)
    assert made.seconds(halved) == len(made.tasks) * 2 * halved.seconds  # four runs cost as much as two


def test_nothing_is_fine_tuned_where_the_truth_was_published() -> None:
    cited = make_plan(FORMER, FORMER.protocol(None), METRICS, (0,), {}, cited=True)
    assert {task.kind for task in cited.tasks} == {"score"}
    assert cited.cells == 2 * 3 * 2


def test_a_suite_may_say_what_its_scores_take() -> None:
    slow = read_suite("small", SUITE.replace('protocol = "quick"', 'protocol = "quick"\nscore_seconds = 2000.0'))
    told = make_plan(slow, slow.protocol(None), METRICS, (0,), {}, cited=True)
    assert told.seconds(slow.protocol(None)) == 3 * 2000.0


def test_calibrations_stand_in_for_fine_tuning_once_for_each_pair() -> None:
    protocol = FORMER.protocol(None)
    made = make_plan(FORMER, protocol, METRICS, (3, 4), {}, calibrate=5)
    estimates = [task for task in made.tasks if task.kind != "score"]
    assert {(task.kind, task.seed, task.tried, tuple(key.spec for key in task.cells)) for task in estimates} == {
        ("calibration", 3, 5, (protocol.calibration,))
    }
    assert len(estimates) == 2 * 3
    assert protocol.calibration.startswith("calibration:batch=8,learning_rate")
    share = 5 / protocol.steps
    assert Plan(tuple(estimates), 0).seconds(protocol) == pytest.approx(6 * share * protocol.seconds)
    known: dict[Key, Status] = {key: "ok" for task in estimates for key in task.cells}
    assert make_plan(FORMER, protocol, [], (3, 4), known, calibrate=5) == Plan((), 6)
    assert make_plan(FORMER, protocol, [], (3, 4), known).cells == 2 * 2 * 3 * 4
    told = make_plan(FORMER, protocol, METRICS, (0,), {}, calibrate=5, cited=True)
    assert {task.kind for task in told.tasks} == {"score", "calibration"}


def test_scores_of_the_layers_of_a_model_are_one_task() -> None:
    layers = read_suite("small", SUITE.replace('"f/two-a"', '"f/one-a@b", "f/two-a", "f/one-a@c"'))
    made = make_plan(layers, layers.protocol(None), METRICS, (0,), {})
    scores = [task for task in made.tasks if task.kind == "score"]
    first = scores[0]
    assert first.candidates == ("f/one-a", "f/one-a@b", "f/one-a@c")
    assert len(first.cells) == 3 * len(METRICS)
    assert all(len(task.candidates) == 1 for task in made.tasks if task.kind == "truth")
    known: dict[Key, Status] = {key: "ok" for key in first.cells if key.candidate == "f/one-a"}
    assert make_plan(layers, layers.protocol(None), METRICS, (0,), known).tasks[0].candidates == first.candidates[1:]


def test_time_is_estimated_from_what_is_left() -> None:
    protocol = FORMER.protocol(None)
    whole = plan({})
    truths = Plan(tuple(task for task in whole.tasks if task.kind == "truth"), 0)
    assert truths.seconds(protocol) == 12 * 4 * protocol.seconds
    assert whole.seconds(protocol) > truths.seconds(protocol)


def test_nothing_is_measured_of_a_candidate_on_what_it_has_seen() -> None:
    seen = frozenset({(FORMER.candidates[0], "d/y"), (FORMER.candidates[1], "d/x")})
    suite = replace(FORMER, seen=seen)
    left = make_plan(suite, suite.protocol(None), METRICS, (0, 1), {}).tasks
    assert left == tuple(task for task in plan({}).tasks if (task.candidates[0], task.dataset) not in seen)
    assert {task.kind for task in plan({}).tasks if (task.candidates[0], task.dataset) in seen} == {"score", "truth"}
    everything: dict[Key, Status] = {key: "ok" for task in plan({}).tasks for key in task.cells}
    known = make_plan(suite, suite.protocol(None), METRICS, (0, 1), everything)
    assert known == Plan((), len(everything) * 4 // 6)


def test_a_metric_that_fine_tunes_for_itself_takes_as_long_as_a_run() -> None:
    protocol = FORMER.protocol(None)
    plain = make_plan(FORMER, protocol, METRICS, (0,), {}, cited=True)
    tuning = make_plan(FORMER, protocol, METRICS, (0,), {}, cited=True, tuning=frozenset({METRICS[0].spec}))
    cells = sum(key.spec == METRICS[0].spec for task in plain.tasks for key in task.cells)
    assert tuning.seconds(protocol) == pytest.approx(plain.seconds(protocol) + cells * protocol.seconds)
