"""Datasets of the hub: through a stand-in for the library datasets, whose answers can be chosen, and through itself."""

from __future__ import annotations

import sys
import types

import huggingface_hub
import numpy as np
import pytest
from PIL import Image

from tbench.api import Dataset, DatasetFamily, EvidenceError, UsageError
from tbench_datasets.hf.family import family

PARTS = ("train", "val", "test")


class ClassLabel:
    num_classes = 3


class Table:
    """As much of datasets.Dataset as the family uses."""

    def __init__(self, labels, features):
        self.labels, self.features = labels, features

    def __getitem__(self, index):
        if isinstance(index, slice):
            return {"label": self.labels[index]}
        return {"image": Image.new("L", (4, 3), index), "label": self.labels[index]}

    def select_columns(self, names):
        assert names == ["label"]
        return self


@pytest.fixture
def hub(monkeypatch):
    """The library, with one dataset: change its tables, or the error that it raises."""
    library = types.ModuleType("datasets")
    library.ClassLabel, library.Image = ClassLabel, type("Image", (), {})
    library.features = {"image": library.Image(), "label": ClassLabel()}
    library.tables = {word: Table([0, 1, 2] * 10, library.features) for word in ("train", "validation", "test")}
    library.asked, library.error = [], None

    def snapshot_download(repo, *, repo_type, local_files_only):
        library.asked.append((repo, repo_type, local_files_only))
        return f"/cache/{repo}"

    def load_dataset(folder):
        assert folder.startswith("/cache/")
        if library.error:
            raise library.error
        return library.tables

    library.load_dataset = load_dataset
    monkeypatch.setitem(sys.modules, "datasets", library)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    monkeypatch.delenv("TBENCH_DOWNLOAD", raising=False)
    return library


def sizes(dataset):
    return [len(dataset.split(part, 0).labels) for part in PARTS]


def test_given_parts_are_kept(hub):
    door: DatasetFamily = family
    dataset: Dataset = door.dataset("org/photos")
    assert list(door.names()) == []
    assert (dataset.name, dataset.classes, dataset.measure) == ("hf/org/photos", 3, "accuracy")
    assert sizes(dataset) == [30, 30, 30]
    split = dataset.split("test", 0)
    assert split.labels.tolist() == [0, 1, 2] * 10
    assert (split.images[7] == 7).all()
    assert split.images[7].shape == (3, 4, 3)
    assert hub.asked == [("org/photos", "dataset", True)], "without leave nothing is downloaded"


def test_a_part_whose_labels_are_secret_counts_as_missing(hub):
    hub.tables["test"] = Table([-1] * 30, hub.features)
    assert sizes(family.dataset("photos")) == [24, 6, 30]


def test_other_parts_are_left_alone(hub):
    hub.tables = {"train": hub.tables["train"], "unsupervised": None}
    assert sizes(family.dataset("photos")) == [18, 6, 6]


def test_leave_to_download_is_given_by_the_environment(hub, monkeypatch):
    monkeypatch.setenv("TBENCH_DOWNLOAD", "1")
    assert sizes(family.dataset("org/photos#9")) == [9, 9, 30]
    assert hub.asked == [("org/photos", "dataset", False)]


def test_a_label_column_may_be_named(hub):
    hub.features["coarse"] = ClassLabel()
    assert sizes(family.dataset("photos:label")) == [30, 30, 30]
    with pytest.raises(UsageError, match=r"several columns of class labels; say which, hf/photos:label for one"):
        family.dataset("photos")
    with pytest.raises(UsageError, match=r"has no column fine \(those of class labels: label, coarse\)"):
        family.dataset("photos:fine")


def test_what_is_no_image_classification_is_told(hub):
    del hub.features["label"]
    with pytest.raises(UsageError, match=r"hf/x: has no column of class labels \(those of class labels: none\)"):
        family.dataset("x")
    del hub.features["image"]
    with pytest.raises(UsageError, match=r"hf/x: has 0 columns of images, not one"):
        family.dataset("x")


def test_without_training_labels_there_is_nothing(hub):
    hub.tables = {"test": hub.tables["test"]}
    with pytest.raises(UsageError, match=r"hf/x: has no part train with labels, only test"):
        family.dataset("x")


def test_what_cannot_be_loaded_is_told_in_one_line(hub):
    hub.error = ConnectionError("no route\nto host")
    with pytest.raises(UsageError, match=r"hf/x: cannot be loaded \(no route to host\); set TBENCH_DOWNLOAD=1"):
        family.dataset("x")


def test_a_dataset_that_is_not_in_the_cache_is_told_without_a_look_at_the_network(monkeypatch):
    library = types.ModuleType("datasets")
    library.load_dataset = None
    monkeypatch.setitem(sys.modules, "datasets", library)
    monkeypatch.delenv("TBENCH_DOWNLOAD", raising=False)
    with pytest.raises(UsageError, match=r"hf/nobody/nothing: cannot be loaded \(.*cache.*\); set TBENCH_DOWNLOAD=1"):
        family.dataset("nobody/nothing")


def test_an_image_that_cannot_be_decoded_is_named(hub):
    hub.tables["train"].__class__ = type("Broken", (Table,), {"__getitem__": _broken})
    train = family.dataset("x").split("train", 0)
    with pytest.raises(EvidenceError, match=r"hf/x: image 4 cannot be decoded \(cut short\)"):
        train.images[4]


def _broken(table, index):
    if isinstance(index, slice):
        return Table.__getitem__(table, index)
    raise OSError("cut short")


def test_without_the_library_its_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(UsageError, match=r"hf/x: needs the library datasets; pip install tbench\[hf\]"):
        family.dataset("x")


def test_the_labels_are_read_only(hub):
    labels = family.dataset("x").split("train", 0).labels
    assert labels.dtype == np.int64
    assert not labels.flags.writeable


def test_the_library_itself_reads_a_repository(tmp_path, monkeypatch):
    import datasets

    draws = np.random.default_rng(0)
    for part, count in (("train", 12), ("test", 6)):
        for number in range(count):
            path = tmp_path / "org/pets" / part / ("cat", "dog")[number % 2] / f"{number:02}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(draws.integers(0, 256, (5, 7), dtype=np.uint8)).save(path)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda repo, **words: str(tmp_path / repo))
    dataset = family.dataset("org/pets")
    assert (dataset.classes, dataset.measure) == (2, "accuracy")
    train, val, test = (dataset.split(part, 0) for part in PARTS)
    assert (len(train.labels) + len(val.labels), len(test.labels)) == (12, 6)
    for split in (train, val, test):
        assert {*split.labels.tolist()} == {0, 1}
        assert all(image.shape == (5, 7, 3) and image.dtype == np.uint8 for image in split.images)
    with Image.open(tmp_path / "org/pets/test/dog/01.png") as image:
        dogs = [picture for picture, label in zip(test.images, test.labels, strict=True) if label == 1]
        assert (dogs[0][..., 0] == np.asarray(image)).all()
