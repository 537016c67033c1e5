"""How sure means are: numbers that can be counted by hand, and words that follow from them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from tbench.leaderboard import standing
from tbench.leaderboard.board import Board, make_board
from tbench.leaderboard.certainty import certainty_section
from tbench.leaderboard.lineup import Entry, Lineup
from tbench.leaderboard.measured import lineup_of, study_of
from tbench.leaderboard.page import render, sections
from tbench.leaderboard.standing import DRAWS, LEAST_DRAWS, Standing, Standings, draws_of, find_standings, too_large
from tbench.leaderboard.tables import NOTHING, Section
from tbench.results import Record
from tbench.statistics import Study

from .made import CANDIDATES, RATES, frame, run, score, scores, truth, varied_store, whole_frame, whole_store

TESTS = {"t/x": [0.9, 0.7, 0.5, 0.3], "t/y": [0.8, 0.6, 0.4, 0.3]}


def small(seeds: Sequence[int] = (0,), **metrics: Sequence[float]) -> list[Record]:
    """Truths in the order of the candidates, on both datasets alike; the metrics score both alike."""
    found: list[Record] = []
    for seed in seeds:
        for dataset, tests in TESTS.items():
            found += truth(dataset, tests, seed)
            for metric, values in metrics.items():
                found += scores(metric, dataset, values, seed)
    return found


def standings(board: Board) -> Standings:
    found = find_standings(lineup_of(board))
    assert found is not None
    return found


def of(board: Board, label: str) -> Standing:
    return next(row for row in standings(board).rows if row.entry.label == label)


def section(board: Board) -> Section:
    (found,) = sections(board, ["certainty"])
    return found


def said(board: Board) -> str:
    found = section(board)
    return " ".join((*found.before, *found.after))


@pytest.mark.parametrize("store", [whole_store, varied_store])
def test_means_are_those_of_the_first_table(store: Any) -> None:
    board = make_board(store(), whole_frame())
    lines = [line for line in board.whole.blocks if line.metric.kind != "analysis"]
    rows = standings(board).rows
    assert [row.entry.label for row in rows] == [line.metric.label for line in lines]
    for row, line in zip(rows, lines, strict=True):
        assert row.mean == (None if line.mean.value is None else pytest.approx(line.mean.value, abs=1e-12))


def test_p_counts_all_orders_of_four_candidates() -> None:
    """One of 24 agrees with both datasets as well as the truth does, all of them as well as the reverse."""
    board = make_board(small(good=[4, 3, 2, 1], turned=[1, 2, 3, 4]), frame())
    assert (standings(board).shuffles, standings(board).exact) == (24, True)
    assert of(board, "good").p == pytest.approx(1 / 24)
    assert of(board, "turned").p == 1
    assert standings(board).beyond_chance == frozenset()  # 2/24 after Holm
    assert standings(make_board(small(good=[4, 3, 2, 1]), frame())).beyond_chance == {"good"}


def test_each_part_of_the_scatter_is_that_of_its_own_cause() -> None:
    """Truths and scores that repeat have no scatter; scores that differ between seeds have that of repeats alone."""
    found = small((0, 1), good=[4, 3, 2, 1])
    for seed, values in ((0, [4, 3, 2, 1]), (1, [3, 4, 2, 1])):
        for dataset in TESTS:
            found += scores("wavers", dataset, values, seed)
    board = make_board(found, frame())
    good, wavers = of(board, "good"), of(board, "wavers")
    assert (good.models, good.seeds, good.repeats) == (0.0, 0.0, 0.0)
    assert (good.low, good.high, good.least, good.most) == (1.0, 1.0, 1.0, 1.0)
    assert good.share == pytest.approx(1.0)
    assert wavers.seeds == 0.0
    assert wavers.repeats is not None
    assert wavers.repeats > 0.05
    assert wavers.low is not None
    assert wavers.high is not None
    assert wavers.low < wavers.mean <= wavers.high <= 1


def test_without_a_second_seed_a_fourth_candidate_or_a_second_dataset_it_is_said() -> None:
    one = make_board(small(good=[4, 3, 2, 1]), frame())
    row = of(one, "good")
    assert (row.seeds, row.repeats, row.share) == (None, None, None)
    assert "No seeds and share of the ceiling: they take the truths of two seeds." in said(one)
    assert "No repeats: they take scores of two seeds." in said(one)
    few = make_board(
        [r for r in small(good=[4, 3, 2, 1]) if r.key.candidate != "m/d"], frame(candidates=CANDIDATES[:3])
    )
    row = of(few, "good")
    assert (row.low, row.high, row.models, row.least, row.group) == (None, None, None, None, None)
    assert "No intervals and classes: they take 4 candidates." in said(few)
    alone = make_board([r for r in small(good=[4, 3, 2, 1]) if r.key.dataset == "t/x"], frame(datasets=("t/x",)))
    assert "Nothing across datasets: there is but one that ranks candidates." in said(alone)
    assert "The pool: a is best; the best candidate leaves 10.0 points to 100 on average." in said(alone)
    assert section(make_board([], frame())).before == ("No row orders anything yet.",)


def test_coverage_is_shown_and_what_misses_something_has_no_class() -> None:
    board = make_board(whole_store(), whole_frame())
    rows = {row[0]: row for _, table in section(board).tables for row in table.rows}
    assert rows["partial"][1].endswith("†")
    assert rows["partial"][-2:] == (NOTHING, "3/4")
    assert rows["random"][-2:] == (NOTHING, "4/4")
    (without,) = re.findall(r"Without an order, so without a number: ([^.]*)\.", said(board))
    assert "flat" in without.split(", ")
    assert rows["flat"][1:-1] == (NOTHING,) * (len(rows["flat"]) - 2)


def test_a_constant_floor_is_listed_without_a_number() -> None:
    """The same score for all: no tau, no interval, no p; never a 0."""
    board = make_board(small(good=[4, 3, 2, 1], random=[7, 7, 7, 7]), frame())
    constant = of(board, "random")
    assert constant.entry.kind == "floor"
    numbers = (constant.mean, constant.low, constant.high, constant.models, constant.least, constant.most, constant.p)
    assert numbers == (None,) * 7
    assert of(board, "good").mean == 1.0
    (_, (heading, floors)) = section(board).tables
    assert heading == "Floors"
    assert floors.rows == (("random", *(NOTHING,) * (len(floors.header) - 2), "4/4"),)
    only = make_board(small(random=[7, 7, 7, 7]), frame())
    assert find_standings(lineup_of(only)) is None


def test_parts_that_no_row_has_take_no_column() -> None:
    one, two = (make_board(small(seeds, good=[4, 3, 2, 1]), frame()) for seeds in ((0,), (0, 1)))
    heads = ("row", "mean τ_w", "95 % interval", "models", "without any one", "p", "class", "candidates")
    assert section(one).tables[0][1].header == heads
    whole = (*heads[:4], "seeds", "repeats", *heads[4:6], "of ceiling", *heads[6:])
    assert section(two).tables[0][1].header == whole


def test_a_pool_that_one_list_ranks_is_told_as_such() -> None:
    """Both truths have one order: W is 1, a wins both, and the other dataset's ranks are a perfect list."""
    told = said(make_board(small(good=[4, 3, 2, 1]), frame()))
    assert "Kendall's W of the truths is 1.00 (1: the same order on all 2 datasets); a is best on 100 %" in told
    assert "leaves 15.0 points to 100" in told  # (.1 + .2) / 2
    assert "gets a mean τ_w of 1.000; 0 of 1 metric above it." in told
    assert "W is above .8" in told
    assert "W is above .8" not in said(make_board(whole_store(), whole_frame()))


