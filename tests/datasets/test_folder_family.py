"""Folders of all shapes: parts and none, strays, links, empty and tiny classes, and what cannot be used."""

from __future__ import annotations

import pickle
import zlib

import numpy as np
import pytest
from PIL import Image

from tbench.api import Dataset, DatasetFamily, EvidenceError, UsageError
from tbench_datasets.folder.family import family
from tbench_datasets.pictures import Pictures

PARTS = ("train", "val", "test")


def fill(root, classes):
    """Sub-folders with so many images, each of a colour of its own."""
    for name, count in classes.items():
        (root / name).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            path = root / name / f"{number:03d}.png"
            colour = zlib.crc32(f"{path.relative_to(root.parent)}".encode()) & 0xFFFFFF
            Image.new("RGB", (6, 4), (colour >> 16, colour >> 8 & 255, colour & 255)).save(path)
    return root


def colours(split):
    return [tuple(int(value) for value in image[0, 0]) for image in split.images]


def test_a_folder_without_parts_is_parted(tmp_path):
    door: DatasetFamily = family
    dataset: Dataset = door.dataset(str(fill(tmp_path, {"dog": 10, "cat": 20})))
    assert list(door.names()) == []
    assert (dataset.name, dataset.classes, dataset.measure) == (f"folder/{tmp_path}", 2, "accuracy")
    assert {part: np.bincount(dataset.split(part, 0).labels).tolist() for part in PARTS} == {
        "train": [12, 6],
        "val": [4, 2],
        "test": [4, 2],
    }
    seen = [colour for part in PARTS for colour in colours(dataset.split(part, 0))]
    assert len(set(seen)) == len(seen) == 30


def test_images_are_read_when_looked_at_and_read_only(tmp_path):
    train = family.dataset(str(fill(tmp_path, {"a": 5, "b": 5}))).split("train", 0)
    assert isinstance(train.images, Pictures)
    assert (train.images[0].shape, train.images[0].dtype) == ((4, 6, 3), np.uint8)
    assert not train.images[0].flags.writeable
    assert not train.labels.flags.writeable
    assert len(train.images[1:4]) == 3


def test_labels_follow_the_order_of_class_names(tmp_path):
    dataset = family.dataset(str(fill(tmp_path, {"b": 5, "a": 5, "B": 5})))
    train = dataset.split("train", 0)
    names = ["B", "a", "b"]
    for label, colour in zip(train.labels, colours(train), strict=True):
        path = [tmp_path / names[label] / f"{number:03d}.png" for number in range(5)]
        assert colour in [Image.open(one).getpixel((0, 0)) for one in path]


def test_the_parts_are_the_same_wherever_the_folder_lies(tmp_path):
    one, other = (fill(tmp_path / place / "set", {"a": 9, "b": 7}) for place in ("x", "y"))
    for part in PARTS:
        assert colours(family.dataset(str(one)).split(part, 0)) == colours(family.dataset(str(other)).split(part, 5))


def test_a_few_training_images_are_drawn_by_the_seed(tmp_path):
    dataset = family.dataset(f"{fill(tmp_path, {'a': 40, 'b': 40})}#10")
    assert dataset.name == f"folder/{tmp_path}#10"
    assert np.bincount(dataset.split("train", 0).labels).tolist() == [5, 5]
    assert colours(dataset.split("train", 0)) != colours(dataset.split("train", 1))
    assert colours(dataset.split("val", 0)) == colours(dataset.split("val", 1))


@pytest.mark.parametrize("val", ["val", "valid", "validation", "Val"])
def test_given_parts_are_kept(tmp_path, val):
    for part, count in (("train", 3), (val, 2), ("test", 4)):
        fill(tmp_path / part, {"a": count, "b": 1})
    dataset = family.dataset(str(tmp_path))
    assert [np.bincount(dataset.split(part, 0).labels).tolist() for part in PARTS] == [[3, 1], [2, 1], [4, 1]]


@pytest.mark.parametrize("tested", ["test", "val"])
def test_of_two_parts_the_second_is_for_testing(tmp_path, tested):
    fill(tmp_path / "train", {"a": 10, "b": 10})
    fill(tmp_path / tested, {"a": 3, "b": 3})
    dataset = family.dataset(str(tmp_path))
    assert [np.bincount(dataset.split(part, 0).labels).tolist() for part in PARTS] == [[8, 8], [2, 2], [3, 3]]


def test_a_lone_train_folder_is_parted(tmp_path):
    fill(tmp_path / "train", {"a": 10, "b": 10})
    dataset = family.dataset(str(tmp_path))
    assert [len(dataset.split(part, 0).labels) for part in PARTS] == [12, 4, 4]


def test_a_class_may_be_called_train(tmp_path):
    assert family.dataset(str(fill(tmp_path, {"train": 5, "bus": 5, "car": 5}))).classes == 3


