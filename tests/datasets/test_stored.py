"""What the families of stored datasets share: draws by class, parts, and images that are read when looked at."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbench.api import Dataset, Split, UsageError
from tbench_datasets.pictures import Pictures
from tbench_datasets.stored import Stored, asked
from tbench_datasets.stratified import order, parted, stream, validated

labels = st.lists(st.integers(0, 5), min_size=1, max_size=80).map(np.array)


def numbered(count, classes):
    """Images that show their own number."""
    images = np.broadcast_to(np.arange(count, dtype=np.uint8)[:, None, None, None], (count, 2, 2, 3))
    return Split(images, np.arange(count) % classes)


def shown(split):
    return [int(image[0, 0, 0]) for image in split.images]


@given(labels, st.integers(0, 9))
def test_an_order_is_a_permutation_that_shows_each_class_before_any_twice(labels, seed):
    drawn = order(labels, stream(seed))
    classes = np.unique(labels)
    assert sorted(drawn) == list(range(len(labels)))
    assert sorted(labels[drawn[: len(classes)]]) == classes.tolist()


@given(st.integers(1, 6), st.integers(1, 12), st.integers(0, 9), st.data())
def test_each_start_of_an_order_is_balanced_where_classes_are(classes, each, seed, data):
    labels = np.tile(np.arange(classes), each)
    size = data.draw(st.integers(1, len(labels)))
    counts = np.bincount(labels[order(labels, stream(seed))[:size]], minlength=classes)
    assert counts.max() - counts.min() <= 1


@given(labels, st.integers(0, 9), st.data())
def test_no_class_is_ahead_of_another_by_more_than_one_image(labels, seed, data):
    size = data.draw(st.integers(1, len(labels)))
    drawn = order(labels, stream(seed))[:size]
    present, counts = np.unique(labels, return_counts=True)
    taken = np.array([(labels[drawn] == one).sum() for one in present])
    last, following = (
        (taken - 1) / counts,
        taken / counts,
    )  # places of the last that is in, and of the first that is not
    assert last.max() <= following.min() + 1e-12


def test_an_order_depends_on_its_words_alone():
    labels = np.arange(60) % 4
    assert (order(labels, stream("train", 3)) == order(labels, stream("train", 3))).all()
    assert (order(labels, stream("train", 3)) != order(labels, stream("train", 4))).any()
    assert order(labels, stream("parts"))[:8].tolist() == [7, 52, 9, 26, 47, 25, 40, 34], "draws are not what they were"


def test_several_labels_per_image_are_shuffled():
    drawn = order(np.ones((30, 4), dtype=int), stream(0))
    assert sorted(drawn) == list(range(30))
    assert drawn.tolist() != list(range(30))


@given(st.lists(st.integers(0, 4), min_size=12, max_size=60).map(np.array))
def test_parts_hold_each_image_once_and_train_each_class(labels):
    parts = parted(Split(numbered(len(labels), 1).images, labels), "x")
    assert sorted(number for part in parts for number in shown(part)) == list(range(len(labels)))
    assert set(parts[0].labels) == set(labels)
    assert all(len(part.labels) for part in parts)


def test_parts_are_in_proportion():
    assert [np.bincount(part.labels).tolist() for part in parted(numbered(40, 4), "x")] == [[6] * 4, [2] * 4, [2] * 4]
    assert [np.bincount(part.labels).tolist() for part in validated(numbered(40, 4), "x")] == [[8] * 4, [2] * 4]


def test_a_class_of_one_image_is_in_train():
    labels = np.array([0] * 20 + [1, 2, 3])
    train, val, test = parted(Split(numbered(23, 1).images, labels), "x")
    assert set(train.labels) == {0, 1, 2, 3}
    assert set(val.labels) == set(test.labels) == {0}


@pytest.mark.parametrize("cut", [parted, validated])
def test_too_few_images_are_told(cut):
    with pytest.raises(UsageError, match=r"folder/x: 3 images are too few to set some aside; give more"):
        cut(numbered(3, 3), "folder/x")


def stored(few=None):
    parts = {"train": numbered(200, 4), "val": numbered(40, 4), "test": numbered(80, 4)}
    return Stored("family/name", 4, "accuracy", parts, few)


def test_without_a_wish_every_seed_gives_all():
    dataset: Dataset = stored()
    for part, size in (("train", 200), ("val", 40), ("test", 80)):
        assert len(dataset.split(part, 0).labels) == size
        assert shown(dataset.split(part, 0)) == shown(dataset.split(part, 7))


def test_a_few_are_drawn_by_the_seed_from_train_alone():
    dataset = stored(few=20)
    first, second = dataset.split("train", 0), dataset.split("train", 1)
    assert np.bincount(first.labels).tolist() == np.bincount(second.labels).tolist() == [5] * 4
    assert shown(first) != shown(second)
    assert shown(first) == shown(dataset.split("train", 0))
    assert [number % 4 for number in shown(first)] == first.labels.tolist(), "an image lost its label"
    assert len(dataset.split("val", 0).labels) == 4
    assert shown(dataset.split("val", 0)) == shown(dataset.split("val", 1))
    assert len(dataset.split("test", 0).labels) == 80
    assert not first.images.flags.writeable
    assert not first.labels.flags.writeable


def test_with_a_few_no_more_than_2000_are_tested():
    labels = np.arange(4000) % 4
    many = Split(np.zeros((4000, 1, 1, 3), np.uint8), labels)
    assert (
        len(Stored("x/y", 4, "accuracy", {"train": many, "val": many, "test": many}, 40).split("test", 0).labels)
        == 2000
    )


@pytest.mark.parametrize("few", [0, 3, 201])
def test_a_number_that_cannot_be_drawn_is_told(few):
    with pytest.raises(UsageError, match=r"family/name: ask for 4 \(one per class\) to 200 \(all\) training images"):
        stored(few)


def test_a_number_is_read_off_a_name():
    assert asked("/a/b.npz#300") == ("/a/b.npz", 300)
    assert asked("/a/b#c.npz") == ("/a/b#c.npz", None)
    assert asked("/a/b") == ("/a/b", None)


def test_pictures_are_read_one_by_one_and_only_when_looked_at():
    looked = []

    def read(number):
        looked.append(number)
        return np.full((number + 1, 2, 3), number, dtype=np.uint8)

    pictures = Pictures(read, np.array([4, 2, 7, 1]))
    assert (len(pictures), looked) == (4, [])
    assert pictures[1].shape == (3, 2, 3)
    assert looked == [2]
    assert [len(image) for image in pictures[2:]] == [8, 2]
    assert looked == [2, 7, 1]
    assert [len(image) for image in pictures] == [5, 3, 8, 2]
    assert len(pictures[-1]) == 2
    assert not pictures[0].flags.writeable
    with pytest.raises(IndexError):
        pictures[4]
    with pytest.raises(ValueError, match="read-only"):
        pictures[0][0] = 1
