"""What every dataset of the embedded suite promises."""

from __future__ import annotations

import numpy as np
import pytest

from tbench.api import Dataset, DatasetFamily, UsageError
from tbench_datasets.mini.dataset import MiniDataset, balanced, stream
from tbench_datasets.mini.family import family

PARTS = ("train", "val", "test")
TARGETS = {  # classes, train, val, test
    "digits": (10, 100, 400, 997),
    "photo": (9, 180, 300, 1000),
    "letters": (10, 240, 300, 1000),
    "symbols": (12, 240, 300, 1000),
    "typeface": (8, 320, 300, 1000),
    "count": (6, 320, 300, 1000),
    "orient": (8, 640, 300, 1000),
    "texture": (6, 180, 300, 1000),
    "petals": (6, 240, 300, 1000),
}
SINGLE = {"source-glyph": 60, "source-shape": 20, "source-texture": 20, "source-fractal": 40}
SOURCES = {"source-mix": 100, **SINGLE, **{f"{name}-half": classes // 2 for name, classes in SINGLE.items()}}
SAMPLES = {name.replace("source-", "sample-"): classes for name, classes in SOURCES.items()}


def test_the_family_and_its_members_fulfil_the_contract():
    door: DatasetFamily = family
    member: Dataset = door.dataset("digits")
    pairs = [name for pair in zip(SOURCES, SAMPLES, strict=True) for name in pair]
    assert list(door.names()) == [*TARGETS, *pairs, "reference"]
    assert (member.name, member.classes, member.measure) == ("mini/digits", 10, "accuracy")
    assert all(door.dataset(name).name == f"mini/{name}" for name in door.names())


def test_a_misspelt_name_is_answered_with_a_near_one():
    with pytest.raises(UsageError, match=r"no dataset 'digit'.*did you mean mini/digits\?"):
        family.dataset("digit")


def test_a_strange_name_is_answered_with_what_there_is():
    with pytest.raises(UsageError, match=r"no dataset 'imagenet'.*there are digits, photo, .*reference"):
        family.dataset("imagenet")


def assert_sound(split, size, classes):
    assert split.images.shape == (size, 32, 32, 3)
    assert split.images.dtype == np.uint8
    assert split.labels.shape == (size,)
    assert split.labels.dtype == np.int64
    assert np.unique(split.labels).tolist() == list(range(classes))
    assert not split.images.flags.writeable
    assert not split.labels.flags.writeable
    assert (split.images.std(axis=(1, 2, 3)) > 1).all(), "an image shows nothing"


@pytest.mark.parametrize("name", TARGETS)
def test_targets_have_their_sizes_and_classes(drawn, name):
    classes, *sizes = TARGETS[name]
    assert family.dataset(name).classes == classes
    for part, size in zip(PARTS, sizes, strict=True):
        assert_sound(drawn(name, part), size, classes)


@pytest.mark.parametrize("name", TARGETS)
def test_targets_are_balanced(drawn, name):
    for part in ("train",) if name == "digits" else PARTS:
        counts = np.bincount(drawn(name, part).labels)
        assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("name", SOURCES)
def test_sources_have_their_sizes_and_classes(drawn, name):
    source = family.dataset(name)
    assert (source.classes, source.sizes["train"]) == (SOURCES[name], 40_000)
    for part in ("val", "test"):
        split = drawn(name, part)
        assert_sound(split, 1000, SOURCES[name])
        counts = np.bincount(split.labels)
        assert counts.max() - counts.min() <= 1


def test_sources_show_training_images_of_all_their_classes(drawn):
    assert_sound(drawn("source-mix", "train"), 40_000, 100)
    assert (np.bincount(drawn("source-mix", "train").labels) == 400).all()


def test_the_reference_set_shows_the_mix_in_images_of_its_own(drawn):
    reference = drawn("reference", "train")
    assert_sound(reference, 600, 100)
    mixed = {image.tobytes() for image in drawn("source-mix", "train").images}
    assert not mixed & {image.tobytes() for image in reference.images}


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_show_all_classes_of_their_source_in_images_of_their_own(drawn, name):
    assert_sound(drawn(name, "train"), 2000, SAMPLES[name])
    source = drawn(name.replace("sample-", "source-"), "val")
    assert not {image.tobytes() for image in source.images} & {image.tobytes() for image in drawn(name, "train").images}


@pytest.mark.parametrize("name", [*TARGETS, "reference"])
def test_a_seed_fixes_every_byte(drawn, name):
    again = family.dataset(name).split("train", 0)
    assert (again.images == drawn(name, "train").images).all()
    assert (again.labels == drawn(name, "train").labels).all()


@pytest.mark.parametrize("name", TARGETS)
def test_another_seed_redraws_train_alone(drawn, name):
    target = family.dataset(name)
    other = {image.tobytes() for image in target.split("train", 1).images}
    same = sum(image.tobytes() in other for image in drawn(name, "train").images)
    assert same < len(other) / 2  # digits come from a pool of 400, the others are new altogether
    assert same == 0 or name == "digits"
    for part in ("val", "test"):
        again = target.split(part, 1)
        assert (again.images == drawn(name, part).images).all()
        assert (again.labels == drawn(name, part).labels).all()


@pytest.mark.parametrize("name", [*TARGETS, *SOURCES, "reference"])
def test_no_image_is_in_two_parts_or_twice_in_one(drawn, name):
    parts = ("val", "test") if name.startswith("source") else PARTS
    images = [image.tobytes() for part in parts for image in drawn(name, part).images]
    assert len(images) == len(set(images))


def test_streams_differ_by_name_part_and_training_seed():
    keys = [
        ("mini/a", "train", 0),
        ("mini/a", "train", 1),
        ("mini/a", "val", 0),
        ("mini/a", "test", 0),
        ("mini/b", "val", 0),
    ]
    assert len({stream(*key).randint(2**31) for key in keys}) == len(keys)
    assert stream("mini/a", "val", 0).rand() == stream("mini/a", "val", 7).rand()


def test_a_dataset_hands_its_size_and_stream_to_what_draws():
    def draw(part, size, random):
        return random.randint(256, size=(size, 32, 32, 3)).astype(np.uint8), balanced(size, 3, random)

    split = MiniDataset("mini/noise", 3, {"train": 7, "val": 2, "test": 2}, draw).split("train", 5)
    expected = stream("mini/noise", "train", 5).randint(256, size=(7, 32, 32, 3))
    assert (split.images == expected).all()
    assert sorted(split.labels.tolist()) == [0, 0, 0, 1, 1, 2, 2]
