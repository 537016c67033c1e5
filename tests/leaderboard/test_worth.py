"""What it is worth to follow a metric: numbers that can be counted by hand, from scores and truths alone."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tbench.leaderboard.board import make_board
from tbench.leaderboard.following import MEASURES, RANDOM, Scorer, Worth, best_of, random_pick, worth_of
from tbench.leaderboard.page import sections
from tbench.leaderboard.tables import NOTHING, Section, percent
from tbench.leaderboard.tidy import tidy_files
from tbench.leaderboard.worth import following_section
from tbench.results import Record

from .made import CANDIDATES, frame, score, scores, truth, whole_frame, whole_store

TRUTH = {"x": {"a": 0.9, "b": 0.7, "c": 0.5, "d": 0.3}, "y": {"a": 0.2, "b": 0.4, "c": 0.8, "d": 0.6}}
TESTS = {"t/x": [0.9, 0.7, 0.5, 0.3], "t/y": [0.2, 0.4, 0.8, 0.6]}


def of(values: Sequence[float | None], label: str = "m") -> Scorer:
    """The same scores of a, b, c and d on both datasets, for a single repeat; None leaves one out."""
    scored = {name: value for name, value in zip("abcd", values, strict=True) if value is not None}
    return Scorer(label, "metric", {dataset: {0: scored} for dataset in TRUTH})


def followed(values: Sequence[float | None]) -> Worth:
    return worth_of(of(values), TRUTH)


def rows(section: Section) -> Mapping[str, Sequence[str]]:
    return {row[0]: row[1:] for _, table in section.tables for row in table.rows}


def store(**metrics: Sequence[float | None]) -> list[Record]:
    found = [record for dataset, tests in TESTS.items() for record in truth(dataset, tests)]
    for metric, values in metrics.items():
        found += [record for dataset in TESTS for record in scores(metric, dataset, values)]
    return found


def section(records: Sequence[Record]) -> Section:
    (found,) = sections(make_board(records, frame()), ["worth"])
    return found


def test_the_highest_scores_pick() -> None:
    """b first: .7 of .9 and .4 of .8; b, a, d: .9 of .9 and .6 of .8, and the best of all once."""
    found = followed([3, 4, 1, 2]).means
    assert found["regret@1"] == pytest.approx((0.2 + 0.4) / 2)
    assert found["Rel@1"] == pytest.approx((7 / 9 + 1 / 2) / 2)
    assert found["recall@1"] == 0
    assert found["regret@3"] == pytest.approx((0 + 0.2) / 2)
    assert found["Rel@3"] == pytest.approx((1 + 0.75) / 2)
    assert found["recall@3"] == 0.5


def test_what_ties_leave_open_is_expected() -> None:
    """a or b, each half the time: .1 and .5 are lost; of three the third is c or d: 0 on x; 0 or .2 on y."""
    found = followed([2, 2, 1, 1]).means
    assert found["regret@1"] == pytest.approx((0.1 + 0.5) / 2)
    assert found["recall@1"] == pytest.approx((0.5 + 0) / 2)
    assert found["regret@3"] == pytest.approx((0 + 0.1) / 2)
    assert found["recall@3"] == pytest.approx((1 + 0.5) / 2)


def test_equal_scores_are_a_random_pick_and_have_no_fidelity() -> None:
    """The mean truth is .6 of .9 and .5 of .8; the best is among three of four in three of four cases."""
    flat, chance = followed([1, 1, 1, 1]), worth_of(random_pick(TRUTH), TRUTH)
    assert flat.tied
    assert flat.means == chance.means
    assert flat.means["regret@1"] == pytest.approx(0.3)
    assert flat.means["recall@1"] == pytest.approx(0.25)
    assert flat.means["recall@3"] == pytest.approx(0.75)
    assert flat.means["fidelity"] is None
    assert not followed([1, 1, 1, 2]).tied


def test_fidelity_is_one_where_leads_are_in_proportion() -> None:
    scorer = Scorer(
        "m",
        "metric",
        {dataset: {0: {name: 7 * value for name, value in of.items()}} for dataset, of in TRUTH.items()},
    )
    assert worth_of(scorer, TRUTH).means["fidelity"] == pytest.approx(1)


def test_means_are_over_repeats_first() -> None:
    """Three repeats on x lose 0, .2 and .4; one on y loses .6: .4 in the mean, and not .3."""
    picks = [{"a": 2, "b": 1}, {"b": 2, "a": 1}, {"c": 2, "a": 1}]
    scorer = Scorer("m", "metric", {"x": dict(enumerate(picks)), "y": {0: {"a": 2, "c": 1}}})
    assert worth_of(scorer, TRUTH).means["regret@1"] == pytest.approx((0.2 / 3 + 0.4 / 3 + 0 + 0.6) / 2)


def test_what_is_not_ranked_cannot_be_picked_and_is_counted() -> None:
    """Without a and c the best is b on x and d on y."""
    found = followed([None, 2, None, 1])
    assert found.means["regret@1"] == pytest.approx((0 + 0.2) / 2)
    assert found.means["regret@3"] is None  # there are only two
    assert (found.whole, found.ranked) == (False, [(2, 4), (2, 4)])
    nowhere = worth_of(Scorer("m", "metric", {"x": {0: {}}}), TRUTH)
    assert (nowhere.whole, nowhere.tied, nowhere.ranked) == (False, False, [(0, 4), (0, 4)])
    assert set(nowhere.means.values()) == {None}


NUMBERS = st.integers(0, 5)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(NUMBERS, st.integers(1, 9)), min_size=3, max_size=7))
def test_a_random_pick_is_the_mean_of_all_picks_and_more_picks_never_cost_more(pairs: list[tuple[int, int]]) -> None:
    names = [str(place) for place in range(len(pairs))]
    truths = {"x": {name: y / 10 for name, (_, y) in zip(names, pairs, strict=True)}}
    scorer = Scorer("m", "metric", {"x": {0: {name: x for name, (x, _) in zip(names, pairs, strict=True)}}})
    best = best_of(truths)
    assert best is not None
    chance, found = worth_of(random_pick(truths), truths).means, worth_of(scorer, truths).means
    assert chance["regret@1"] == pytest.approx(best - fmean(truths["x"].values()), abs=1e-12)
    for means in (chance, found):
        assert all(means[measure] is not None for measure in MEASURES[:-1])
        assert (means["regret@3"] or 0) <= (means["regret@1"] or 0) + 1e-12
        assert (means["recall@3"] or 0) >= (means["recall@1"] or 0) - 1e-12


def test_the_table_has_all_metrics_and_floors_and_a_random_pick() -> None:
    found = section(store(good=[3, 4, 1, 2], flat=[1, 1, 1, 1], partial=[None, 2, None, 1], random=[4, 3, 2, 1]))
    shown = rows(found)
    assert [title for title, _ in found.tables] == ["", "Floors"]
    promised = [1, 3, 2, 2, 1, 1]
    kept = ([-0.2, 0.2, 0.4, 0.4, 0.6, -0.2], [0.2, -0.4, -0.2, -0.6, -0.4, -0.2])
    fidelity = fmean(np.corrcoef(promised, held)[0, 1] for held in kept)
    assert shown["good"] == ("**30.0**", "10.0", "63.9", "87.5", "0.0", "50.0", f"**{fidelity:.3f}**", "4/4")
    assert shown["partial †"] == ("10.0", NOTHING, "83.3", NOTHING, "50.0", NOTHING, NOTHING, "2/4")
    assert shown["random"][:7] == ("30.0", "0.0", "62.5", "100.0", "50.0", "100.0", "0.261")
    assert [*shown][-1] == RANDOM
    assert shown["flat"][6] == shown[RANDOM][6] == NOTHING
    assert [cell.strip("*") for cell in shown["flat"]] == [*shown[RANDOM]]


def test_words_say_what_best_rows_and_a_random_pick_cost() -> None:
    """a is picked: 0 and .6 are lost; the floor picks c: .4 and 0, and then d and b: .2 and 0."""
    found = section(store(good=[4, 3, 2, 1], flat=[1, 1, 1, 1], random=[1, 2, 4, 3]))
    assert found.after == (
        "Always fine-tuning the best of all reaches 85.0 % in the mean over the datasets.",
        "Fine-tuning one candidate costs 30.0 points by the best metric, good, flat; 20.0 by the best floor, random; "
        "30.0 by a random pick.",
        "Fine-tuning three costs 0.0 points by the best metric, good; 10.0 by the best floor, random; 5.0 by a random "
        "pick.",
        "Where one is fine-tuned, 0 of 2 metrics that miss nothing cost less than the best floor.",
        "Best rows are found in hindsight, on these very candidates: on others expect to lose more.",
        "All scores equal, so without an order, and worth a random pick: flat.",
    )
    better = section(store(good=[1, 2, 4, 3], random=[4, 3, 2, 1])).after
    assert "1 of 1 metric that miss nothing cost less than the best floor" in " ".join(better)


def test_without_floors_or_metrics_or_anything_it_is_said() -> None:
    alone = section(store(good=[4, 3, 2, 1]))
    assert "floor" not in " ".join(alone.after)
    assert [*rows(alone)] == ["good", RANDOM]
    floors = section(store(random=[4, 3, 2, 1]))
    assert floors.after == ()
    assert [*rows(floors)] == ["random", RANDOM]
    nothing = section([])
    assert (nothing.tables, nothing.before) == (
        (),
        ("Nothing can be followed yet: no candidates with scores and truths.",),
    )


def test_one_dataset_is_enough() -> None:
    records = [record for record in store(good=[3, 4, 1, 2]) if record.key.dataset == "t/x"]
    (found,) = sections(make_board(records, frame(datasets=("t/x",))), ["worth"])
    assert rows(found)["good"][:2] == ("**20.0**", "**0.0**")


def test_saturated_scores_are_marked() -> None:
    records = store()
    for dataset in TESTS:
        for place, name in enumerate(CANDIDATES):
            records.append(score("few", dataset, name, float(place), saturated=["few: too few samples"]))
    found = section(records)
    assert "few ‡" in rows(found)
    assert any(line.startswith("‡ rests on saturated scores") for line in found.before)


def test_a_page_of_published_numbers_needs_no_board() -> None:
    """Scores without repeats, against truths as shares."""
    scorer = Scorer("theirs", "metric", {dataset: {None: {**of, "a": 1.0}} for dataset, of in TRUTH.items()})
    found = rows(following_section([worth_of(scorer, TRUTH)], TRUTH))
    assert found["theirs"][0] == "**30.0**"


@pytest.mark.parametrize("made", [whole_store, lambda: store(good=[3, 4, 1, 2], flat=[1, 1, 1, 1])])
def test_every_number_is_a_mean_of_the_file(made: Callable[[], list[Record]]) -> None:
    board = make_board(made(), whole_frame())
    (found,) = sections(board, ["worth"])
    cells = list(csv.DictReader(io.StringIO(tidy_files(board)["worth.csv"])))
    assert {cell["k"] for cell in cells} == {"1", "3"}
    assert {cell["seed"] for cell in cells if cell["metric"] == RANDOM} == {""}
    for label, shown in rows(found).items():
        ours = [cell for cell in cells if cell["metric"] == label.partition(" †")[0]]
        assert {cell["kind"] for cell in ours} <= {"metric", "floor"}
        for column, (measure, k) in enumerate((measure, k) for measure in ("regret", "rel", "recall") for k in "13"):
            by_dataset = [
                [
                    float(cell[measure])
                    for cell in ours
                    if (cell["dataset"], cell["k"]) == (dataset, k) and cell[measure]
                ]
                for dataset in board.whole.truth
            ]
            means = [fmean(several) for several in by_dataset if several]
            assert shown[column].strip("*") == (percent(fmean(means)) if means else NOTHING)


def test_what_takes_fine_tuned_weights_has_no_row() -> None:
    records = store(good=[4, 3, 2, 1])
    for dataset in TESTS:
        records += scores("after", dataset, [1, 2, 3, 4], touches=["fine-tuned weights"])
    assert "after" not in rows(section(records))
