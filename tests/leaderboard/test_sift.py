"""What may not be mixed is left out, and counted."""

from __future__ import annotations

from tbench.leaderboard.sift import sift

from .made import frame, run, run_spec, score, scores, truth


def test_everything_of_one_kind_stays() -> None:
    records = [*scores("a", "t/x", [1, 2, 3, 4]), *truth("t/x", [0.1, 0.2, 0.3, 0.4])]
    found = sift(reversed(records), frame())
    assert {record.key for record in (*found.scores, *found.runs, *found.estimates)} == {
        record.key for record in records
    }
    assert [record.key for record in found.scores] == sorted(record.key for record in found.scores)
    assert len(found.runs) == 8
    assert found.left_out == {}


def test_strangers_to_the_suite() -> None:
    records = [
        score("a", "t/x", "m/a", 1.0),
        score("a", "t/x", "m/a", 1.0, suite="other"),
        score("a", "t/x", "m/z", 1.0),
        score("a", "t/z", "m/a", 1.0),
        score("a", "t/z", "m/b", 1.0),
    ]
    found = sift(records, frame())
    assert tuple(found.scores) == (records[0],)
    assert found.left_out == {
        "of a candidate that the suite does not list (m/z)": 1,
        "of a dataset that the suite does not list (t/z)": 2,
        "of another suite (other)": 1,
    }


def test_another_protocol_and_one_that_was_changed_since() -> None:
    ours = run("t/x", "m/a", 0.5)
    records = [
        ours,
        run("t/x", "m/a", 0.9, protocol="full", spec=run_spec(0.1, 500)),
        run("t/x", "m/b", 0.9, protocol="full", spec=run_spec(0.1, 500)),
        run("t/x", "m/a", 0.9, spec=run_spec(0.1, 40)),
    ]
    found = sift(records, frame(runs=(run_spec(0.1),)))
    assert found.runs == (ours,)
    assert found.left_out == {
        "fine-tuning by another protocol (full)": 2,
        "fine-tuning by protocol quick with other settings than today's": 1,
    }


def test_scores_of_weights_that_another_protocol_fine_tuned() -> None:
    records = [
        score("d", "t/x", "m/a", 1.0, of={"finetuning": run_spec(0.1)}),
        score("d", "t/x", "m/b", 1.0, of={"finetuning": run_spec(0.1, 500)}),
        score("a", "t/x", "m/b", 1.0),
    ]
    found = sift(records, frame(runs=(run_spec(0.1),)))
    assert tuple(found.scores) == (records[0], records[2])
    assert found.left_out == {"scores of weights that another protocol fine-tuned": 1}


def test_a_run_of_a_protocol_of_another_name_with_the_same_settings_is_the_same_run() -> None:
    record = run("t/x", "m/a", 0.5, protocol="quick-once")
    assert sift([record], frame(runs=(run_spec(0.1),))).runs == (record,)


def test_a_sweep_that_is_not_finished_has_no_best_run_yet() -> None:
    whole = truth("t/x", [0.9, None, None, None])
    failed = run("t/x", "m/b", None, rate=0.01, status="failed", reason="out of memory")
    enough = run("t/x", "m/b", 0.5)
    begun = run("t/x", "m/c", 0.99)
    found = sift([*whole, failed, enough, begun], frame())
    assert [record.key for record in found.runs] == sorted(record.key for record in (*whole, failed, enough))
    assert found.left_out == {"fine-tuning whose sweep is not finished": 1}


def test_a_run_that_validation_cannot_judge() -> None:
    records = [run("t/x", "m/a", 0.5, rate=0.01, validation=None), run("t/x", "m/a", 0.5, validation=float("nan"))]
    assert sift(records, frame()).left_out == {"fine-tuning without a finite validation result": 2}


def test_second_weights_under_one_name() -> None:
    old = [score(metric, "t/x", "m/a", 1.0, of={"weights": "old"}) for metric in ("a", "b")]
    new = [run("t/x", "m/a", 0.5, of={"weights": "new"})]
    untold = score("c", "t/x", "m/a", None, status="failed", of={"weights": ""})
    found = sift([*old, *new, untold], frame())
    assert (*found.scores, *found.runs) == (*old, untold)
    assert found.left_out == {"other weights under the same name (m/a)": 1}


def test_between_as_many_the_newer_weights_stay() -> None:
    old = score("z", "t/x", "m/a", 1.0, of={"weights": "z"}, time="2026-01-01T00:00:00+00:00")
    new = score("a", "t/x", "m/a", 1.0, of={"weights": "a"}, time="2026-01-02T00:00:00+00:00")
    assert tuple(sift([old, new], frame()).scores) == (new,)


def test_data_may_differ_between_seeds_but_not_within_one() -> None:
    records = [
        score("a", "t/x", "m/a", 1.0, 0, of={"data": "one"}),
        score("b", "t/x", "m/a", 1.0, 0, of={"data": "one"}),
        score("a", "t/x", "m/a", 1.0, 1, of={"data": "two"}),
        score("a", "t/x", "m/b", 1.0, 0, of={"data": "three"}),
    ]
    found = sift(records, frame())
    assert len(found.scores) == 3
    assert found.left_out == {"other data under the same name (t/x, seed 0)": 1}


def test_features_are_of_one_precision() -> None:
    old = [score("a", "t/x", "m/a", 1.0), score("a", "t/x", "m/b", 2.0, of={"precision": "float32"})]
    new = score("b", "t/x", "m/a", 1.0, of={"precision": "bfloat16"})
    fails = score("b", "t/x", "m/b", None, status="failed")
    found = sift([*old, new, fails, *truth("t/x", [0.1, 0.2, 0.3, 0.4])], frame())
    assert tuple(found.scores) == (*old, fails)
    assert found.left_out == {"scores of features in bfloat16": 1}


def test_scores_of_seeds_that_the_protocol_never_had() -> None:
    records = [*scores("a", "t/x", [1, 2, 3, 4], 0), *scores("a", "t/x", [1, 2, 3, 4], 5)]
    assert len(sift(records, frame()).scores) == 8
    found = sift([*records, *truth("t/x", [0.1, None, None, None], 0)], frame())
    assert {record.key.seed for record in found.scores} == {0}
    assert found.left_out == {"scores of seed 5, which no run of this protocol has": 4}


def test_what_a_candidate_has_seen_is_no_test_of_it() -> None:
    records = [*scores("a", "t/x", [1, 2, 3, 4]), *truth("t/x", [0.1, 0.2, 0.3, 0.4])]
    found = sift(records, frame(seen=frozenset({("m/b", "t/x"), ("m/c", "t/y")})))
    assert {record.key for record in (*found.scores, *found.runs, *found.estimates)} == {
        r.key for r in records if r.key.candidate != "m/b"
    }
    assert found.left_out == {"of a candidate on images that it was pre-trained on (m/b, t/x)": 3}