def wide() -> Board:
    """Nine candidates; a metric that knows the truth, one that nearly does, one that knows nothing, and a floor."""
    names = tuple(f"m/{letter}" for letter in "abcdefghi")
    draw = np.random.default_rng(0)
    found: list[Record] = []
    for dataset in TESTS:
        tests = draw.permutation(9)
        nearly, noise, floor = tests + draw.normal(size=9), draw.normal(size=9), draw.normal(size=9)
        for place, name in enumerate(names):
            found += [run(dataset, name, 0.1 + 0.05 * float(tests[place]), rate=rate) for rate in RATES]
            found.append(score("good", dataset, name, float(tests[place])))
            found.append(score("nearly", dataset, name, float(nearly[place])))
            found.append(score("noise", dataset, name, float(noise[place])))
            found.append(score("random", dataset, name, float(floor[place])))
    return make_board(found, frame(candidates=names))


def test_words_follow_from_the_numbers() -> None:
    board = wide()
    found, told = standings(board), said(board)
    assert (found.shuffles, found.exact) == (10_000, False)
    assert f"Above chance (p < 0.05, Holm over the metrics): {len(found.beyond_chance)} of 3 metrics." in told
    assert {"good"} <= found.beyond_chance
    assert "noise" not in found.beyond_chance
    first = [row for row in found.rows if row.group == 1]
    assert f"of 3 metrics that miss nothing, {len(first)} cannot be told from the best, good: good" in told
    floor = of(board, "random").mean
    above = sum(row.mean > floor for row in found.rows if row.entry.kind == "metric")
    assert f"Floors: {above} of 3 metrics that miss nothing have a larger mean than the best floor, random" in told
    assert f"({floor:.3f})" in told


