"""The probe network is trained on the target alone, always alike, from images of any size."""

from __future__ import annotations

import numpy as np
import pytest

from tbench.errors import Inapplicable
from tbench.evidence import target_probe
from tbench.evidence.attribution import probe_attributions
from tbench.evidence.graph import Evidence, Root
from tbench.evidence.transfer import Head, held_out
from tbench.metric import Catalogue
from tbench.protocol import Protocol
from tbench.stock import Stock


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer steps: enough to tell lying stripes from standing ones."""
    few = Protocol(**{**vars(target_probe.PROTOCOL), "steps": 30})
    monkeypatch.setattr(target_probe, "PROTOCOL", few)


def problem(side: int = 32, count: int = 60) -> tuple[list[np.ndarray], np.ndarray]:
    draws = np.random.default_rng(side)
    labels = np.arange(count) % 2
    images = []
    for label in labels:
        stripes = 60 * (np.arange(side) // max(side // 8, 1) % 2)[:, None, None]
        stripes = stripes + draws.integers(0, 120, (side, side, 3))
        shifted = np.roll(stripes, draws.integers(side), axis=0)
        images.append((shifted if label else shifted.swapaxes(0, 1)).astype(np.uint8))
    return images, labels


@pytest.mark.usefixtures("brief")
@pytest.mark.parametrize("side", [20, 32, 50])
def test_it_learns_and_is_the_same_each_time(side: int) -> None:
    images, labels = problem(side)
    first, again = (target_probe.probe_weights(images, labels, "cpu") for _ in range(2))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    features = target_probe.probe_features(target_probe.probe_network(first), images, "cpu")
    assert features.shape == (60, 128)
    untrained = target_probe.probe_features(target_probe._assemble(None), images, "cpu")
    losses = [held_out(rows, labels)["losses"].mean() for rows in (features, untrained)]
    assert losses[0] < min(losses[1], 0.1)
    assert probe_attributions(target_probe.probe_network(first), images, "cpu").shape == (60, 3, 32, 32)


@pytest.mark.usefixtures("brief")
def test_several_labels_are_learned_and_numbers_are_not() -> None:
    images, labels = problem(count=40)
    several = np.stack([labels, 1 - labels, np.ones_like(labels)], axis=1).astype(np.int8)
    assert target_probe.probe_weights(images, several, "cpu").keys()
    with pytest.raises(Inapplicable, match="regression"):
        target_probe.probe_weights(images, labels[:, None] / 3, "cpu")


@pytest.mark.usefixtures("brief")
def test_it_knows_nothing_of_the_candidate() -> None:
    graph = Evidence({}, Catalogue.installed().nodes)
    for name in ("probe_features", "probe_attributions"):
        assert "probe_weights" in graph.below(name)
        assert not {"network", "features", "seed"} & set(graph.below(name))
    images, labels = problem(count=40)
    evidence = Evidence(
        {"images": Root.of(images), "labels": Root.of(labels), "device": Root.of("cpu")}, Catalogue.installed().nodes
    )
    assert evidence["probe_features"].shape == (40, 128)
    assert evidence.cost("probe_features")["probe_weights"].cpu_seconds > 0


@pytest.mark.parametrize(("name", "learns"), [("photo", True), ("texture", True), ("letters", False)])
def test_so_few_images_teach_it_little_as_the_pages_of_mini_say(name: str, learns: bool) -> None:
    dataset = Stock().dataset(f"mini/{name}")
    train, test = dataset.split("train", 0), dataset.split("test", 0)
    probe = target_probe.probe_network(target_probe.probe_weights(train.images, train.labels, "cpu"))
    seen, unseen = (target_probe.probe_features(probe, split.images, "cpu") for split in (train, test))
    head = Head.fit(seen, train.labels, dataset.classes)
    right = float(((unseen @ head.weight.T + head.bias).argmax(axis=1) == test.labels).mean())
    assert (right > 2 / dataset.classes) == learns
