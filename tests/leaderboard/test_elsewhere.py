"""How far means hold elsewhere: numbers that can be counted by hand, and what is said where there are none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbench.leaderboard import elsewhere
from tbench.leaderboard.board import Board, make_board
from tbench.leaderboard.elsewhere import SIZES, elsewhere_section, pool_sizes
from tbench.leaderboard.tables import NOTHING, Section
from tbench.results import Record
from tbench.statistics import agreement

from .made import RATES, frame, run, score

NAMES = tuple(f"m/{letter}" for letter in "abcdefg")
FAMILIES = {"first": NAMES[:2], "second": NAMES[2:4], "third": NAMES[4:]}
ORDERS = {"good": [7, 6, 5, 4, 3, 2, 1], "swapped": [6, 7, 5, 4, 3, 2, 1], "random": [1, 2, 3, 4, 5, 6, 7]}


def store(
    orders: Mapping[str, Sequence[float | None]], datasets: Sequence[str] = ("t/x", "t/y"), **told: Any
) -> list[Record]:
    """Truths in the order of the seven candidates on all datasets alike, and so are scores; None leaves one out."""
    found: list[Record] = []
    for dataset in datasets:
        for place, name in enumerate(NAMES):
            found += [run(dataset, name, 0.9 - 0.1 * place, rate=rate) for rate in RATES]
            for metric, values in orders.items():
                if (value := values[place]) is not None:
                    found.append(score(metric, dataset, name, value, **told))
    return found


def board(orders: Mapping[str, Sequence[float | None]], datasets: Sequence[str] = ("t/x", "t/y"), **more: Any) -> Board:
    changes = {"candidates": NAMES, "datasets": tuple(datasets), "families": FAMILIES} | more
    return make_board(store(orders, datasets), frame(**changes))


def table(section: Section, title: str) -> Mapping[str, Sequence[str]]:
    (found,) = [table for named, table in section.tables if named == title]
    return {row[0]: row[1:] for row in found.rows}


def said(section: Section) -> str:
    return " ".join((*section.before, *section.after))


def tau(orders: Sequence[float], members: Sequence[int]) -> float:
    found = agreement([orders[place] for place in members], [-place for place in members]).tau_w
    assert found is not None
    return found


def test_without_one_family_the_others_are_ranked() -> None:
    """Without the first family nothing is swapped; without the others the swap weighs more."""
    section = elsewhere_section(board(ORDERS))
    shown = table(section, "Without one family")
    whole, second, third = (tau(ORDERS["swapped"], rest) for rest in (range(7), (0, 1, 4, 5, 6), (0, 1, 2, 3)))
    assert third < second < whole < 1
    most, to = ("first", 1.0) if 1 - whole > whole - third else ("third", third)
    assert shown["swapped"] == (f"{whole:.3f}", f"{third:.2f} to 1.00", most, f"{to:.3f}")
    assert shown["good"] == ("1.000", "1.00 to 1.00", "first", "1.000")
    assert shown["random"][:2] == ("-1.000", "-1.00 to -1.00")
    assert "Families, and how many candidates each has: first (2), second (2), third (3)." in said(section)
    best = "Best of the metrics that miss nothing without first: good (1.000); without second: good (1.000); without"
    assert best in said(section)


def test_a_family_without_which_too_few_are_left_stays() -> None:
    section = elsewhere_section(board(ORDERS, families={"most": NAMES[:4], "few": NAMES[4:]}))
    assert "Without most fewer than 4 are left, so that it is not left out." in said(section)
    assert table(section, "Without one family")["swapped"][2] == "few"
    none = elsewhere_section(board(ORDERS, families={"all": NAMES}))
    assert "No pools without one family: none leaves 4 candidates." in said(none)
    unnamed = elsewhere_section(board(ORDERS, families={}))
    assert "No pools without one family: suite small names no families of candidates." in said(unnamed)
    assert [title for title, _ in unnamed.tables] == ["Random pools"]


def test_a_metric_without_an_order_in_what_is_left_says_nothing_there() -> None:
    """Only the first candidate, or the first two, have scores of their own."""
    top = elsewhere_section(board({"top": [2, 1, 0, 0, 0, 0, 0], "good": ORDERS["good"]}))
    assert table(top, "Without one family")["top"][2] in ("second", "third")
    lonely = elsewhere_section(board({"top": [1, 0, 0, 0, 0, 0, 0]}, families={"a": NAMES[:1], "b": NAMES[1:]}))
    assert table(lonely, "Without one family")["top"][1:] == (NOTHING, NOTHING, NOTHING)


def test_random_pools_are_ranked_as_the_whole_is_where_nothing_is_wrong() -> None:
    section = elsewhere_section(board(ORDERS | {"partial": [None, *ORDERS["good"][1:]]}))
    (found,) = [table for title, table in section.tables if title == "Random pools"]
    assert found.header == ("mean τ_w in pools of", "4", "6", "7")
    shown = table(section, "Random pools")
    assert shown["good"] == ("1.00 (1.00 to 1.00)", "1.00 (1.00 to 1.00)", "1.00")
    assert shown["random"][0] == "-1.00 (-1.00 to -1.00)"
    assert [*shown] == ["good", "swapped", "random"]  # all pools of 4 and 6 there are
    taus = [tau(ORDERS["swapped"], [place for place in range(7) if place != out]) for out in range(7)]
    low, high = np.quantile(taus, [0.025, 0.975])
    assert shown["swapped"][1] == f"{np.mean(taus):.2f} ({low:.2f} to {high:.2f})"
    assert "A study of 4 of these candidates might have found a mean τ_w of 1.00 as well as one of 1.00 for good" in (
        said(section)
    )


@given(st.integers(0, 400))
def test_sizes_of_pools_end_with_all_and_are_few(candidates: int) -> None:
    sizes = pool_sizes(candidates)
    assert len(sizes) <= SIZES
    assert list(sizes) == sorted(set(sizes))
    assert (sizes[0], sizes[-1]) == (4, candidates) if sizes else candidates < 4
    if candidates <= 14:
        assert {*range(4, candidates, 2)} <= {*sizes}


def test_scores_from_the_whole_pool_are_marked() -> None:
    records = store({"alone": ORDERS["good"]}) + store({"pooled": ORDERS["swapped"]}, touches=["candidate", "pool"])
    section = elsewhere_section(make_board(records, frame(candidates=NAMES, families=FAMILIES)))
    assert [*table(section, "Random pools")] == [*table(section, "Without one family")] == ["alone", "pooled ¶"]
    assert "¶ its scores come from the whole pool" in said(section)
    assert "¶" not in said(elsewhere_section(board(ORDERS)))


def test_datasets_that_put_metrics_in_one_order_are_a_stable_set_up() -> None:
    """good, swapped, and the reverse on each of two datasets: three pairs, which two datasets cannot tell apart."""
    words = said(elsewhere_section(board({**ORDERS, "turned": ORDERS["random"]})))
    assert (
        "put the 3 metrics that miss nothing agree with a Kendall τ of 1.00, the mean over 1 pair of datasets" in words
    )
    assert "Of 3 pairs of these metrics 2 datasets tell apart (95 %) 0 by Nemenyi's test of mean ranks, and" in words
    assert (
        "none by Wilcoxon's signed-rank test of each pair, with Holm's correction: whatever they say, that takes 7"
        in (words)
    )  # 2 / 2 ** 7 * 3 = .047 is the first below .05


def test_pairs_that_can_be_told_apart_are_named() -> None:
    datasets = [f"t/{letter}" for letter in "tuvwxyz"]
    words = said(elsewhere_section(board({**ORDERS, "turned": ORDERS["random"]}, datasets)))
    assert "7 datasets tell apart (95 %) 1 by Nemenyi's test" in words  # two ranks; the difference is 1.25
    told = (
        "3 by Wilcoxon's signed-rank test of each pair, with Holm's correction (good over swapped, good over turned, "
    )
    assert f"{told}swapped over turned)." in words


def test_too_many_pairs_are_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elsewhere, "MOST_PAIRS", 0)
    datasets = [f"t/{letter}" for letter in "tuvwxyz"]
    words = said(elsewhere_section(board({**ORDERS, "turned": ORDERS["random"]}, datasets)))
    assert "by Wilcoxon's signed-rank test so many pairs are not tried." in words


def test_what_is_not_there_is_said() -> None:
    nothing = elsewhere_section(make_board([], frame()))
    assert (nothing.before, nothing.tables) == (("No row orders anything yet.",), ())
    one = said(elsewhere_section(board(ORDERS, ["t/x"])))
    assert "No metrics over datasets: there is but one dataset that ranks candidates." in one
    alone = said(elsewhere_section(board({"good": ORDERS["good"]})))
    assert "No metrics over datasets: 1 of them miss nothing, and it takes two." in alone
    gaps = elsewhere_section(board({"partial": [None, *ORDERS["good"][1:]]}))
    assert "No random pools: every row misses some candidate, dataset or seed." in said(gaps)
    assert [*table(gaps, "Without one family")] == ["partial †"]
    few = [record for record in store(ORDERS) if record.key.candidate in NAMES[:4]]
    small = elsewhere_section(make_board(few, frame(candidates=NAMES[:4])))
    assert "No random pools: there are no more than 4 candidates." in said(small)


def test_a_constant_floor_has_no_row() -> None:
    section = elsewhere_section(board(ORDERS | {"random": [1] * 7}))
    assert [*table(section, "Random pools")] == ["good", "swapped"]


def test_what_would_take_too_long_is_left_out_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elsewhere, "WORK", 100)
    section = elsewhere_section(board(ORDERS))
    assert section.tables == ()
    assert section.before == (
        "No pools without one family: in a pool of this size they would take too long.",
        "No random pools: even 100 of each size would take too long.",
    )
    monkeypatch.setattr(elsewhere, "WORK", 3 * 2 * 49 * 3 * 120)
    assert "of each size up to 120 are drawn" in said(elsewhere_section(board(ORDERS)))
