"""What a candidate was pre-trained on, as evidence: a sample of its source, and its own head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import tbench
from tbench import stock as stocks
from tbench.api import Network
from tbench.errors import Inapplicable, MissingEvidence
from tbench.evidence.graph import Evidence, Root
from tbench.evidence.shelf import Shelf
from tbench.metric import Catalogue
from tbench.stock import Stock

HEADED, HEADLESS, RANDOM = "mini/resnet-glyph", "mini/resnet-simclr", "mini/resnet-random"


@pytest.fixture(scope="module")
def stock() -> Stock:
    """Which knows few images of a source: there is no need to draw two thousand."""
    known = Stock()
    dataset = known.dataset

    class Few:
        def __init__(self, name: str) -> None:
            self.name = name

        def split(self, part: str, seed: int) -> object:
            whole = dataset("mini/photo").split("train", 0)
            return replace(whole, images=whole.images[:90], labels=whole.labels[:90])

    known.dataset = lambda name: Few(name) if "sample-" in name else dataset(name)
    return known


def evidence(stock: Stock, candidate: str, shelf: Shelf | None = None) -> Evidence:
    roots = stock.roots(candidate, "mini/digits", 0)
    roots |= {"device": Root.of("cpu", "cpu"), "precision": Root.of("float32", "float32"), "seed": Root.of(0)}
    return Evidence(roots, Catalogue.installed().nodes, shelf, candidate)


def test_the_head_on_the_source_gives_its_probabilities(stock: Stock) -> None:
    known = evidence(stock, HEADED)
    features, weight, bias = known["source_features"], known["head_weight"], known["head_bias"]
    assert len(features) == len(known["source_labels"]) == 90
    probabilities = torch.tensor(features @ weight.T + bias).softmax(dim=1).numpy()
    assert known["source_own_probabilities"] == pytest.approx(probabilities, abs=1e-5)
    assert known["source_probabilities"].shape[1] == len(bias) == weight.shape[0]


def test_a_network_without_head_has_a_source_all_the_same(stock: Stock) -> None:
    known = evidence(stock, HEADLESS)
    assert known["source_features"].shape[0] == 90
    for name in ("head_weight", "head_bias", "source_own_probabilities"):
        with pytest.raises(Inapplicable, match="no head for source classes"):
            known[name]


def test_logits_are_those_behind_the_probabilities(stock: Stock) -> None:
    known = evidence(stock, HEADED)
    logits, bias = known["source_logits"], known["head_bias"]
    assert logits == pytest.approx(known["features"] @ known["head_weight"].T + bias, abs=1e-4)
    assert torch.tensor(logits).softmax(dim=1).numpy() == pytest.approx(known["source_probabilities"], abs=1e-5)
    with pytest.raises(Inapplicable, match="no head for source classes"):
        evidence(stock, HEADLESS)["source_logits"]


def test_logits_need_no_linear_head() -> None:
    body, head = nn.Linear(4, 2), nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 3))
    features = np.ones((5, 2), np.float32)
    roots = {"network": Network(body, head, 2, lambda images: images), "forward": {"features": features}}
    known = Evidence(
        {name: Root.of(value) for name, value in (roots | {"device": "cpu"}).items()}, Catalogue.installed().nodes
    )
    assert known["source_logits"] == pytest.approx(head(torch.tensor(features)).detach().numpy())


def test_a_control_has_no_source(stock: Stock) -> None:
    with pytest.raises(MissingEvidence, match=f"{RANDOM} gives no source_images"):
        evidence(stock, RANDOM)["source_features"]


def test_a_head_that_is_not_linear_is_told() -> None:
    network = Network(nn.Identity(), nn.Sequential(nn.Linear(2, 2)), 2, lambda images: torch.zeros(1))
    graph = Evidence({"network": Root.of(network)}, Catalogue.installed().nodes)
    with pytest.raises(Inapplicable, match="not one linear layer"):
        graph["head_weight"]
    flat = Evidence(
        {"network": Root.of(replace(network, head=nn.Linear(2, 3, bias=False)))}, Catalogue.installed().nodes
    )
    assert flat["head_bias"].tolist() == [0, 0, 0]


def test_features_of_a_source_are_passed_once_for_all_targets(stock: Stock, tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    first = evidence(stock, HEADED, shelf)["source_features"]
    again = evidence(stock, HEADED, shelf)
    again.roots = {**again.roots, "source_images": replace(again.roots["source_images"], load=lambda: ["none"])}
    assert np.array_equal(again["source_features"], first)


def test_a_sample_is_the_same_each_time_and_no_larger_than_it_says(
    monkeypatch: pytest.MonkeyPatch, stock: Stock
) -> None:
    monkeypatch.setattr(stocks, "SAMPLE", 30)
    samples = [stock._sample("mini/sample-mix") for _ in range(2)]
    assert len(samples[0].labels) == len(samples[0].images) == 30
    assert samples[0].identity == samples[1].identity
    whole: Sequence[object] = [image.tobytes() for image in stock.dataset("mini/sample-mix").split("train", 0).images]
    places = [whole.index(image.tobytes()) for image in samples[0].images]
    assert places == sorted(places)


def test_terms_are_handed_out_when_asked_for() -> None:
    draws = np.random.default_rng(0)
    given = {"features": draws.normal(size=(60, 5)), "labels": np.arange(60) % 3}
    terms = tbench.score("nleep:repeats=2", terms=True, **given)
    assert terms.keys() == {"sd", "fits", "converged"}
    assert tbench.score("nleep", **given) < 0