def test_what_is_no_image_is_left_out(tmp_path):
    fill(tmp_path, {"a": 5, "b": 5, "empty": 0, ".hidden": 3, "__MACOSX": 0, "notes": 0})
    for stray in ("a/.DS_Store", "a/Thumbs.db", "a/._000.png", "b/readme.txt", "notes/a.csv", "top.png"):
        (tmp_path / stray).write_text("no image")
    dataset = family.dataset(str(tmp_path))
    assert dataset.classes == 2
    assert sum(len(dataset.split(part, 0).labels) for part in PARTS) == 10


def test_images_may_lie_deeper_and_behind_links(tmp_path):
    fill(tmp_path / "set", {"a": 4, "b/inner/most": 4})
    fill(tmp_path / "elsewhere", {"c": 4})
    (tmp_path / "set/c").symlink_to(tmp_path / "elsewhere/c")
    (tmp_path / "set/a/round").symlink_to(tmp_path / "set/a")
    dataset = family.dataset(str(tmp_path / "set"))
    assert dataset.classes == 3
    assert sum(len(dataset.split(part, 0).labels) for part in PARTS) == 12


def test_a_class_of_one_image_is_for_training(tmp_path):
    dataset = family.dataset(str(fill(tmp_path, {"a": 9, "b": 9, "lone": 1})))
    assert [2 in dataset.split(part, 0).labels for part in PARTS] == [True, False, False]


def test_readers_cross_process_borders(tmp_path):
    train = family.dataset(str(fill(tmp_path, {"a": 5, "b": 5}))).split("train", 0)
    assert colours(pickle.loads(pickle.dumps(train))) == colours(train)


def test_broken_files_are_named_and_counted_at_the_start(tmp_path):
    fill(tmp_path, {"a": 5, "b": 5})
    for number in range(4):
        (tmp_path / "b" / f"z{number}.jpg").write_bytes(b"nothing")
    with pytest.raises(EvidenceError) as told:
        family.dataset(str(tmp_path))
    text = str(told.value)
    assert text.startswith(f"folder/{tmp_path}: 4 of 14 images cannot be read: {tmp_path}/b/z0.jpg (cannot identify")
    assert text.endswith("and 1 more; replace them or take them away")
    assert "z2.jpg" in text
    assert "z3.jpg" not in text
    assert "\n" not in text


def test_a_file_cut_short_is_named_when_it_is_decoded(tmp_path):
    fill(tmp_path, {"a": 5, "b": 5})
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "a/cut.jpg")
    whole = (tmp_path / "a/cut.jpg").read_bytes()
    (tmp_path / "a/cut.jpg").write_bytes(whole[: len(whole) // 2])
    dataset = family.dataset(str(tmp_path))
    with pytest.raises(EvidenceError, match=r"a/cut\.jpg cannot be decoded \(.*truncated.*\); replace it"):
        [list(dataset.split(part, 0).images) for part in PARTS]


def nothing(root):
    return root / "none"


def file(root):
    (root / "a.png").write_text("")
    return root / "a.png"


def bare(root):
    (root / "a").mkdir()
    return root


def flat(root):
    return fill(root, {".": 3})


def lone(root):
    return fill(root, {"a": 3})


def mixed(root):
    return fill(root, {"train/a": 3, "train/b": 3, "test/a": 1, "extra": 3})


def doubled(root):
    return fill(root, {"train/a": 3, "train/b": 3, "val/a": 1, "valid/a": 1})


def unseen(root):
    return fill(root, {"train/a": 3, "train/b": 3, "test/c": 1})


def untested(root):
    return fill(root, {"train/a": 3, "train/b": 3, "test/empty": 0})


def untrained(root):
    return fill(root, {"val/a": 3, "val/b": 3, "test/a": 1})


def tiny(root):
    return fill(root, {"a": 1, "b": 1})


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (nothing, r"there is no \S+none; give a folder"),
        (file, r"a\.png is a file; give a folder"),
        (bare, r"no images in sub-folders of"),
        (flat, r"no images in sub-folders of \S+; give one sub-folder per class"),
        (lone, r"has one class only, a; give one sub-folder per class"),
        (mixed, r"has parts \(test, train\) beside extra; move that away"),
        (doubled, r"one part under two names \(train, val, valid\); keep one"),
        (unseen, r"class c of test has no training image"),
        (untested, r"no images in sub-folders of test of"),
        (untrained, r"has test and val but no train; give the training images, too"),
        (tiny, r"2 images are too few to set some aside"),
    ],
)
def test_what_cannot_be_used_is_told_in_one_line(tmp_path, make, why):
    place = make(tmp_path)
    with pytest.raises(UsageError, match=why) as told:
        family.dataset(str(place))
    assert str(told.value).startswith(f"folder/{place}: ")
    assert "\n" not in str(told.value)


def test_home_is_understood(tmp_path, monkeypatch):
    fill(tmp_path / "photos", {"a": 5, "b": 5})
    monkeypatch.setenv("HOME", str(tmp_path))
    assert family.dataset("~/photos").name == "folder/~/photos"
