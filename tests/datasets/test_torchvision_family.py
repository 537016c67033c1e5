"""torchvision's datasets from trees in their true format: parts, labels, measures, and what is said of wrong trees."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torchvision import datasets
from torchvision_trees import WRITERS, trusted

from tbench.api import Dataset, DatasetFamily, EvidenceError, UsageError
from tbench_datasets.torchvision_sets.family import family

PARTS = ("train", "val", "test")
MEMBERS = {  # classes, measure, train, val, test of the tiny trees
    "aircraft": (3, "mean-per-class", 6, 3, 9),
    "caltech101": (2, "mean-per-class", 48, 12, 8),
    "cars": (3, "accuracy", 8, 2, 6),
    "cifar10": (10, "accuracy", 40, 10, 10),
    "cifar100": (100, "accuracy", 80, 20, 100),
    "dtd": (3, "accuracy", 6, 6, 6),
    "emnist": (47, "accuracy", 76, 18, 47),
    "eurosat": (2, "accuracy", 13, 3, 4),
    "fashion-mnist": (10, "accuracy", 24, 6, 20),
    "flowers": (3, "mean-per-class", 3, 3, 6),
    "food": (2, "accuracy", 8, 2, 4),
    "kmnist": (10, "accuracy", 24, 6, 20),
    "mnist": (10, "accuracy", 24, 6, 20),
    "pets": (3, "mean-per-class", 12, 3, 6),
    "sun397": (3, "accuracy", 12, 3, 9),
    "svhn": (10, "accuracy", 16, 4, 10),
    "usps": (10, "accuracy", 16, 4, 10),
    "voc2007": (20, "map", 3, 3, 4),
}
DEAD = ("cars", "sun397")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """One root with the trees of all."""
    root = tmp_path_factory.mktemp("data")
    for write in WRITERS.values():
        write(root)
    return root


@pytest.fixture
def opened(root, monkeypatch):
    """opened(name): the dataset, from the tiny trees."""
    monkeypatch.setenv("TBENCH_DATA", str(root))

    def open_one(name):
        with trusted(name.partition("#")[0], root):
            return family.dataset(name)

    return open_one


def labels(dataset, part):
    return dataset.split(part, 0).labels


def seen(dataset):
    return [image.tobytes() for part in PARTS for image in dataset.split(part, 0).images]


def test_the_family_lists_its_members():
    door: DatasetFamily = family
    assert list(door.names()) == list(MEMBERS) == list(WRITERS)


@pytest.mark.parametrize("name", MEMBERS)
def test_true_trees_give_parts_labels_and_measure(opened, name):
    dataset: Dataset = opened(name)
    classes, measure, *sizes = MEMBERS[name]
    assert (dataset.name, dataset.classes, dataset.measure) == (f"torchvision/{name}", classes, measure)
    assert [len(labels(dataset, part)) for part in PARTS] == sizes
    for part in PARTS:
        split = dataset.split(part, 1)
        assert len(split.images) == len(split.labels)
        assert (split.labels == labels(dataset, part)).all()
        assert not split.labels.flags.writeable
        for image in split.images:
            assert (image.dtype, image.ndim, image.shape[2]) == (np.uint8, 3, 3)
            assert not image.flags.writeable
    if measure != "map":
        assert np.unique(np.concatenate([labels(dataset, part) for part in PARTS])).tolist() == list(range(classes))


@pytest.mark.parametrize("name", ["cifar10", "mnist", "usps", "svhn", "sun397", "eurosat", "cars"])
def test_no_image_is_in_two_parts(opened, name):
    images = seen(opened(name))
    repeated = {"cars": 6, "eurosat": 10}.get(name, 0)  # trees in which the same noise stands twice
    assert len(images) - len(set(images)) == repeated


def test_the_images_are_those_of_the_labels(opened, root):
    dataset = opened("food")
    for part in ("train", "val"):
        split = dataset.split(part, 0)
        for image, label in zip(split.images, split.labels, strict=True):
            folder = root / "food-101/images" / ("apple_pie", "baklava")[label]
            stored = [np.asarray(Image.open(path)).tobytes() for path in folder.iterdir()]
            assert image.tobytes() in stored


def test_validation_images_are_those_of_the_papers_code(opened, root):
    indices = list(range(30))
    np.random.RandomState(0).shuffle(indices)
    everything = datasets.MNIST(root)
    found = opened("mnist").split("val", 0)
    chosen = sorted(indices[:6])
    assert found.labels.tolist() == [everything[i][1] for i in chosen]
    assert all(
        (image[..., 0] == np.asarray(everything[i][0])).all() for image, i in zip(found.images, chosen, strict=True)
    )


def test_grey_images_are_three_times_the_same(opened):
    image = opened("usps").split("train", 0).images[0]
    assert image.shape == (16, 16, 3)
    assert (image[..., 0] == image[..., 1]).all()


def test_svhn_calls_the_digit_0_by_its_name(opened):
    assert labels(opened("svhn"), "test").tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]


def test_voc_counts_difficult_objects_as_absent(opened):
    dataset = opened("voc2007")
    for part, numbers in (("train", (1, 2, 3)), ("val", (4, 5, 6)), ("test", (7, 8, 9, 10))):
        found = labels(dataset, part)
        assert found.shape == (len(numbers), 20)
        assert [np.flatnonzero(row).tolist() for row in found] == [[number] for number in numbers]


def test_caltech101_trains_on_thirty_of_each_class(opened):
    dataset = opened("caltech101")
    train = np.concatenate([labels(dataset, "train"), labels(dataset, "val")])
    assert np.bincount(train).tolist() == [30, 30]
    assert np.bincount(labels(dataset, "test")).tolist() == [3, 5]


def test_sun397_follows_the_lists_whatever_the_order_of_files(opened, monkeypatch):
    found = Path.rglob

    def backwards(path, pattern):
        return iter(sorted(found(path, pattern), reverse=True))

    first = opened("sun397")
    before = seen(first), [labels(first, part).tolist() for part in PARTS]
    monkeypatch.setattr(Path, "rglob", backwards)
    again = opened("sun397")
    assert (seen(again), [labels(again, part).tolist() for part in PARTS]) == before


def test_a_few_training_images_are_drawn_by_the_seed(opened):
    dataset = opened("cifar10#20")
    assert dataset.name == "torchvision/cifar10#20"
    counts = np.bincount(labels(dataset, "train"))
    assert (counts.sum(), counts.min()) == (20, 1)  # of 3 to 5 images in each class
    first, second = ([image.tobytes() for image in dataset.split("train", seed).images] for seed in (0, 1))
    assert first != second


@pytest.mark.parametrize("name", MEMBERS)
@pytest.mark.parametrize("there", [True, False])
def test_data_that_are_not_there_are_told_with_their_layout(name, there, tmp_path, monkeypatch):
    place = tmp_path if there else tmp_path / "none"
    monkeypatch.setenv("TBENCH_DATA", str(place))
    monkeypatch.delenv("TBENCH_DOWNLOAD", raising=False)
    with pytest.raises(
        UsageError, match=rf"torchvision/{name} is not there, or not whole \(.+\); expected under "
    ) as told:
        family.dataset(name)
    assert f"expected under {place}: " in str(told.value)
    assert ("its links are dead" if name in DEAD else "set TBENCH_DOWNLOAD=1") in str(told.value)
    assert "\n" not in str(told.value)
    assert list(tmp_path.iterdir()) == [], "looking has left something behind"


@pytest.mark.parametrize("name", ["cifar10", "flowers", "svhn"])
def test_files_with_other_checksums_are_refused(name, root, monkeypatch):
    monkeypatch.setenv("TBENCH_DATA", str(root))
    with pytest.raises(UsageError, match=rf"torchvision/{name} is not there, or not whole \(.*corrupted.*unchanged"):
        family.dataset(name)


BITTEN = {
    "aircraft": "fgvc-aircraft-2013b/data/images/1000003.jpg",
    "cars": "stanford_cars/cars_test/00002.jpg",
    "dtd": "dtd/dtd/images/banded/banded_0001.jpg",
    "food": "food-101/images/baklava/1006.jpg",
    "pets": "oxford-iiit-pet/images/Birman_7.jpg",
    "voc2007": "VOCdevkit/VOC2007/JPEGImages/000009.jpg",
}


@pytest.mark.parametrize("name", BITTEN)
def test_a_missing_image_is_named_at_the_start(name, tmp_path, monkeypatch):
    WRITERS[name](tmp_path)
    monkeypatch.setenv("TBENCH_DATA", str(tmp_path))
    (tmp_path / BITTEN[name]).unlink()
    with pytest.raises(UsageError, match=rf"\(1 of \d+ images are missing, the first is \S*{BITTEN[name]}\); expected"):
        family.dataset(name)


def test_a_missing_list_is_named(tmp_path, monkeypatch):
    WRITERS["sun397"](tmp_path)
    monkeypatch.setenv("TBENCH_DATA", str(tmp_path))
    (tmp_path / "SUN397/Testing_01.txt").unlink()
    with pytest.raises(UsageError, match=r"sun397 is not there, or not whole \(.*Testing_01\.txt.*Partitions\.zip"):
        family.dataset("sun397")


def test_an_image_of_a_list_that_is_not_there_is_named(tmp_path, monkeypatch):
    WRITERS["sun397"](tmp_path)
    monkeypatch.setenv("TBENCH_DATA", str(tmp_path))
    (tmp_path / "SUN397/y/yard/sun_12.jpg").unlink()
    with pytest.raises(UsageError, match=r"1 images of \S+Training_01\.txt are not there, the first is /y/yard/sun_12"):
        family.dataset("sun397")


def test_strays_in_caltech101_are_named(tmp_path, monkeypatch):
    WRITERS["caltech101"](tmp_path)
    monkeypatch.setenv("TBENCH_DATA", str(tmp_path))
    stray = tmp_path / "caltech101/101_ObjectCategories/Faces/.DS_Store"
    stray.touch()
    with pytest.raises(UsageError, match=rf"{stray} is no image of torchvision/caltech101; take it away"):
        family.dataset("caltech101")


def test_a_class_of_caltech101_must_have_images_left_for_testing(tmp_path, monkeypatch):
    WRITERS["caltech101"](tmp_path)
    monkeypatch.setenv("TBENCH_DATA", str(tmp_path))
    for number in range(31, 34):
        (tmp_path / f"caltech101/101_ObjectCategories/Faces/image_{number:04d}.jpg").unlink()
    with pytest.raises(UsageError, match=r"Faces has 30 images, not more than 30"):
        family.dataset("caltech101")


def test_an_image_that_cannot_be_decoded_is_named(tmp_path, monkeypatch):
    WRITERS["dtd"](tmp_path)
    monkeypatch.setenv("TBENCH_DATA", str(tmp_path))
    broken = tmp_path / "dtd/dtd/images/banded/banded_0002.jpg"
    broken.write_bytes(broken.read_bytes()[:200])
    dataset = family.dataset("dtd")
    with pytest.raises(EvidenceError, match=rf"torchvision/dtd: {broken} cannot be decoded \(.+\); fetch it anew"):
        [list(dataset.split(part, 0).images) for part in PARTS]


def test_names_are_helped():
    with pytest.raises(UsageError, match=r"no dataset 'cifar' here: did you mean torchvision/cifar10"):
        family.dataset("cifar")
    with pytest.raises(UsageError, match=r"no dataset 'imagenet' here: there are aircraft, caltech101, .*voc2007"):
        family.dataset("imagenet")


def test_data_are_looked_for_at_home(tmp_path, monkeypatch):
    monkeypatch.delenv("TBENCH_DATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(UsageError, match=re.escape(f"expected under {tmp_path}/.cache/tbench/data: MNIST/raw/")):
        family.dataset("mnist")


def test_downloads_happen_only_when_they_are_allowed(root, tmp_path, monkeypatch):
    place = tmp_path / "new/place"
    downloads = []

    def download(loader):
        downloads.append(loader)
        if not place.joinpath("MNIST").exists():
            shutil.copytree(root / "MNIST", place / "MNIST")

    monkeypatch.setattr(datasets.MNIST, "download", download)
    monkeypatch.setenv("TBENCH_DATA", str(place))
    monkeypatch.setenv("TBENCH_DOWNLOAD", "0")
    with pytest.raises(UsageError, match="set TBENCH_DOWNLOAD=1"):
        family.dataset("mnist")
    assert downloads == []
    monkeypatch.setenv("TBENCH_DOWNLOAD", "1")
    assert len(labels(family.dataset("mnist"), "train")) == 24
    assert len(downloads) == 1
    family.dataset("mnist")
    assert len(downloads) == 1


def test_a_dead_link_is_not_tried(tmp_path, monkeypatch):
    monkeypatch.setenv("TBENCH_DATA", str(tmp_path))
    monkeypatch.setenv("TBENCH_DOWNLOAD", "1")
    with pytest.raises(UsageError, match=r"torchvision/cars is not there.*its links are dead, so put it there by hand"):
        family.dataset("cars")
