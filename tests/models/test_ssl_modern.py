"""The suite of self-supervised networks that can be had names candidates that exist, and asks nothing they lack."""

from __future__ import annotations

from pathlib import Path

from tbench.suite import load_suite
from tbench_models.timm_family.library import pretrained
from tbench_models.timm_family.network import CLASSES_OF_IMAGENET, _shape

SUITE = load_suite(str(Path(__file__).parents[2] / "benchmark" / "tbench" / "suites" / "ssl_modern.toml"))
NAMES = [name.removeprefix("timm/") for name in SUITE.candidates]


def test_every_candidate_is_a_tag_of_timm() -> None:
    assert len(NAMES) == 20
    assert set(NAMES) <= set(pretrained())


def test_no_candidate_has_a_source_head_and_no_metric_asks_for_one() -> None:
    with_classes = [
        name for name in NAMES if CLASSES_OF_IMAGENET.search(name.partition(".")[2]) and _shape(name).num_classes
    ]
    assert with_classes == []
    assert not {"nce", "leep", "source-accuracy"} & set(SUITE.metrics)


def test_boards_are_pools_of_some_candidates() -> None:
    for members in SUITE.boards.values():
        assert 10 < len(members) < len(NAMES)
