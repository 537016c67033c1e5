"""Files of images and labels: every layout that is allowed, and one line for every other."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbench.api import Dataset, DatasetFamily, EvidenceError, UsageError
from tbench_datasets.arrays.family import family

PARTS = ("train", "val", "test")
N = 20


def arrays(**others):
    random = np.random.default_rng(0)
    given = {"images": random.integers(0, 256, (N, 5, 4, 3), dtype=np.uint8), "labels": np.arange(N) % 2} | others
    return {key: value for key, value in given.items() if value is not None}


def written(tmp_path, **others):
    path = tmp_path / "set.npz"
    np.savez(path, **arrays(**others))
    return path


def dataset_of(tmp_path, **others):
    return family.dataset(str(written(tmp_path, **others)))


def sizes(dataset):
    return [len(dataset.split(part, 0).labels) for part in PARTS]


def words(train, val, test):
    return np.array(["train"] * train + ["val"] * val + ["test"] * test)


def test_the_family_fulfils_the_contract(tmp_path):
    door: DatasetFamily = family
    path = written(tmp_path, split=words(10, 4, 6), class_names=np.array(["no", "yes"]))
    dataset: Dataset = door.dataset(str(path))
    assert list(door.names()) == []
    assert (dataset.name, dataset.classes, dataset.measure) == (f"arrays/{path}", 2, "accuracy")
    assert sizes(dataset) == [10, 4, 6]


def test_given_parts_hold_what_they_were_given(tmp_path):
    everything = arrays()
    mixed = np.random.default_rng(1).permutation(words(8, 5, 7))
    dataset = dataset_of(tmp_path, split=mixed)
    for part in PARTS:
        split = dataset.split(part, 3)
        assert (split.images == everything["images"][mixed == part]).all()
        assert (split.labels == everything["labels"][mixed == part]).all()
        assert (split.images.dtype, split.labels.dtype) == (np.uint8, np.int64)
        assert not split.images.flags.writeable
        assert not split.labels.flags.writeable


def test_without_val_a_fifth_of_train_is_set_aside_class_by_class(tmp_path):
    dataset = dataset_of(tmp_path, split=words(10, 0, 10))
    assert [np.bincount(dataset.split(part, 0).labels).tolist() for part in PARTS] == [[4, 4], [1, 1], [5, 5]]
    assert (dataset.split("val", 0).images == dataset.split("val", 1).images).all()


def test_without_split_all_is_parted(tmp_path):
    dataset = dataset_of(tmp_path)
    assert [np.bincount(dataset.split(part, 0).labels).tolist() for part in PARTS] == [[6, 6], [2, 2], [2, 2]]
    images = [image.tobytes() for part in PARTS for image in dataset.split(part, 0).images]
    assert len(set(images)) == N


def test_a_few_training_images_are_drawn_by_the_seed(tmp_path):
    dataset = family.dataset(f"{written(tmp_path)}#4")
    assert dataset.name.endswith("/set.npz#4")
    assert sizes(dataset) == [4, 2, 4]
    draws = {dataset.split("train", seed).images.tobytes() for seed in range(5)}
    assert len(draws) > 1


@given(channels=st.sampled_from([1, 3]), height=st.integers(4, 7), width=st.integers(4, 7), first=st.booleans())
def test_channels_may_stand_first_or_last(tmp_path_factory, channels, height, width, first):
    images = np.random.default_rng(0).integers(0, 256, (N, height, width, channels), dtype=np.uint8)
    stored = images.transpose(0, 3, 1, 2) if first else images
    dataset = dataset_of(tmp_path_factory.mktemp("a"), images=stored, split=words(10, 4, 6))
    assert (dataset.split("train", 0).images == np.broadcast_to(images, (N, height, width, 3))[:10]).all()


def test_grey_images_need_no_axis_for_it(tmp_path):
    images = np.arange(N * 30, dtype=np.uint8).reshape(N, 6, 5)
    found = dataset_of(tmp_path, images=images, split=words(10, 4, 6)).split("test", 0).images
    assert (found == images[14:, :, :, None]).all()


def test_where_both_readings_fit_channels_come_last(tmp_path):
    images = np.arange(N * 9 * 4, dtype=np.uint8).reshape(N, 3, 4, 3)
    assert dataset_of(tmp_path, images=images).split("train", 0).images.shape[1:] == (3, 4, 3)


def test_several_labels_per_image_are_judged_by_mean_average_precision(tmp_path):
    labels = np.random.default_rng(0).integers(0, 2, (N, 7))
    dataset = dataset_of(tmp_path, labels=labels, split=words(10, 4, 6))
    assert (dataset.classes, dataset.measure) == (7, "map")
    assert (dataset.split("train", 0).labels == labels[:10]).all()


def test_a_class_without_images_counts_if_it_has_a_name(tmp_path):
    assert dataset_of(tmp_path, class_names=np.array(["a", "b", "c"])).classes == 3


@pytest.mark.parametrize(
    ("others", "why"),
    [
        ({"images": None}, "holds no array images; give images and labels"),
        ({"labels": None}, "holds no array labels; give images and labels"),
        ({"images": np.zeros((N, 4, 4, 3))}, "images are float64; give uint8, 0 to 255"),
        ({"images": np.zeros((N, 4, 4, 2), np.uint8)}, r"images have the shape (20, 4, 4, 2); give (N, H, W, C)"),
        ({"images": np.zeros((N, 4), np.uint8)}, r"images have the shape (20, 4); give (N, H, W, C)"),
        ({"images": np.zeros((0, 4, 4, 3), np.uint8)}, r"images have the shape (0, 4, 4, 3); give"),
        ({"labels": np.arange(N - 1) % 2}, "20 images but 19 labels; give one label per image"),
        ({"labels": np.linspace(0, 1, N)}, "labels are float64 of shape (20,); give integers"),
        ({"labels": np.arange(N) % 2 - 1}, "label -1 is out of range; labels count from 0 to 0"),
        ({"labels": np.arange(N) % 3, "class_names": np.array(["a", "b"])}, "label 2 is out of range; labels count"),
        ({"labels": np.full((N, 2), 2)}, "label 2 is out of range; labels count from 0 to 1"),
        (
            {"labels": np.ones((N, 2), int), "class_names": np.array(["a"])},
            "2 columns of labels but 1 class_names; give one name each",
        ),
        ({"split": np.array(["train"] * 19 + ["dev"])}, "split says 'dev'; its words are train, val and test"),
        ({"split": np.array(["train"])}, "split has the shape (1,); give one word per image"),
        ({"split": words(16, 4, 0)}, "split has no test; mark train and test, or leave split out"),
        ({"split": words(0, 4, 16)}, "split has no train; mark train and test, or leave split out"),
        ({"class_names": np.array([{}, 1], dtype=object)}, "is no readable .npz of plain arrays (Object arrays"),
    ],
)
def test_what_a_file_must_not_be_is_told_in_one_line(tmp_path, others, why):
    path = written(tmp_path, **others)
    with pytest.raises(EvidenceError, match=re.escape(why)) as told:
        family.dataset(str(path))
    assert str(told.value).startswith(f"arrays/{path}: ")
    assert "\n" not in str(told.value)


def test_a_file_that_is_none_is_told(tmp_path):
    with pytest.raises(UsageError, match=r"arrays/\S+: there is no file \S+none\.npz; give an \.npz"):
        family.dataset(str(tmp_path / "none.npz"))
    with pytest.raises(UsageError, match="there is no file"):
        family.dataset(str(tmp_path))


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04 cut short"])
def test_a_file_of_another_kind_is_told(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(EvidenceError, match=r"is no readable \.npz of plain arrays"):
        family.dataset(str(tmp_path / "a.npz"))


def test_a_single_array_is_no_dataset(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros(3))
    with pytest.raises(EvidenceError, match=r"is no readable \.npz of plain arrays"):
        family.dataset(str(tmp_path / "a.npy"))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_file_with_a_hole_is_told(tmp_path, save):
    save(tmp_path / "a.npz", **arrays())
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[300:360] = bytes(60)
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(EvidenceError, match=r"is no readable \.npz of plain arrays \(.+\); write it anew"):
        family.dataset(str(tmp_path / "a.npz"))
