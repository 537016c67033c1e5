"""Tiny trees in the true on-disk format of each of torchvision's datasets."""

from __future__ import annotations

import bz2
import contextlib
import hashlib
import json
import pickle
import struct
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from PIL import Image
from scipy.io import savemat
from torchvision import datasets

VOC = """
    aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike person pottedplant sheep
    sofa train tvmonitor
"""


def picture(path: Path, seed: int, mode: str = "RGB") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (12, 16, 3) if mode == "RGB" else (12, 16)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)).save(path)


def text(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))


def aircraft(root: Path) -> None:
    """Three variants; two images of each in train, one in val, three in test."""
    data = root / "fgvc-aircraft-2013b/data"
    variants = ["707-320", "A300B4", "F-16A/B"]
    text(data / "variants.txt", *variants)
    number = 1_000_000
    for part, each in (("train", 2), ("val", 1), ("test", 3)):
        lines = []
        for variant in variants * each:
            number += 1
            picture(data / "images" / f"{number:07d}.jpg", number)
            lines.append(f"{number:07d} {variant}")
        text(data / f"images_variant_{part}.txt", *lines)


def caltech101(root: Path) -> None:
    """Two classes of 33 and 35 images, some of them grey, and the background."""
    for name, count in (("BACKGROUND_Google", 2), ("Faces", 33), ("yin_yang", 35)):
        for number in range(1, count + 1):
            path = root / "caltech101/101_ObjectCategories" / name / f"image_{number:04d}.jpg"
            picture(path, number, "L" if number % 5 == 0 else "RGB")


def cars(root: Path) -> None:
    """Three models; ten images in train, six in test."""
    base = root / "stanford_cars"
    (base / "devkit").mkdir(parents=True)
    names = np.empty((1, 3), dtype=object)
    names[0, :] = ["AM General Hummer SUV 2000", "Acura RL Sedan 2012", "Audi TT RS Coupe 2012"]
    savemat(base / "devkit/cars_meta.mat", {"class_names": names})
    annotations = {"train": base / "devkit/cars_train_annos.mat", "test": base / "cars_test_annos_withlabels.mat"}
    for part, count in (("train", 10), ("test", 6)):
        fields = ("bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2", "class", "fname")
        table = np.zeros((1, count), dtype=[(field, object) for field in fields])
        for i in range(count):
            table[0, i] = (1, 1, 10, 10, i % 3 + 1, f"{i + 1:05d}.jpg")
            picture(base / f"cars_{part}" / f"{i + 1:05d}.jpg", i)
        savemat(annotations[part], {"annotations": table})


def cifar10(root: Path) -> None:
    """Ten images per batch, one per class."""
    _cifar(root, datasets.CIFAR10, "labels", 10)


def cifar100(root: Path) -> None:
    """A hundred images per part, one per class."""
    _cifar(root, datasets.CIFAR100, "fine_labels", 100)


def _cifar(root: Path, loader: Any, key: str, classes: int) -> None:
    base = root / loader.base_folder
    base.mkdir(parents=True)
    random = np.random.default_rng(0)
    for name, _ in loader.train_list + loader.test_list:
        batch = {"data": random.integers(0, 256, (classes, 3072), dtype=np.uint8), key: list(range(classes))}
        (base / name).write_bytes(pickle.dumps(batch, protocol=2))
    names = {loader.meta["key"]: [f"class {i}" for i in range(classes)]}
    (base / loader.meta["filename"]).write_bytes(pickle.dumps(names, protocol=2))


def dtd(root: Path) -> None:
    """Three textures; two images of each per part, dealt anew in each of ten partitions."""
    names = ["banded", "blotchy", "braided"]
    for name in names:
        for i in range(6):
            picture(root / "dtd/dtd/images" / name / f"{name}_{i:04d}.jpg", i)
    for partition in range(1, 11):
        for place, part in enumerate(("train", "val", "test")):
            lines = [f"{name}/{name}_{i:04d}.jpg" for name in names for i in range(6) if (i + partition) % 3 == place]
            text(root / "dtd/dtd/labels" / f"{part}{partition}.txt", *lines)


