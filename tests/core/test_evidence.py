"""The graph: each node once, timed, kept where it is dear, and replaced where a transform says so."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tbench.api import evidence
from tbench.errors import EvidenceError, Inapplicable, MissingEvidence, UsageError
from tbench.evidence.graph import Evidence, Root
from tbench.evidence.shelf import Shelf

FEATURES = np.arange(12.0).reshape(4, 3)
LABELS = np.array([0, 0, 1, 1])


class Nodes:
    """A graph that counts how often each node is computed."""

    def __init__(self) -> None:
        self.calls: list[str] = []

        @evidence(keep=True)
        def dear(images: NDArray[Any]) -> Mapping[str, NDArray[Any]]:
            self.calls.append("dear")
            return {"features": images * 2.0}

        def features(dear: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
            self.calls.append("features")
            return dear["features"]

        def total(features: NDArray[Any]) -> float:
            self.calls.append("total")
            return float(features.sum())

        def names(labels: NDArray[Any]) -> int:
            self.calls.append("names")
            return len(labels)

        def nothing(features: NDArray[Any]) -> float:
            self.calls.append("nothing")
            raise Inapplicable("there is nothing to say")

        self.nodes = {"dear": dear, "features": features, "total": total, "names": names, "nothing": nothing}

    def over(self, **roots: object) -> Evidence:
        given = {name: Root.of(value, f"{name}-1") for name, value in roots.items()}
        return Evidence(given, self.nodes, whose="a candidate")


def test_each_node_is_computed_once_and_timed() -> None:
    made = Nodes()
    graph = made.over(images=FEATURES, labels=LABELS)
    assert graph["total"] == FEATURES.sum() * 2
    assert graph["total"] == FEATURES.sum() * 2
    assert made.calls == ["dear", "features", "total"]
    assert list(graph.cost("total")) == ["dear", "features", "total"]
    assert all(cost.seconds > 0 and cost.machine for cost in graph.cost("total").values())
    assert graph.cost("labels") == {}


def test_given_evidence_stands_before_computed() -> None:
    made = Nodes()
    assert made.over(features=FEATURES)["total"] == FEATURES.sum()
    assert made.calls == ["total"]


def test_values_are_read_only_wherever_they_come_from() -> None:
    graph = Nodes().over(images=FEATURES, labels=LABELS)
    for array in (graph["features"], graph["labels"], graph["dear"]["features"]):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 5


def test_a_failure_is_not_tried_again() -> None:
    made = Nodes()
    graph = made.over(images=FEATURES)
    for _ in range(2):
        with pytest.raises(Inapplicable, match="nothing to say"):
            graph["nothing"]
    assert made.calls.count("nothing") == 1


def test_missing_and_unknown_evidence_is_told() -> None:
    graph = Nodes().over(features=FEATURES)
    with pytest.raises(MissingEvidence, match="a candidate gives no source_probabilities"):
        graph["source_probabilities"]
    with pytest.raises(UsageError, match="no installed package gives evidence called 'featurs'; did you mean features"):
        graph["featurs"]


def test_lengths_are_checked_as_evidence_comes_in() -> None:
    graph = Nodes().over(features=FEATURES, labels=LABELS[:3])
    assert graph["features"] is not None
    with pytest.raises(EvidenceError, match="features 4, labels 3"):
        graph["labels"]


def test_dear_evidence_is_kept_with_what_it_cost(tmp_path: Path) -> None:
    first, second = Nodes(), Nodes()
    before = first.over(images=FEATURES)
    before.shelf = Shelf(tmp_path)
    after = second.over(images=FEATURES)
    after.shelf = Shelf(tmp_path)
    assert np.array_equal(before["features"], after["features"])
    assert second.calls == ["features"]
    assert after.cost("dear") == before.cost("dear")


def test_damaged_evidence_is_computed_again_and_said(tmp_path: Path) -> None:
    first, second, third = Nodes(), Nodes(), Nodes()
    graphs = [nodes.over(images=FEATURES) for nodes in (first, second, third)]
    for graph in graphs:
        graph.shelf = Shelf(tmp_path)
    expected = graphs[0]["features"]
    (data,) = tmp_path.rglob("*.safetensors")
    content = bytearray(data.read_bytes())
    content[-1] ^= 1
    data.write_bytes(content)
    assert np.array_equal(graphs[1]["features"], expected)
    assert second.calls == ["dear", "features"]
    assert ["checksum" in notice and "computed again" in notice for notice in graphs[1].notices] == [True]
    assert np.array_equal(graphs[2]["features"], expected)
    assert (third.calls, graphs[2].notices) == (["features"], [])


def test_other_content_is_not_taken_for_the_same(tmp_path: Path) -> None:
    first, second = Nodes(), Nodes()
    one = first.over(images=FEATURES)
    other = Evidence({"images": Root(lambda: FEATURES + 1, "images-2")}, second.nodes)
    one.shelf = other.shelf = Shelf(tmp_path)
    assert one["total"] != other["total"]
    assert second.calls == ["dear", "features", "total"]


def test_what_is_taken_by_shards_goes_on_where_it_was_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tbench.evidence.graph.SHARD", 3)
    images = np.arange(8.0).reshape(8, 1)
    seen: list[list[float]] = []
    cut_off = [True]

    @evidence(keep=True, shards="images")
    def dear(images: NDArray[Any]) -> Mapping[str, NDArray[Any]]:
        if cut_off[0] and 6.0 in images:
            raise RuntimeError("the power went out")
        seen.append(images[:, 0].tolist())
        return {"features": images * 2.0}

    def graph() -> Evidence:
        return Evidence({"images": Root.of(images, "images-1")}, {"dear": dear}, Shelf(tmp_path), "a candidate")

    with pytest.raises(RuntimeError, match="power"):
        graph()["dear"]
    cut_off[0] = False
    first = graph()
    assert (first["dear"]["features"] == images * 2.0).all()
    assert seen == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0], [6.0, 7.0]]
    again = graph()
    assert (again["dear"]["features"] == images * 2.0).all()
    assert len(seen) == 3
    assert again.costs == first.costs  # the sum over all shards, whenever they were made
    unkept = Evidence({"images": Root.of(images)}, {"dear": dear})
    assert (unkept["dear"]["features"] == images * 2.0).all()
    assert seen[-1] == images[:, 0].tolist()  # at once: nothing could be lost


def test_evidence_without_identity_is_not_kept(tmp_path: Path) -> None:
    graph = Evidence({"images": Root(lambda: FEATURES)}, Nodes().nodes, Shelf(tmp_path))
    assert graph["total"] == FEATURES.sum() * 2
    assert not list(tmp_path.rglob("*"))


def shift(features: NDArray[Any], names: int, *, by: float = 1.0) -> NDArray[Any]:
    return features + by * names


def test_a_transform_replaces_features_and_all_that_rests_on_them() -> None:
    made = Nodes()
    graph = made.over(images=FEATURES, labels=LABELS)
    moved = graph.moved("shift", shift, {"by": 2.0})
    assert moved["total"] == graph["total"] + FEATURES.size * 8
    assert moved["names"] == 4
    assert graph.moved("shift", shift, {"by": 2.0}) is moved
    assert sorted(made.calls) == ["dear", "features", "names", "total", "total"]
    assert list(moved.cost("total")) == ["dear", "features", "names", "features+shift", "total+shift"]
    assert list(moved.cost("names")) == ["names"]


def test_a_transform_that_changes_the_shape_is_refused() -> None:
    graph = Nodes().over(images=FEATURES, labels=LABELS)
    with pytest.raises(EvidenceError, match=r"transform half turned \(4, 3\) into \(2, 3\)"):
        graph.moved("half", lambda features: features[:2], {})["total"]
