"""A dataset that is stored: its parts as they are, or a drawn few of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from tbench.api import Split, UsageError
from tbench_datasets.pictures import Pictures
from tbench_datasets.stratified import order, parted, stream, take, validated

Part = Literal["train", "val", "test"]

MOST_TESTED = 2000  # where only some training images are asked for
FEW = re.compile(r"(.+)#(\d+)")


@dataclass(frozen=True, eq=False)
class Stored:
    """All that is there, the same for every seed; or, with `few`, that many training images, drawn by the seed.

    A few are drawn class by class in proportion. Validation images are then reduced as much as training images, but to
    no less than one per class, and test images to 2000 at most; both by a draw that is the same for every seed.
    """

    name: str
    classes: int
    measure: str
    parts: Mapping[Part, Split]
    few: int | None = None

    def __post_init__(self) -> None:
        labels = self.parts["train"].labels
        present = len(np.unique(labels)) if labels.ndim == 1 else 1
        if self.few is not None and not present <= self.few <= len(labels):
            raise UsageError(f"{self.name}: ask for {present} (one per class) to {len(labels)} (all) training images")

    def split(self, part: Part, seed: int) -> Split:
        """One part: images each uint8 H x W x 3, labels (N,) classes or (N, L) 0/1. Only train heeds the seed."""
        split = self.parts[part]
        size = self._size(part)
        if size < len(split.labels):
            draws = stream(part, seed) if part == "train" else stream(part)
            split = take(split, order(split.labels, draws)[:size])
        if part == "train" and isinstance(split.images, Pictures):
            return replace(split, identity=split.images.identity(split.labels))
        return split

    def _size(self, part: Part) -> int:
        there = len(self.parts[part].labels)
        if self.few is None:
            return there
        if part == "train":
            return self.few
        if part == "test":
            return min(there, MOST_TESTED)
        return min(there, max(self.classes, round(self.few / len(self.parts["train"].labels) * there)))


def completed(given: Mapping[str, Split], whose: str) -> dict[Part, Split]:
    """All three parts of a dataset that comes with train, and perhaps with val and test.

    A fifth of train is set aside for val where there is none. Where there is no test, val is what is tested, as
    ImageNet's is in papers; train alone is cut in three.
    """
    if len(given) == 1:
        train, val, test = parted(given["train"], whose)
    elif len(given) == 2:
        test = given["test"] if "test" in given else given["val"]
        train, val = validated(given["train"], whose)
    else:
        train, val, test = given["train"], given["val"], given["test"]
    return {"train": train, "val": val, "test": test}


def asked(name: str) -> tuple[str, int | None]:
    """A name and how many training images of it are asked for: `photos#300` is photos and 300."""
    found = FEW.fullmatch(name)
    return (found[1], int(found[2])) if found else (name, None)
