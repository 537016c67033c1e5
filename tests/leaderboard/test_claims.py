"""What others say of metrics, held against made-up records: what is found does not depend on what is said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import fmean

import pytest

from tbench.leaderboard.board import Board, make_board
from tbench.leaderboard.claim import BoundClaim, Claim, RankingClaim
from tbench.leaderboard.claims import WORST, claims_section
from tbench.leaderboard.contest import Contest, find_contest
from tbench.leaderboard.page import render
from tbench.leaderboard.pool import DRAWS, DRAWS_SEED
from tbench.leaderboard.tables import Table, tau
from tbench.results import Record
from tbench.statistics import agreement, null_means, null_quantile

from .made import CANDIDATES, DATASETS, frame, score, scores, truth

X, Y = [0.9, 0.7, 0.5, 0.3], [0.4, 0.5, 0.8, 0.6]
TRUTH = [*truth("t/x", X), *truth("t/y", Y)]
BOARDS = {"low": ("m/a", "m/b", "m/c"), "high": ("m/b", "m/c", "m/d"), "pair": ("m/a", "m/b")}
RANKS = RankingClaim("it ranks well", "Somebody, 2023", "good", ("low", "high"))
BOUND = BoundClaim("the bound is a bound", "Somebody, 2023", ("tta", "bound"), ("task", "loss"))


def board_of(*records: Record, claim: Claim = RANKS) -> Board:
    return make_board([*TRUTH, *records], frame(boards=BOARDS, claims=(claim,)))


def both(metric: str, x: Sequence[float | None], y: Sequence[float | None], **told: object) -> list[Record]:
    return [*scores(metric, "t/x", x, **told), *scores(metric, "t/y", y, **told)]


def found(board: Board) -> tuple[str, Table | None]:
    section = claims_section(board)
    (_, summary), *details = section.tables
    (row,) = summary.rows
    (claim,) = board.frame.claims
    assert row[:2] == (claim.says, claim.source)
    assert [title for title, _ in details] == [f"“{claim.says}”"] * len(details)
    return row[2], details[0][1] if details else None


def contest_of(board: Board, *titles: str) -> Contest:
    contest = find_contest([pool for pool in board.pools if pool.title in titles], "good")
    assert contest
    return contest


def test_a_claim_holds_where_the_metric_is_above_chance_in_every_pool() -> None:
    words, table = found(board_of(*both("good", X, Y)))
    assert words.startswith("holds: clearly above chance in 2 of 2 pools; over all of them τ_w 1.000, p 0.0")
    assert table
    assert [row[:3] for row in table.rows] == [
        ("low", "2/2", "1.000"),
        ("high", "2/2", "1.000"),
        ("all of them", "4/4", "1.000"),
    ]


def test_it_holds_in_part_or_not_at_all() -> None:
    words, _ = found(board_of(*both("good", [9, 8, 7, 10], [1, 2, 3, 0])))
    assert words.startswith("holds in part: clearly above chance in 1 of 2 pools")
    words, table = found(board_of(*both("good", [-value for value in X], [-value for value in Y])))
    assert words == "does not hold: clearly above chance in 0 of 2 pools; over all of them τ_w -1.000, p 1.0000"
    assert table
    assert {row[4] for row in table.rows} == {"1.0000"}


def test_chance_is_that_of_random_orders_of_the_same_candidates() -> None:
    board = board_of(*both("good", [4, 3, 1, 2], [2, 1, 4, 3]))
    for title, part in (("low", slice(0, 3)), ("high", slice(1, 4))):
        contest = contest_of(board, title)
        value = fmean(agreement(s[part], t[part]).tau_w or 0.0 for s, t in (([4, 3, 1, 2], X), ([2, 1, 4, 3], Y)))
        null = null_quantile([X[part], Y[part]], DRAWS, DRAWS_SEED)
        assert null
        assert (contest.value, contest.quantile) == (pytest.approx(value), null.quantile)
        assert contest.beats_chance == (value > null.quantile)
    everything = null_means([X[:3], Y[:3], X[1:], Y[1:]], DRAWS, DRAWS_SEED)
    contest = contest_of(board, "low", "high")
    assert contest.p == (1 + sum(everything >= contest.value - 1e-9)) / (1 + DRAWS)
    assert (contest.targets, contest.total) == (4, 4)


def test_p_is_one_in_six_for_the_one_best_order_of_three() -> None:
    records = [*truth("t/x", X), *scores("good", "t/x", X)]
    contest = contest_of(make_board(records, frame(boards=BOARDS)), "low")
    assert contest.p == pytest.approx(1 / 6, abs=0.015)
    assert not contest.beats_chance  # nothing can be, with so few orders
    worst = [*truth("t/x", X), *scores("good", "t/x", [-value for value in X])]
    assert contest_of(make_board(worst, frame(boards=BOARDS)), "low").p == 1


def test_the_other_metrics_that_rank_the_same() -> None:
    records = [
        *both("good", [4, 3, 1, 2], [1, 2, 4, 3]),
        *both("best", X, Y),
        *both("best+ped", X, Y),
        *both("same", [4, 3, 1, 2], [1, 2, 4, 3]),
        *both("partial", [None, *X[1:]], Y),
        *both("good:as=old", X, Y, spec="good:x=2"),
        *both("knn", X, Y),
        *both("random", [1, 2, 3, 4], [4, 3, 2, 1]),
    ]
    contest = contest_of(board_of(*records), "high")
    assert [label for label, _ in contest.rivals] == ["best", "best+ped", "partial", "same"]
    assert (contest.better, contest.beaten, contest.level) == (3, 0, ("knn",))
    assert [label for label, _ in contest_of(board_of(*records), "low", "high").rivals] == ["best", "best+ped", "same"]
    words, table = found(board_of(*records))
    assert words.endswith("; floors at least as good: knn")
    assert table
    value = tau(contest.value)
    assert table.rows[1] == (
        *("high", "2/2", value, tau(contest.quantile), f"{contest.p:.4f}"),
        *("3/4", "best", "1.000", "0/2", "knn"),
    )


def test_where_it_beats_the_best_other() -> None:
    records = [*both("good", X, Y), *both("other", X, [2, 1, 4, 3]), *both("random", [1, 2, 3, 4], [4, 3, 2, 1])]
    contest = contest_of(board_of(*records), "low")
    assert (contest.better, contest.beaten, contest.level) == (0, 1, ())
    alone = contest_of(board_of(*both("good", X, Y)), "low")
    assert (alone.rivals, alone.better, alone.beaten) == ((), 0, 0)
    _, table = found(board_of(*both("good", X, Y)))
    assert table
    assert table.rows[0][5:] == ("0/0", "–", "–", "–", "none")


def test_what_is_missing_is_told_and_marked() -> None:
    words, table = found(board_of(*both("good", [*X[:3], None], Y)))
    assert table
    assert [row[2] for row in table.rows] == ["1.000", "1.000 †", "1.000 †"]
    words, table = found(board_of(*both("good", [None, None, *X[2:]], [None, None, *Y[2:]])))
    assert words.startswith("does not hold: clearly above chance in 0 of 2 pools, not tested in 1")
    assert table
    assert [row[0] for row in table.rows] == ["high"]
    for nothing in ([], both("good", [1, 1, 1, 1], [1, 1, 1, 1])):
        assert found(board_of(*nothing)) == ("not tested: good orders nothing here", None)


def test_a_variant_can_be_what_is_claimed() -> None:
    claim = replace(RANKS, ranks="good:as=old")
    words, _ = found(board_of(*both("good:as=old", X, Y, spec="good:x=2"), claim=claim))
    assert words.startswith("holds: ")


def bounds(metric: str, term: str, values: Mapping[str, float], dataset: str = "t/x", seed: int = 0) -> list[Record]:
    return [score(metric, dataset, name, -1.0, seed, terms={term: value}) for name, value in values.items()]


UPPER = {"m/a": 2.0, "m/b": 1.0, "m/c": 1.5, "m/d": 3.0}


def test_a_bound_that_holds_everywhere() -> None:
    records = bounds("tta", "bound", UPPER) + bounds("task", "loss", UPPER | {"m/a": 1.0})
    told = "holds: in 4 of 4 cells. Medians: tta's bound 1.750, task's loss 1.250"
    assert found(board_of(*records, claim=BOUND)) == (told, None)


def test_a_bound_that_fails_somewhere_and_where() -> None:
    lower = {"m/a": 1.0, "m/b": 1.25, "m/c": 2.5}
    records = bounds("tta", "bound", UPPER) + bounds("task", "loss", lower)
    words, table = found(board_of(*records, claim=BOUND))
    assert words == (
        "holds in part: in 1 of 3 cells; where it does not, it is short by 1.000 at most. Medians: tta's bound 1.500, "
        "task's loss 1.250. 1 cell more had only one of the two"
    )
    assert table
    assert table.header == ("candidate", "dataset", "seed", "tta's bound", "task's loss", "short by")
    assert table.rows == (("c", "x", "0", "1.500", "2.500", "1.000"), ("b", "x", "0", "1.000", "1.250", "0.250"))


def test_a_bound_that_never_holds_names_the_worst_cells_only() -> None:
    records = []
    for place, (dataset, seed) in enumerate((dataset, seed) for dataset in DATASETS for seed in (0, 1)):
        upper = dict.fromkeys(CANDIDATES, 1.0 + place)
        records += bounds("tta", "bound", upper, dataset, seed)
        records += bounds(
            "task", "loss", {n: v + place + k / 10 for k, (n, v) in enumerate(upper.items(), 1)}, dataset, seed
        )
        records += truth(dataset, X, seed)
    words, table = found(make_board(records, frame(claims=(BOUND,))))
    assert words.startswith("does not hold: in 0 of 16 cells; where it does not, it is short by 3.400 at most.")
    assert table
    assert table.rows[0] == ("d", "y", "1", "4.000", "7.400", "3.400")
    assert table.rows[WORST:] == (("and 6 more", "", "", "", "", ""),)
    gaps = [float(row[-1]) for row in table.rows[:WORST]]
    assert gaps == sorted(gaps, reverse=True)


@pytest.mark.parametrize(
    ("records", "counts"),
    [
        ([], (0, 0)),
        (bounds("tta", "bound", UPPER), (4, 0)),
        (bounds("tta", "bound", UPPER) + bounds("task", "mean loss", UPPER), (4, 0)),
        (bounds("tta", "bound", {"m/a": 1.0}) + bounds("task", "loss", {"m/b": 1.0}), (1, 1)),
        (scores("tta", "t/x", [1, 2, 3, 4]) + bounds("task", "loss", UPPER), (0, 4)),
    ],
)
def test_a_bound_without_its_numbers_is_not_tested(records: list[Record], counts: tuple[int, int]) -> None:
    words, table = found(board_of(*records, claim=BOUND))
    upper, lower = counts
    assert words == f"not tested: no cell has tta's bound ({upper} have) and task's loss ({lower} have)"
    assert table is None


def test_claims_stand_on_the_page_after_the_smaller_pools() -> None:
    page = render(make_board([*TRUTH, *both("good", X, Y)], frame(boards=BOARDS, claims=(RANKS, BOUND))))
    titles = [line for line in page.splitlines() if line.startswith("## ")]
    assert titles.index("## Claims, tested here") == titles.index("## Smaller pools") + 1
    assert "| it ranks well        | Somebody, 2023 | holds: " in page
    assert "| the bound is a bound | Somebody, 2023 | not tested: " in page
    assert claims_section(make_board([], frame())).before == ("The suite names none.",)


def test_claims_need_no_records_to_be_shown() -> None:
    board = make_board([], frame(boards=BOARDS, claims=(RANKS, BOUND)))
    (_, summary), *details = claims_section(board).tables
    assert [row[2].partition(":")[0] for row in summary.rows] == ["not tested", "not tested"]
    assert details == []
