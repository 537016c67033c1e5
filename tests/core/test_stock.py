"""Datasets and candidates by name, and what is still true of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tbench.api import Split
from tbench.errors import UsageError
from tbench.results import Key, Record
from tbench.stock import Stock


def test_splits_are_read_only_and_drawn_once() -> None:
    stock = Stock()
    train = stock.split("mini/digits", "train", 0)
    assert train is stock.split("mini/digits", "train", 0)
    assert not np.asarray(train.images).flags.writeable
    assert not train.labels.flags.writeable
    assert stock.fingerprint("mini/digits", 0) == Stock().fingerprint("mini/digits", 0)
    assert stock.fingerprint("mini/digits", 0) != stock.fingerprint("mini/digits", 1)


@pytest.mark.parametrize("name", ["mini/resnet-mixx", "minni/resnet-mix", "resnet-mix"])
def test_unknown_candidates_are_told(name: str) -> None:
    with pytest.raises(UsageError):
        Stock().candidate(name)


def test_what_was_measured_with_other_weights_is_not_known() -> None:
    stock = Stock()
    key = Key("score", "mini", "mini/digits", "mini/resnet-mix", "lfc:kernel=linear", 0)
    record = Record(key, "ok", 0.5, provenance={"weights": stock.candidate("mini/resnet-mix").fingerprint})
    assert stock.still_true([record], "float32", "run") == {key: "ok"}
    assert stock.still_true([replace(record, provenance={"weights": "others"})], "float32", "run") == {}
    assert stock.still_true([replace(record, provenance={}, status="inapplicable", value=None)], "float32", "run") == {
        key: "inapplicable"
    }
    gone = replace(record, key=replace(key, candidate="mini/gone"))
    assert list(stock.still_true([gone], "float32", "run")) == [gone.key]


def test_what_another_run_fine_tuned_is_not_known() -> None:
    key = Key("score", "mini", "mini/digits", "mini/resnet-mix", "parameter-distance:distance=mean-abs", 0)
    record = Record(key, "ok", 0.5, provenance={"finetuning": "run"})
    assert Stock().still_true([record], "float32", "run") == {key: "ok"}
    assert Stock().still_true([record], "float32", "another run") == {}


def test_content_that_says_who_it_is_is_not_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Told:
        name, classes, measure = "told/one", 2, "accuracy"

        def split(self, part: str, seed: int) -> Split:
            return Split(np.zeros((2, 4, 4, 3), np.uint8), np.array([0, 1]), f"{part} {seed}")

    stock = Stock()
    monkeypatch.setattr(stock, "dataset", lambda name: Told())
    assert stock.fingerprint("told/one", 3) == "train 3"


def test_a_dataset_has_no_layer(tmp_path: Path) -> None:
    stock = Stock()
    with pytest.raises(UsageError, match=f"there is no {tmp_path}/my@photos"):
        stock.dataset(f"folder/{tmp_path}/my@photos")
    with pytest.raises(UsageError, match="'digits' is not family/name"):
        stock.dataset("digits")


def test_what_is_not_on_this_machine_is_told_beforehand() -> None:
    told = Stock().absent(["mini/resnet-mix", "mini/resnet-mixx"], ["mini/digits", "folder/nowhere"])
    assert set(told) == {"mini/resnet-mixx", "folder/nowhere"}
    assert "there is no nowhere" in told["folder/nowhere"]


def test_without_its_reference_set_a_suite_fails_only_where_that_is_asked_for() -> None:
    stock = Stock()
    here, gone = stock.reference("mini/digits"), stock.reference("folder/nowhere")
    assert here.known_as == stock.fingerprint("mini/digits", 0)
    assert here.load() is stock.split("mini/digits", "train", 0).images
    for ask in (lambda: gone.known_as, gone.load):
        with pytest.raises(UsageError, match="there is no nowhere"):
            ask()
