"""The datasets of SFDA (Shao et al., ECCV 2022) and PED (Li et al., ICCV 2023), and some of digits, clothes, land."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Any

from tbench_datasets.torchvision_sets import caltech101, eurosat, sun397, voc2007
from tbench_datasets.torchvision_sets.member import Member

PER_CLASS = "mean-per-class"
IDX = "{train,t10k}-{images-idx3,labels-idx1}-ubyte"

TARGETS = attrgetter("targets")
LABELS = attrgetter("_labels")
FILES = attrgetter("_image_files")


def _digits(dataset: Any) -> Any:
    return dataset.targets.numpy()


def _cars(dataset: Any, column: int) -> list[Any]:
    return [sample[column] for sample in dataset._samples]


MEMBERS: Mapping[str, Member] = {
    "aircraft": Member(
        lambda sets, root, word, download: sets.FGVCAircraft(root, word, download=download),
        LABELS,
        "fgvc-aircraft-2013b/data/{variants.txt,images_variant_{train,val,test}.txt,images/*.jpg}",
        ("train", "val", "test"),
        PER_CLASS,
        FILES,
    ),
    "caltech101": Member(
        caltech101.opened,
        attrgetter("y"),
        "caltech101/101_ObjectCategories/{BACKGROUND_Google,<class>}/image_0001.jpg",
        ("",),
        PER_CLASS,
        caltech101.those_numbered,
        caltech101.thirty_per_class,
    ),
    "cars": Member(
        lambda sets, root, word, download: sets.StanfordCars(root, word, download=download),
        lambda dataset: _cars(dataset, 1),
        "stanford_cars/{devkit/{cars_meta,cars_train_annos}.mat,cars_test_annos_withlabels.mat,cars_{train,test}/*.jpg}",
        files=lambda dataset: _cars(dataset, 0),
        downloads=False,
    ),
    "cifar10": Member(
        lambda sets, root, word, download: sets.CIFAR10(root, word == "train", download=download),
        TARGETS,
        "cifar-10-batches-py/{data_batch_1..5,test_batch,batches.meta}, unchanged",
    ),
    "cifar100": Member(
        lambda sets, root, word, download: sets.CIFAR100(root, word == "train", download=download),
        TARGETS,
        "cifar-100-python/{train,test,meta}, unchanged",
    ),
    "dtd": Member(
        lambda sets, root, word, download: sets.DTD(root, word, partition=1, download=download),
        LABELS,
        "dtd/dtd/{labels/{train,val,test}1.txt,images/<class>/*.jpg}",
        ("train", "val", "test"),
        files=FILES,
    ),
    "emnist": Member(
        lambda sets, root, word, download: sets.EMNIST(root, "balanced", train=word == "train", download=download),
        _digits,
        "EMNIST/raw/emnist-balanced-{train,test}-{images-idx3,labels-idx1}-ubyte",
    ),
    "eurosat": Member(
        lambda sets, root, word, download: sets.EuroSAT(root, download=download),
        TARGETS,
        "eurosat/2750/<class>/*.jpg",
        ("",),
        files=lambda dataset: [path for path, _ in dataset.samples],
        halves=eurosat.four_to_one,
    ),
    "fashion-mnist": Member(
        lambda sets, root, word, download: sets.FashionMNIST(root, word == "train", download=download),
        _digits,
        f"FashionMNIST/raw/{IDX}",
    ),
    "flowers": Member(
        lambda sets, root, word, download: sets.Flowers102(root, word, download=download),
        LABELS,
        "flowers-102/{jpg/image_00001.jpg,imagelabels.mat,setid.mat}, the .mat unchanged",
        ("train", "val", "test"),
        PER_CLASS,
        FILES,
    ),
    "food": Member(
        lambda sets, root, word, download: sets.Food101(root, word, download=download),
        LABELS,
        "food-101/{meta/{train,test}.json,images/<class>/*.jpg}",
        files=FILES,
    ),
    "kmnist": Member(
        lambda sets, root, word, download: sets.KMNIST(root, word == "train", download=download),
        _digits,
        f"KMNIST/raw/{IDX}",
    ),
    "mnist": Member(
        lambda sets, root, word, download: sets.MNIST(root, word == "train", download=download),
        _digits,
        f"MNIST/raw/{IDX}",
    ),
    "pets": Member(
        lambda sets, root, word, download: sets.OxfordIIITPet(root, word, download=download),
        LABELS,
        "oxford-iiit-pet/{annotations/{trainval,test}.txt,images/*.jpg}",
        ("trainval", "test"),
        PER_CLASS,
        attrgetter("_images"),
    ),
    "sun397": Member(
        sun397.opened,
        LABELS,
        "SUN397/{ClassName.txt,Training_01.txt,Testing_01.txt,a/abbey/sun_*.jpg}, the lists from SUN's Partitions.zip",
        ("",),
        files=FILES,
        halves=sun397.first_partition,
        downloads=False,
    ),
    "svhn": Member(
        lambda sets, root, word, download: sets.SVHN(root, word, download=download),
        attrgetter("labels"),
        "{train,test}_32x32.mat, unchanged",
    ),
    "usps": Member(
        lambda sets, root, word, download: sets.USPS(root, word == "train", download=download),
        TARGETS,
        "{usps,usps.t}.bz2",
    ),
    "voc2007": Member(
        lambda sets, root, word, download: sets.VOCDetection(root, "2007", word, download=download),
        voc2007.present_objects,
        "VOCdevkit/VOC2007/{JPEGImages/*.jpg,Annotations/*.xml,ImageSets/Main/{,<class>_}{train,val,test}.txt}",
        ("train", "val", "test"),
        "map",
        attrgetter("images"),
    ),
}
