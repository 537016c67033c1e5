"""arrays/<file.npz>: images and labels of your own in one file; <file.npz>#300 for 300 training images."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tbench.api import EvidenceError, Split, UsageError, data_home
from tbench_datasets.arrays.npz import read_arrays
from tbench_datasets.stored import Part, Stored, asked
from tbench_datasets.stratified import parted, take, validated

Arrays = Mapping[str, NDArray[Any]]
PARTS: tuple[Part, ...] = ("train", "val", "test")
KEYS = ("images", "labels", "split", "class_names")


class Family:
    """arrays/<file.npz>: images (uint8, NHWC, NCHW or NHW), labels and, if you like, split and class_names."""

    def names(self) -> Iterable[str]:
        return ()

    def dataset(self, name: str) -> Stored:
        """The dataset arrays/<file.npz>, or arrays/<file.npz>#300 for 300 training images, drawn by the seed.

        images: uint8, (N, H, W, C) or (N, C, H, W) with C = 1 or 3, or grey (N, H, W); where both readings fit, the
        channels come last. labels: (N,) integers 0..K-1, or (N, L) 0/1 multi-label, then judged by mean average
        precision. split: (N,) of the words train, val, test; without val, 20 % of train are set aside, without split
        60 % of all are train, 20 % val and 20 % test, class by class and the same for every seed. class_names: (K,).

        `#300` also reduces validation images in proportion, and test images to 2000 at most, the same for every seed:
        what a benchmark on a small machine needs.

        A path that leads nowhere from here is looked for under $TBENCH_DATA, or ~/.cache/tbench/data.

        UsageError if there is no such file; EvidenceError, in one line, if it is not as above. Nothing is unpickled.
        """
        place, few = asked(name)
        whose = f"arrays/{place}"
        arrays = _loaded(Path(place).expanduser(), whose)
        everything = Split(_images(arrays, whose), _labels(arrays, whose))
        if len(everything.images) != len(everything.labels):
            counts = f"{len(everything.images)} images but {len(everything.labels)} labels"
            raise EvidenceError(f"{whose}: {counts}; give one label per image")
        if "split" in arrays:
            parts = _given(everything, arrays["split"], whose)
        else:
            parts = dict(zip(PARTS, parted(everything, whose), strict=True))
        several = everything.labels.ndim == 2
        return Stored(f"arrays/{name}", _classes(arrays, everything), "map" if several else "accuracy", parts, few)


def _loaded(path: Path, whose: str) -> Arrays:
    path = path if path.is_file() else data_home() / path
    if not path.is_file():
        raise UsageError(f"{whose}: there is no file {path}; give an .npz with images and labels")
    try:
        arrays = read_arrays(path, KEYS)
    except Exception as error:  # readers meet whatever bytes there are, and raise all sorts of things
        what = " ".join(str(error).split()) or type(error).__name__
        raise EvidenceError(f"{whose}: is no readable .npz of plain arrays ({what}); write it anew") from error
    if missing := [key for key in ("images", "labels") if key not in arrays]:
        raise EvidenceError(f"{whose}: holds no array {missing[0]}; give images and labels")
    return arrays


def _images(arrays: Arrays, whose: str) -> NDArray[np.uint8]:
    """(N, H, W, 3), read-only; grey images are seen three times, not copied."""
    images = arrays["images"]
    if images.dtype != np.uint8:
        raise EvidenceError(f"{whose}: images are {images.dtype}; give uint8, 0 to 255")
    if images.ndim == 3:
        images = images[..., None]
    elif images.ndim == 4 and images.shape[3] not in (1, 3) and images.shape[1] in (1, 3):
        images = images.transpose(0, 2, 3, 1)
    if images.ndim != 4 or images.shape[3] not in (1, 3) or 0 in images.shape:
        shape = arrays["images"].shape
        raise EvidenceError(f"{whose}: images have the shape {shape}; give (N, H, W, C) or (N, C, H, W), C = 1 or 3")
    images = np.broadcast_to(images, (*images.shape[:3], 3))
    images.flags.writeable = False
    return images


def _labels(arrays: Arrays, whose: str) -> NDArray[np.int64]:
    labels = arrays["labels"]
    if labels.dtype.kind not in "iub" or labels.ndim not in (1, 2):
        told = f"{labels.dtype} of shape {labels.shape}"
        raise EvidenceError(f"{whose}: labels are {told}; give integers (N,), or 0/1 (N, L) for several per image")
    most = (
        1 if labels.ndim == 2 else len(arrays["class_names"]) - 1 if "class_names" in arrays else labels.max(initial=0)
    )
    if outside := sorted({int(label) for label in labels.ravel() if not 0 <= label <= most}):
        raise EvidenceError(f"{whose}: label {outside[0]} is out of range; labels count from 0 to {most}")
    if labels.ndim == 2 and "class_names" in arrays and len(arrays["class_names"]) != labels.shape[1]:
        names = len(arrays["class_names"])
        raise EvidenceError(f"{whose}: {labels.shape[1]} columns of labels but {names} class_names; give one name each")
    labels = labels.astype(np.int64)
    labels.flags.writeable = False
    return labels


def _classes(arrays: Arrays, everything: Split) -> int:
    if everything.labels.ndim == 2:
        return int(everything.labels.shape[1])
    return len(arrays["class_names"]) if "class_names" in arrays else int(everything.labels.max()) + 1


def _given(everything: Split, words: NDArray[Any], whose: str) -> dict[Part, Split]:
    if words.shape != (len(everything.labels),):
        raise EvidenceError(f"{whose}: split has the shape {words.shape}; give one word per image")
    if strange := sorted(set(map(str, np.unique(words))) - set(PARTS)):
        raise EvidenceError(f"{whose}: split says {strange[0]!r}; its words are train, val and test")
    given = {part: take(everything, np.flatnonzero(words == part)) for part in PARTS if (words == part).any()}
    if missing := [part for part in ("train", "test") if part not in given]:
        raise EvidenceError(f"{whose}: split has no {missing[0]}; mark train and test, or leave split out")
    if "val" not in given:
        given["train"], given["val"] = validated(given["train"], whose)
    return given


family = Family()
