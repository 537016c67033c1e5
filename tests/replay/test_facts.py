"""The published files are whole: every number is one, and belongs to something."""

from __future__ import annotations

import pytest

from tbench.errors import UsageError
from tbench.published.facts import load, names, networks


@pytest.mark.parametrize("name", names())
def test_every_number_is_finite_and_has_a_truth(name: str) -> None:
    suite = load(name)
    assert suite.remarks
    assert suite.truth or suite.times
    for (pool, dataset, _), column in suite.scores.items():
        assert set(column) <= set(suite.truth[pool, dataset])
    columns = [*suite.truth.values(), *suite.scores.values()]
    texts = [text for column in columns for text in column.values()] + [cell.value for cell in suite.printed]
    assert all(abs(float(text)) < 1e9 for text in texts)
    assert set(suite.measures) == set(suite.truth)
    assert all(cell.pool in suite.pools for cell in suite.printed)
    assert all(len(commit) == 40 for commit in suite.commits.values())


@pytest.mark.parametrize("name", names())
def test_no_cell_is_printed_twice(name: str) -> None:
    cells = [(cell.pool, cell.table, cell.dataset, cell.metric, cell.statistic) for cell in load(name).printed]
    assert len(set(cells)) == len(cells)


@pytest.mark.parametrize(
    ("name", "pool", "candidates", "datasets"),
    [
        ("ped", "12 self-supervised ResNet-50", 12, 11),
        ("sfda", "11 supervised CNNs", 11, 11),
        ("transrate-models", "13 models", 13, 4),
        ("transrate-sources", "11 sources", 11, 4),
        ("tllib", "10 CNNs", 10, 8),
        ("parc", "controlled, 32", 32, 7),
        ("parc", "all, 70", 70, 7),
        ("emms", "13 vision transformers", 13, 11),
        ("ncti", "10 self-supervised ResNet-50", 10, 2),
    ],
)
def test_pools_are_as_large_as_they_say(name: str, pool: str, candidates: int, datasets: int) -> None:
    suite = load(name)
    assert (len(suite.candidates(pool)), len(suite.datasets(pool))) == (candidates, datasets)


def test_an_unknown_suite_is_told_with_a_suggestion() -> None:
    with pytest.raises(UsageError, match=r"no published suite 'tlib'; did you mean tllib\?"):
        load("tlib")
    with pytest.raises(UsageError, match="there are emms, etran"):
        load("zzzz")


def test_networks_are_known_by_size_and_accuracy() -> None:
    known = networks()
    assert known["resnet50"].parameters == 25557032
    assert known["resnet50"].top1 == 76.13
    assert all(0 < network.top1 < 100 < network.parameters and network.source for network in known.values())
