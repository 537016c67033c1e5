"""How sure the means of published pools are, what printed means are worth, and how two truths agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tbench.leaderboard.tables import NOTHING, Section
from tbench.published.ceiling import ceiling_section
from tbench.published.facts import Published, load
from tbench.published.findings import Findings
from tbench.published.lineup import lineup_of
from tbench.published.printed import printed_section
from tbench.published.rankings import by_pool
from tbench.published.replay import replay
from tbench.published.sureness import sureness_sections
from tests.replay.made import DATASET, METRIC, POOL, column, on_two, printed, published

ROOT = Path(__file__).parents[2]


def sections(suite: Published) -> list[Section]:
    return [*sureness_sections(Findings(suite, []))]


def told(section: Section) -> str:
    return " ".join((*section.before, *section.after))


def rows(section: Section) -> dict[str, tuple[str, ...]]:
    return {row[0]: row for _, table in section.tables for row in table.rows}


def test_the_study_is_what_was_published() -> None:
    """Truths as shares; a candidate without a score is missing, and never a 0."""
    suite = on_two(
        {(POOL, DATASET, METRIC): {"m0": "1", "m2": "3"}, (POOL, "other", METRIC): column(["1", "2", "3", "4"])}
    )
    (board,) = by_pool(suite)
    lineup = lineup_of(suite, board)
    assert lineup is not None
    assert [(entry.label, entry.kind, entry.ranked) for entry in lineup.entries] == [
        (METRIC, "metric", "6 of 8 cells"),
        ("mean rank on the other datasets", "floor", "all"),
    ]
    assert lineup.study.truths[:, 0].tolist() == [[0.1, 0.2, 0.3, 0.4], [0.2, 0.1, 0.3, 0.45]]
    np.testing.assert_array_equal(lineup.study.scores[0, 0, 0], [1.0, np.nan, 3.0, np.nan])
    assert lineup.candidates == ("m0", "m1", "m2", "m3")


def test_rows_have_intervals_p_and_coverage() -> None:
    full = column(["1", "2", "3", "4"])
    (section,) = sections(on_two({(POOL, DATASET, METRIC): full, (POOL, "other", METRIC): full}))
    assert section.title == "How sure that is"
    heads = ("row", "mean τ_w", "95 % interval", "models", "without any one", "p", "class", "candidates")
    assert {table.header for _, table in section.tables} == {heads}
    p, group, candidates = rows(section)[METRIC][-3:]
    assert float(p) >= 1 / 24 - 5e-4
    assert (group, candidates) == ("1", "all")
    assert "No seeds and share of the ceiling" in told(section)
    assert "one truth and one score of each candidate are public" in told(section)
    assert "leaves 57.5 points to 100" in told(section)


def test_pools_without_public_scores_have_floors_and_words() -> None:
    (section,) = sections(on_two({}))
    assert [title for title, _ in section.tables] == ["Floors"]
    assert set(rows(section)) == {"mean rank on the other datasets"}
    assert "No scores are public" in told(section)
    assert "Of 4 candidates on 2 datasets, a random order reaches a mean τ_w of" in told(section)
    assert "Half an interval of a floor is" in told(section)


def test_truths_that_are_no_shares_leave_no_room() -> None:
    (section,) = sections(on_two({}, "transferability ratio"))
    assert "points to 100" not in told(section)
    assert ceiling_section(on_two({}, "transferability ratio"), by_pool(on_two({}))).tables == ()


def test_what_nothing_ranks_has_no_section() -> None:
    suite = load("schuture")
    assert [lineup_of(suite, board) for board in by_pool(suite)] == [None]
    assert sections(suite) == []


def test_how_to_read_it_stands_once() -> None:
    found = sections(load("transrate-layers"))
    assert len(found) == 7
    assert "Without any one: the means when one candidate is left out" in found[0].before[0]
    assert found[1].before == ("To be read as above: 4 candidates, 1 dataset; p from all orders there are.",)
    assert found[-1].title == "How sure that is: imagenet resnet34"


def test_the_page_of_the_supervised_pool_shows_what_was_recomputed() -> None:
    """Leave-one-dataset-out .837, ImageNet top-1 .654, LogME .509; W above .8."""
    page = (ROOT / "leaderboards" / "sfda" / "README.md").read_text(encoding="utf-8")
    lines = page.splitlines()
    (logme,) = [line for line in lines if line.startswith("| LogME")]
    assert logme.split("|")[-2].strip() == "0.509"
    sure = page[page.index("## How sure that is") : page.index("## What it is worth to follow it")].splitlines()
    for label, mean in (("mean rank on the other datasets", "0.837"), ("ImageNet top-1", "0.654")):
        (line,) = [line for line in sure if line.startswith(f"| {label}")]
        assert line.split("|")[2].strip() == mean
    assert "The list that ranks by the mean rank on the other datasets gets a mean τ_w of 0.837." in page
    assert "W is above .8: a mean of this pool is never to be quoted without that list's beside it." in page
    assert "ImageNet top-1 0.654 (1 above it)" in page


def test_printed_means_are_taken_where_none_is_printed() -> None:
    cells = [printed("tau_w", value, dataset=name, metric="a") for name, value in ((DATASET, "0.2"), ("other", "0.5"))]
    suite = on_two({})
    suite = published([], [], *cells, truth=suite.truth, scores={}, measures=suite.measures)
    section = printed_section(suite, replay(suite), by_pool(suite))
    assert section is not None
    assert rows(section)["a"] == ("a", "0.2", "0.5", "0.350")
    assert "how many of 1 printed mean lie above: mean rank on the other datasets" in told(section)
    other = published([], [], *cells, truth=suite.truth, scores={}, measures=suite.measures, weights="truth")
    section = printed_section(other, replay(other), by_pool(other))
    assert section is not None
    assert section.after == ()
    assert printed_section(on_two({}), [], by_pool(on_two({}))) is None


def test_two_truths_of_the_same_networks_agree_at_a_half() -> None:
    """As others recomputed it: .541 over eight datasets, .12 on Aircraft."""
    suite = load("sfda")
    (_, table) = ceiling_section(suite, by_pool(suite)).tables[1]
    cells = {row[0]: dict(zip(table.header, row, strict=True)) for row in table.rows}
    tllib = cells["model-spider, 10 CNNs = tllib, 10 CNNs"]
    assert (tllib["mean"], tllib["aircraft"], tllib["shared"]) == ("0.541", "0.119", "10")
    assert not any("etran" in label or "sfda" in label for label in cells)  # the very same numbers, and its own
    assert cells["transrate-models, 13 models"]["aircraft"] == NOTHING
    assert len(table.header) <= 14


def test_noise_of_the_truth_bounds_what_can_be_reached() -> None:
    suite = on_two({})
    (_, table) = ceiling_section(suite, by_pool(suite)).tables[0]
    assert table.header == ("pool", "0.2 points", "0.5 points", "1 points")
    ((name, *reached),) = table.rows
    assert name == POOL
    assert [float(value) for value in reached] == pytest.approx([1.0] * 3, abs=1e-9)  # ten points apart
    near = {(POOL, DATASET): column(["10.0", "10.1", "10.2", "10.3"])}
    close = published([], [], truth=near, scores={}, measures=dict.fromkeys(near, "accuracy percent"))
    ((_, *reached),) = ceiling_section(close, by_pool(close)).tables[0][1].rows
    assert 0.9 > float(reached[0]) > float(reached[1]) > float(reached[2]) > 0


def test_of_one_dataset_no_hierarchy_is_told() -> None:
    suite = published(["1", "2", "3", "4"], ["10", "20", "30", "45"])
    (section,) = sections(suite)
    assert "The pool: m3 is best; the best candidate leaves 55.0 points to 100 on average." in section.after
