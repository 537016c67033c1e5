"""Which of a target's images the metrics see, and what they are told of an image with several labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from tbench.api import Split
from tbench.declaration import text, texts
from tbench.errors import UsageError
from tbench.joined import Joined

Part = Literal["train", "val", "test"]
SeveralLabels = Literal["all", "first"]

WORDS = {"train": "training", "val": "validation", "test": "test"}


@dataclass(frozen=True)
class Probe:
    """scored_on: the parts whose images are joined, in this order. several_labels: all, or the first that is present.

    The honest choice is the training images alone, with all their labels. The code of SFDA (Shao et al., ECCV 2022) and
    of PED (Li et al., ICCV 2023) takes all parts together, and the argmax of a row of 0 and 1, which is the first class
    for an image without any.
    """

    scored_on: tuple[Part, ...] = ("train",)
    several_labels: SeveralLabels = "all"

    @classmethod
    def read(cls, table: Mapping[str, Any], where: str) -> Probe:
        """From the keys of a suite that have the names of the fields; both may be left out."""
        told = table.get("scored_on", [*cls.scored_on])
        parts: tuple[Any, ...] = texts(told, f"{where}: scored_on")
        labels: Any = text(table.get("several_labels", cls.several_labels), f"{where}: several_labels")
        if not parts or len(set(parts)) < len(parts) or not set(parts) <= set(get_args(Part)):
            raise UsageError(f"{where}: scored_on is a list of some of {', '.join(get_args(Part))}, each once")
        if labels not in get_args(SeveralLabels):
            raise UsageError(f"{where}: several_labels is one of {', '.join(get_args(SeveralLabels))}, not {labels!r}")
        return cls(parts, labels)

    @property
    def words(self) -> str:
        """What scores and pages must say of it: nothing, where it is the honest choice."""
        *others, last = (WORDS[part] for part in self.scored_on)
        images = f"{', '.join(others)} and {last} images together" if others else f"{last} images"
        said = [images] if self.scored_on != Probe.scored_on else []
        if self.several_labels == "first":
            said.append("of several labels of an image the first")
        return "; ".join(said)

    def of(self, splits: Sequence[Split]) -> Split:
        """One split of those of the parts, their images where they are."""
        labels = np.concatenate([split.labels for split in splits]) if len(splits) > 1 else splits[0].labels
        if self.several_labels == "first" and _several(labels):
            labels = labels.argmax(axis=1)
        images = Joined([split.images for split in splits]) if len(splits) > 1 else splits[0].images
        return Split(images, labels)

    def identity(self, contents: Sequence[str]) -> str:
        """Of what metrics see, from the fingerprints of the parts; that of the training images is left as it is."""
        if self == HONEST:
            return contents[0]
        return sha256(" ".join([self.several_labels, *self.scored_on, *contents]).encode()).hexdigest()[:16]


HONEST = Probe()


def _several(labels: NDArray[Any]) -> bool:
    return labels.ndim == 2 and labels.shape[1] > 1 and labels.dtype.kind in "biu"
