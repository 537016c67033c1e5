"""All measures pool by pool: means over the targets, what they rest on, and the best."""

from __future__ import annotations

from statistics import fmean

from tbench.leaderboard.board import make_board
from tbench.leaderboard.measures import pools_section
from tbench.leaderboard.tables import tau
from tbench.statistics import agreement

from .made import DATASETS, frame, scores, truth, whole_frame, whole_store

X, Y = [0.9, 0.7, 0.5, 0.3], [0.4, 0.5, 0.8, 0.6]
BOARDS = {"three": ("m/a", "m/b", "m/c"), "pair": ("m/c", "m/d")}


def test_means_over_the_targets_of_the_candidates_of_the_pool() -> None:
    a, b = [1, 4, 3, 9], [4, 3, 1, 2]
    records = [*truth("t/x", X), *truth("t/y", Y)]
    records += [*scores("a", "t/x", a), *scores("a", "t/y", b), *scores("knn", "t/x", X), *scores("knn", "t/y", Y)]
    found = pools_section(make_board(records, frame(boards=BOARDS)))
    (three, table), (pair, _) = found.tables
    assert (three, pair) == ("three", "pair")
    assert table.header == ("metric", "R_p", "τ_K", "τ_w", "targets")
    both = [agreement(a[:3], X[:3]), agreement(b[:3], Y[:3])]
    means = [fmean(getattr(one, name) for one in both) for name in ("pearson", "tau", "tau_w")]
    assert table.rows == (
        ("a", *(f"**{tau(mean)}**" for mean in means), "2/2"),
        ("knn", "1.000", "1.000", "1.000", "2/2"),
    )


def test_a_metric_that_misses_something_is_marked_and_never_best() -> None:
    records = [record for dataset in DATASETS for record in truth(dataset, X)]
    records += [record for dataset in DATASETS for record in scores("whole", dataset, [3, 4, 2, 1])]
    records += [*scores("part", "t/x", X), *scores("part", "t/y", [1, 1, 1, 4])]
    (_, three), (_, pair) = pools_section(make_board(records, frame(boards=BOARDS))).tables
    mean = f"**{tau(agreement([3, 4, 2], X[:3]).tau_w)}**"
    assert {row[0]: row[3:] for row in three.rows} == {"part †": ("1.000", "1/2"), "whole": (mean, "2/2")}
    assert {row[0]: row[3:] for row in pair.rows} == {"part": ("0.000", "2/2"), "whole": ("**1.000**", "2/2")}


def test_each_smaller_pool_has_its_table_with_floors_last() -> None:
    board = make_board(whole_store(), whole_frame())
    found = pools_section(board)
    assert [title for title, _ in found.tables] == list(whole_frame().boards)
    for pool, (_, table) in zip(board.pools[1:], found.tables, strict=True):
        assert [row[0].removesuffix(" †") for row in table.rows] == [line.metric.label for line in pool.blocks]
        assert table.rows[-1][0] == "random"


def test_a_suite_without_smaller_pools_says_so() -> None:
    found = pools_section(make_board(whole_store(), frame()))
    assert (found.before, found.tables) == (("The suite names no smaller pools.",), ())