def test_the_study_is_rankings_as_arrays() -> None:
    board = make_board(small((0, 1), good=[4, 3, 2, 1]), frame())
    study = study_of(board, board.whole.lines)
    assert study.scores.shape == (2, 2, 1, 4)
    assert study.truths.tolist() == [[tests, tests] for tests in TESTS.values()]


def test_a_pool_that_would_take_too_long_is_left_out_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    board = make_board(small(good=[4, 3, 2, 1]), frame())
    assert not too_large(lineup_of(board))
    monkeypatch.setattr(standing, "WORK", 1)
    assert too_large(lineup_of(board))
    found = certainty_section(lineup_of(board))
    assert found.tables == ()
    assert found.before == (f"Left out: even {LEAST_DRAWS} draws of a pool of this size would take too long.",)
    assert f"Left out: even {LEAST_DRAWS} draws" in render(board)


def test_larger_pools_have_fewer_draws_and_say_how_many() -> None:
    def draws(candidates: int, datasets: int, rows: int, seeds: int) -> int:
        scores, truths = np.zeros((datasets, seeds, rows, candidates)), np.zeros((datasets, seeds, candidates))
        return draws_of(Study(scores, truths))

    assert draws(4, 2, 1, 1) == DRAWS
    assert DRAWS > draws(14, 8, 45, 3) > draws(14, 16, 45, 3) > draws(14, 16, 45, 9)
    assert draws(100, 25, 4, 1) >= LEAST_DRAWS > draws(100, 25, 40, 10)
    assert "10,000 draws" in said(wide())


def test_any_study_makes_a_section() -> None:
    """Of entries that no record knows of, with candidates missing; truths that are no shares leave no room to 100."""
    entries = (Entry("good", "metric", True, False, "all"), Entry("some", "floor", False, False, "9 of 10 cells"))
    truth = np.array([[[5.0, 4, 3, 2, 1]], [[1.0, 3, 5, 2, 4]]])
    scores = np.stack([truth, truth], axis=2)
    scores[0, 0, 1, 4] = np.nan
    lineup = Lineup(entries, Study(scores, truth), tuple("abcde"), False, "Not shown: the rest.")
    found = certainty_section(lineup)
    cells = {row[0]: row for _, table in found.tables for row in table.rows}
    assert cells["good"][1] == "1.000"
    assert cells["some"][1] == "1.000 †"
    assert cells["some"][-1] == "9 of 10 cells"
    told = " ".join((*found.before, *found.after))
    assert "Not shown: the rest." in told
    assert "points to 100" not in told