def emnist(root: Path) -> None:
    """94 training images, two of each of 47 classes, and 47 test images."""
    raw = root / "EMNIST/raw"
    for part, each in (("train", 2), ("test", 1)):
        _idx(raw, f"emnist-balanced-{part}-images-idx3-ubyte", f"emnist-balanced-{part}-labels-idx1-ubyte", 47, each)


def _idx(raw: Path, images: str, labels: str, classes: int, each: int) -> None:
    raw.mkdir(parents=True, exist_ok=True)
    count = classes * each
    pixels = np.random.default_rng(each).integers(0, 256, (count, 28, 28), dtype=np.uint8)
    (raw / images).write_bytes(struct.pack(">IIII", 0x803, count, 28, 28) + pixels.tobytes())
    (raw / labels).write_bytes(
        struct.pack(">II", 0x801, count) + (np.arange(count) % classes).astype(np.uint8).tobytes()
    )


def _mnist(name: str) -> Callable[[Path], None]:
    def write(root: Path) -> None:
        """Thirty training and twenty test images of ten classes."""
        for part, each in (("train", 3), ("t10k", 2)):
            _idx(root / name / "raw", f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte", 10, each)

    return write


def eurosat(root: Path) -> None:
    """Two classes of ten images each."""
    for name in ("AnnualCrop", "Forest"):
        for i in range(1, 11):
            picture(root / "eurosat/2750" / name / f"{name}_{i}.jpg", i)


def flowers(root: Path) -> None:
    """Three flowers; one image of each in train and in val, two in test."""
    base = root / "flowers-102"
    for i in range(1, 13):
        picture(base / "jpg" / f"image_{i:05d}.jpg", i)
    savemat(base / "imagelabels.mat", {"labels": np.array([[i % 3 + 1 for i in range(12)]], dtype=np.uint8)})
    numbers = np.arange(1, 13, dtype=np.uint16)[None]
    savemat(base / "setid.mat", {"trnid": numbers[:, :3], "valid": numbers[:, 3:6], "tstid": numbers[:, 6:]})


def food(root: Path) -> None:
    """Two dishes; five images of each in train, two in test."""
    base = root / "food-101"
    for part, numbers in (("train", range(1000, 1005)), ("test", range(1005, 1007))):
        listed = {name: [f"{name}/{number}" for number in numbers] for name in ("apple_pie", "baklava")}
        text(base / "meta" / f"{part}.json", json.dumps(listed))
        for i, name in enumerate(name for names in listed.values() for name in names):
            picture(base / "images" / f"{name}.jpg", i)


def pets(root: Path) -> None:
    """Three breeds; five images of each in trainval, two in test."""
    base = root / "oxford-iiit-pet"
    for part, numbers in (("trainval", range(1, 6)), ("test", range(6, 8))):
        lines = []
        for label, (breed, species) in enumerate((("Abyssinian", 1), ("american_bulldog", 2), ("Birman", 1)), start=1):
            for number in numbers:
                picture(base / "images" / f"{breed}_{number}.jpg", number)
                lines.append(f"{breed}_{number} {label} {species} 1")
        text(base / "annotations" / f"{part}.txt", *lines)


def sun397(root: Path) -> None:
    """Three scenes; five images of each listed for training, three for testing, one in no list."""
    base = root / "SUN397"
    scenes = ["/a/abbey", "/a/apse/indoor", "/y/yard"]
    text(base / "ClassName.txt", *scenes)
    names = {scene: [f"{scene}/sun_{i}{number}.jpg" for i in range(9)] for number, scene in enumerate(scenes)}
    for i, name in enumerate(name for listed in names.values() for name in reversed(listed)):
        picture(base / name[1:], i)
    text(base / "Training_01.txt", *(name for listed in names.values() for name in listed[:5]))
    text(base / "Testing_01.txt", *(name for listed in names.values() for name in listed[5:8]))


def svhn(root: Path) -> None:
    """Twenty training and ten test images; the digit 0 is stored as 10."""
    root.mkdir(parents=True, exist_ok=True)
    for part, count in (("train", 20), ("test", 10)):
        pixels = np.random.default_rng(count).integers(0, 256, (32, 32, 3, count), dtype=np.uint8)
        savemat(root / f"{part}_32x32.mat", {"X": pixels, "y": (np.arange(count) % 10 + 1).astype(np.uint8)[:, None]})


def usps(root: Path) -> None:
    """Twenty training and ten test images, lines of libsvm."""
    root.mkdir(parents=True, exist_ok=True)
    for name, count in (("usps", 20), ("usps.t", 10)):
        random = np.random.default_rng(count)
        lines = []
        for i in range(count):
            values = " ".join(f"{k}:{value:.3f}" for k, value in enumerate(random.uniform(-1, 1, 256), start=1))
            lines.append(f"{i % 10 + 1} {values} \n")
        (root / f"{name}.bz2").write_bytes(bz2.compress("".join(lines).encode()))


def voc2007(root: Path) -> None:
    """Three images in each of train and val, four in test: one object that counts, one that is difficult."""
    base = root / "VOCdevkit/VOC2007"
    classes = VOC.split()
    number = 0
    for part, count in (("train", 3), ("val", 3), ("test", 4)):
        shown = {}
        for _ in range(count):
            number += 1
            picture(base / "JPEGImages" / f"{number:06d}.jpg", number)
            easy, hard = classes[number % 20], classes[(number + 7) % 20]
            marks = "".join(
                f"<object><name>{name}</name><difficult>{difficult}</difficult></object>"
                for name, difficult in ((easy, 0), (hard, 1))
            )
            text(base / "Annotations" / f"{number:06d}.xml", f"<annotation>{marks}</annotation>")
            shown[f"{number:06d}"] = {easy: 1, hard: 0}
        text(base / "ImageSets/Main" / f"{part}.txt", *shown)
        for name in classes:
            lines = [f"{image} {says.get(name, -1):2d}" for image, says in shown.items()]
            text(base / "ImageSets/Main" / f"{name}_{part}.txt", *lines)


WRITERS: Mapping[str, Callable[[Path], None]] = {
    "aircraft": aircraft,
    "caltech101": caltech101,
    "cars": cars,
    "cifar10": cifar10,
    "cifar100": cifar100,
    "dtd": dtd,
    "emnist": emnist,
    "eurosat": eurosat,
    "fashion-mnist": _mnist("FashionMNIST"),
    "flowers": flowers,
    "food": food,
    "kmnist": _mnist("KMNIST"),
    "mnist": _mnist("MNIST"),
    "pets": pets,
    "sun397": sun397,
    "svhn": svhn,
    "usps": usps,
    "voc2007": voc2007,
}


@contextlib.contextmanager
def trusted(name: str, root: Path) -> Iterator[None]:
    """The checksums that a loader demands are those of the tree; its code, which checks them, stays as it is."""
    if name in ("cifar10", "cifar100"):
        loader = datasets.CIFAR10 if name == "cifar10" else datasets.CIFAR100
        base = root / loader.base_folder
        lists = {
            which: [[file, _md5(base / file)] for file, _ in getattr(loader, which)]
            for which in ("train_list", "test_list")
        }
        meta = {**loader.meta, "md5": _md5(base / loader.meta["filename"])}
        with mock.patch.multiple(loader, **lists, meta=meta):
            yield
    elif name == "flowers":
        base = root / "flowers-102"
        files = {
            key: (file, md5 if key == "image" else _md5(base / file))
            for key, (file, md5) in datasets.Flowers102._file_dict.items()
        }
        with mock.patch.object(datasets.Flowers102, "_file_dict", files):
            yield
    elif name == "svhn":
        parts = {
            part: [url, file, _md5(root / file) if part != "extra" else md5]
            for part, (url, file, md5) in datasets.SVHN.split_list.items()
        }
        with mock.patch.object(datasets.SVHN, "split_list", parts):
            yield
    else:
        yield


def _md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes()).hexdigest()
