"""Tasks are compared through one network: what it says of them is the same whichever candidate asks."""

from __future__ import annotations

import numpy as np
import pytest

from tbench.errors import Inapplicable, MissingEvidence
from tbench.evidence import common
from tbench.evidence.graph import Evidence, Root
from tbench.evidence.transfer import Head
from tbench.metric import Catalogue
from tbench.stock import Stock

COMMON = "mini/resnet-mix"


@pytest.fixture(scope="module")
def stock() -> Stock:
    return Stock()


def evidence(stock: Stock, candidate: str, network: str = COMMON) -> Evidence:
    roots = stock.roots(candidate, "mini/photo", 0) | stock.common(network)
    roots |= {"device": Root.of("cpu", "cpu"), "precision": Root.of("float32", "float32")}
    return Evidence(roots, Catalogue.installed().nodes, whose=candidate)


def test_a_task_is_the_same_for_all_candidates_and_a_source_for_its_own(
    stock: Stock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(common, "IMAGES", 40)
    glyph, shape, random = (evidence(stock, f"mini/resnet-{source}") for source in ("glyph", "shape", "random"))
    for name in ("common_features", "task_embedding"):
        assert np.array_equal(glyph[name], shape[name])
        assert np.array_equal(glyph[name], random[name])
    assert np.array_equal(glyph["common_features"], evidence(stock, COMMON)["features"])
    assert glyph["task_embedding"].shape == glyph["source_embedding"].shape == shape["source_embedding"].shape
    assert (glyph["task_embedding"] >= 0).all()
    assert not np.allclose(glyph["source_embedding"], shape["source_embedding"])
    assert glyph["common_source_features"].shape == (2000, glyph["common_features"].shape[1])
    with pytest.raises(MissingEvidence, match="resnet-random gives no source_images"):
        random["source_embedding"]


def test_without_a_common_network_nothing_is_compared(stock: Stock) -> None:
    with pytest.raises(MissingEvidence, match="gives no common_network"):
        evidence(stock, COMMON, network="")["common_features"]


def test_a_task_of_one_class_has_no_embedding(stock: Stock) -> None:
    known = evidence(stock, COMMON)
    known.roots = {**known.roots, "labels": Root.of(np.zeros(180, int))}
    with pytest.raises(Inapplicable, match="one class"):
        known["task_embedding"]


def test_drawn_labels_come_near_to_the_expectation(stock: Stock, monkeypatch: pytest.MonkeyPatch) -> None:
    known = evidence(stock, COMMON)
    expected = known["task_embedding"]
    monkeypatch.setattr(common, "EXPECTED", 0)
    drawn = evidence(stock, COMMON)["task_embedding"]
    assert not np.array_equal(drawn, expected)
    assert np.corrcoef(drawn, expected)[0, 1] > 0.9
    assert drawn.sum() == pytest.approx(expected.sum(), rel=0.5)
    assert Head.fit(known["common_features"], known["labels"], 9).weight.shape == (9, known["common_features"].shape[1])
