"""Which images metrics see: parts joined without being read, labels reduced, and never taken for one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tbench.api import Split
from tbench.errors import UsageError
from tbench.evidence.extraction import forward
from tbench.joined import Joined
from tbench.probe import HONEST, Probe
from tbench.results import Key, Record
from tbench.stock import Stock

ALL = Probe(("train", "val", "test"), "first")


class Lazy(Sequence[NDArray[np.uint8]]):
    """Images of different sizes that tell when they are read; each is full of its own number."""

    def __init__(self, numbers: Sequence[int], read: list[int]) -> None:
        self.numbers, self.read = numbers, read

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self._image(number) for number in self.numbers[index]]
        return self._image(self.numbers[index])

    def _image(self, number: int) -> NDArray[np.uint8]:
        self.read.append(number)
        return np.full((2 + number % 3, 4, 3), number, np.uint8)


def numbers_of(images: Any) -> list[int]:
    return [int(image[0, 0, 0]) for image in images]


def arrays(*sizes: int, side: int = 4) -> list[NDArray[np.uint8]]:
    numbers = np.arange(sum(sizes), dtype=np.uint8)
    whole = np.broadcast_to(numbers[:, None, None, None], (len(numbers), side, side, 3))
    return np.split(whole, np.cumsum(sizes)[:-1])


@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=4),
    st.booleans(),
    st.one_of(st.none(), st.integers(-25, 25)),
    st.one_of(st.none(), st.integers(-25, 25)),
    st.sampled_from([None, 1, 2, -1]),
)
def test_joined_is_the_parts_one_after_the_other(
    sizes: list[int], lazy: bool, start: int | None, stop: int | None, step: int | None
) -> None:
    parts = arrays(*sizes)
    everything = list(range(sum(sizes)))
    joined = Joined([Lazy(numbers_of(part), []) for part in parts] if lazy else parts)
    assert len(joined) == len(everything)
    assert numbers_of(joined) == everything
    assert numbers_of(joined[start:stop:step]) == everything[start:stop:step]
    assert [int(joined[place][0, 0, 0]) for place in range(-len(everything), 0)] == everything
    with pytest.raises(IndexError):
        joined[len(everything)]


def test_nothing_is_read_before_it_is_asked_for() -> None:
    read: list[int] = []
    joined = Joined([Lazy(range(3), read), Lazy(range(3, 9), read)])
    assert (len(joined), read) == (9, [])
    assert numbers_of(joined[2:4]) == [2, 3]
    assert read == [2, 3]


def test_arrays_of_one_size_stay_arrays_and_within_one_part_are_not_copied() -> None:
    parts = arrays(3, 4)
    joined = Joined(parts)
    within = joined[4:6]
    assert isinstance(within, np.ndarray)
    assert np.shares_memory(within, parts[1])
    assert isinstance(joined[2:5], np.ndarray)
    assert isinstance(Joined([parts[0], *arrays(2, side=5)])[2:4], Joined)


def test_features_of_joined_parts_are_those_of_the_parts() -> None:
    stock = Stock()
    network = stock.candidate("mini/resnet-mix").load()
    parts = [stock.split("mini/digits", part, 0).images[:7] for part in ("train", "val", "test")]
    together = forward(network, Joined(parts), "cpu", "float32")["features"]
    one_by_one = np.concatenate([forward(network, part, "cpu", "float32")["features"] for part in parts])
    np.testing.assert_allclose(together, one_by_one, rtol=1e-4, atol=1e-5)


def test_parts_and_labels_are_joined_in_order() -> None:
    splits = [Split(part, np.arange(len(part))) for part in arrays(2, 1, 3)]
    seen = ALL.of(splits)
    assert numbers_of(seen.images) == [0, 1, 2, 3, 4, 5]
    assert seen.labels.tolist() == [0, 1, 0, 0, 1, 2]
    assert HONEST.of(splits[:1]).labels is splits[0].labels


def test_of_several_labels_the_first_that_is_present() -> None:
    several = np.array([[0, 1, 1], [1, 0, 1], [0, 0, 0], [0, 0, 1]], dtype=np.int64)
    (images,) = arrays(4)
    assert Probe(several_labels="first").of([Split(images, several)]).labels.tolist() == [1, 0, 0, 2]
    assert HONEST.of([Split(images, several)]).labels is several
    for labels in (np.arange(4), np.ones((4, 2)), np.ones((4, 1), dtype=np.int64)):
        assert Probe(several_labels="first").of([Split(images, labels)]).labels is labels


def test_what_is_said_of_a_probe() -> None:
    assert HONEST.words == ""
    assert ALL.words == "training, validation and test images together; of several labels of an image the first"
    assert Probe(("test",)).words == "test images"
    assert Probe(several_labels="first").words == "of several labels of an image the first"


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"scored_on": []}, "scored_on is a list of some of train, val, test, each once"),
        ({"scored_on": ["train", "train"]}, "each once"),
        ({"scored_on": ["training"]}, "each once"),
        ({"several_labels": "second"}, "several_labels is one of all, first, not 'second'"),
    ],
)
def test_mistakes_are_told(table: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=f"suite s: .*{told}"):
        Probe.read(table, "suite s")


def test_without_a_word_the_probe_is_the_honest_one() -> None:
    assert Probe.read({}, "suite s") == HONEST
    assert Probe.read({"scored_on": ["train", "val", "test"], "several_labels": "first"}, "suite s") == ALL


def test_evidence_begins_with_what_the_suite_says() -> None:
    stock = Stock(ALL)
    roots = stock.roots("mini/resnet-mix", "mini/digits", 0)
    parts = [stock.split("mini/digits", part, 0) for part in ALL.scored_on]
    images: Any = roots["images"].load()
    assert len(images) == sum(len(part.labels) for part in parts)
    np.testing.assert_array_equal(images[len(images) - 1], parts[2].images[-1])
    np.testing.assert_array_equal(roots["labels"].load(), np.concatenate([part.labels for part in parts]))


def test_no_two_probes_have_the_same_fingerprint_and_the_honest_one_keeps_its_own() -> None:
    probes = [HONEST, ALL, Probe(ALL.scored_on), Probe(("train",), "first"), Probe(("val",)), Probe(("test", "train"))]
    stocks = [Stock(probe) for probe in probes]
    contents = [stock.content("mini/digits", 0) for stock in stocks]
    assert len(set(contents)) == len(probes)
    assert contents[0] == Stock().fingerprint("mini/digits", 0)
    for stock, content in zip(stocks, contents, strict=True):
        roots = stock.roots("mini/resnet-mix", "mini/digits", 0)
        assert roots["images"].identity == roots["labels"].identity == content


def test_scores_of_other_images_are_not_known() -> None:
    key = Key("score", "s", "mini/digits", "mini/resnet-mix", "lfc:kernel=linear", 0)
    honest = Record(key, "inapplicable")
    other = Record(key, "inapplicable", provenance={"probe": ALL.words})
    run = Record(Key("truth", "s", "mini/digits", "mini/resnet-mix", "finetune:steps=1", 0), "ok", 0.5)
    assert list(Stock().still_true([honest, run], "float32", "run")) == [key, run.key]
    assert list(Stock(ALL).still_true([honest, run], "float32", "run")) == [run.key]
    assert (
        list(Stock().still_true([other], "float32", "run")),
        list(Stock(ALL).still_true([other], "float32", "run")),
    ) == (
        [],
        [key],
    )
