"""What it would have been worth to follow published scores, by hand."""

from __future__ import annotations

from tbench.leaderboard.tables import Section
from tbench.published.facts import Published
from tbench.published.following import worth_sections
from tbench.published.rankings import by_pool
from tests.replay.made import DATASET, METRIC, POOL, column, on_two, published


def sections(suite: Published) -> list[Section]:
    return [*worth_sections(suite, by_pool(suite))]


def rows(section: Section) -> dict[str, tuple[str, ...]]:
    return {row[0].strip("*"): row for _, table in section.tables for row in table.rows}


def test_points_are_lost_by_what_scores_put_first() -> None:
    """On the one m2 is picked, 40 - 30 are lost; on the other m3, nothing. Of three, none."""
    scores = {
        (POOL, DATASET, METRIC): column(["1", "2", "9", "4"]),
        (POOL, "other", METRIC): column(["1", "2", "3", "4"]),
    }
    (section,) = sections(on_two(scores))
    assert section.title == "What it is worth to follow it"
    found = rows(section)
    regret, regret_of_three, rel, *_ = (cell.strip("*") for cell in found[METRIC][1:])
    assert (regret, regret_of_three, rel) == ("5.0", "0.0", f"{100 * (30 / 40 + 1) / 2:.1f}")
    assert found["a random pick"][1] == f"{((40 - 25) + (45 - 26.25)) / 2:.1f}"
    assert found[METRIC][-1] == "4/4"


def test_a_candidate_without_a_score_cannot_be_picked() -> None:
    scores = {(POOL, DATASET, METRIC): {"m0": "2", "m1": "1"}, (POOL, "other", METRIC): column(["1", "2", "3", "4"])}
    (section,) = sections(on_two(scores))
    row = rows(section)[f"{METRIC} †"]
    assert row[1] == "5.0"  # among m0 and m1: 20 - 10; nothing on the other
    assert row[-1] == "2–4/4"


def test_a_truth_that_is_no_share_has_no_points() -> None:
    scores = {(POOL, dataset, METRIC): column(["1", "2", "3", "4"]) for dataset in (DATASET, "other")}
    assert sections(on_two(scores, "mean squared error")) == []


def test_several_pools_are_explained_once() -> None:
    pools = ("one", "two")
    truth = {(pool, name): column(["10", "20", "30", "40"]) for pool in pools for name in ("a", "b")}
    scores = {(*key, METRIC): column(["1", "2", "3", "4"]) for key in truth}
    suite = published([], [], truth=truth, scores=scores, measures=dict.fromkeys(truth, "accuracy percent"))
    first, second = sections(suite)
    assert (first.title, second.title) == tuple(f"What it is worth to follow it: {pool}" for pool in pools)
    assert first.before[0].startswith("To follow a row")
    assert second.before[0] == "To be read as above: 4 candidates."
