"""hf/<repo>: an image dataset of the Hugging Face hub; <repo>:<column> where several columns hold labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tbench.api import EvidenceError, Split, UsageError, may_download
from tbench_datasets.decoding import rgb, told
from tbench_datasets.pictures import Pictures
from tbench_datasets.stored import Stored, asked, completed

PARTS: Mapping[str, str] = {"train": "train", "validation": "val", "valid": "val", "val": "val", "test": "test"}


class Family:
    """hf/<repo>: image datasets through the library datasets (pip install tbench[hf])."""

    def names(self) -> Iterable[str]:
        return ()

    def dataset(self, name: str) -> Stored:
        """The dataset hf/<repo>, hf/<repo>:<label column>, or either with #300 for 300 training images.

        Only a dataset's default configuration, with one column of images and one class per image (ClassLabel). Its
        repository is looked for in the hub's own cache, and downloaded, whole, only if TBENCH_DOWNLOAD=1. Parts are
        train, validation and test as far as they have labels (the hub marks those that are kept secret with -1); what
        is missing is made as for folder/<path>.

        UsageError without the library, the dataset or a usable column.
        """
        wish, few = asked(name)
        repo, _, column = wish.partition(":")
        whose = f"hf/{wish}"
        loaded = _loaded(repo, whose)
        given: dict[str, Split] = {}
        classes = 0
        for word, table in loaded.items():
            if word in PARTS:
                images, labels = _columns(table.features, column, whose)
                classes = table.features[labels].num_classes
                split = _split(table, images, labels, whose)
                if len(split.labels) and split.labels.min() >= 0:
                    given[PARTS[word]] = split
        if "train" not in given:
            raise UsageError(
                f"{whose}: has no part train with labels, only {', '.join(loaded)}; choose another dataset"
            )
        return Stored(f"hf/{name}", classes, "accuracy", completed(given, whose), few)


@dataclass(frozen=True)
class _Reader:
    table: Any
    column: str
    whose: str

    def __call__(self, number: int) -> NDArray[np.uint8]:
        try:
            return rgb(self.table[number][self.column])
        except Exception as error:  # decoders meet whatever bytes there are, and raise all sorts of things
            raise EvidenceError(f"{self.whose}: image {number} cannot be decoded ({told(error)})") from error


def _loaded(repo: str, whose: str) -> Mapping[str, Any]:
    try:
        from datasets import load_dataset
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise UsageError(f"{whose}: needs the library datasets; pip install tbench[hf]") from error
    try:
        # load_dataset cannot be told to stay off the network; once the files are here, it need not go there.
        folder = snapshot_download(repo, repo_type="dataset", local_files_only=not may_download())
        loaded: Mapping[str, Any] = load_dataset(folder)
    except Exception as error:  # of the network, of the cache, of the files: the library has dozens
        how = "set TBENCH_DOWNLOAD=1 to download it"
        raise UsageError(f"{whose}: cannot be loaded ({told(error)}); {how}, or choose another dataset") from error
    return loaded


def _columns(features: Mapping[str, Any], wanted: str, whose: str) -> tuple[str, str]:
    """The names of the columns of images and of labels."""
    from datasets import ClassLabel, Image

    images = [name for name, feature in features.items() if isinstance(feature, Image)]
    labels = [name for name, feature in features.items() if isinstance(feature, ClassLabel)]
    if len(images) != 1:
        raise UsageError(f"{whose}: has {len(images)} columns of images, not one; choose another dataset")
    if not labels or (wanted and wanted not in labels):
        there = ", ".join(labels) or "none"
        raise UsageError(f"{whose}: has no column {wanted or 'of class labels'} (those of class labels: {there})")
    if not wanted and len(labels) > 1:
        raise UsageError(f"{whose}: has several columns of class labels; say which, {whose}:{labels[0]} for one")
    return images[0], wanted or labels[0]


def _split(table: Any, images: str, labels: str, whose: str) -> Split:
    classes = np.array(table.select_columns([labels])[:][labels], dtype=np.int64)
    classes.flags.writeable = False
    return Split(Pictures(_Reader(table, images, whose), np.arange(len(classes))), classes)


family = Family()
