"""folder/<path>: images of your own, one sub-folder per class; <path>#300 for 300 training images."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tbench.api import EvidenceError, Split
from tbench_datasets.decoding import decoded, flaw
from tbench_datasets.folder.tree import Classes, Tree
from tbench_datasets.pictures import Pictures
from tbench_datasets.stored import Stored, asked, completed

NAMED = 3  # broken files that are named; the others are counted


class Family:
    """folder/<path>: a folder with one sub-folder of images per class, within train, val and test or without."""

    def names(self) -> Iterable[str]:
        return ()

    def dataset(self, name: str) -> Stored:
        """The dataset folder/<path>, or folder/<path>#300 for 300 training images, drawn class by class by the seed.

        * Parts: train/, val/ (or valid/, validation/) and test/, if they are there. If val/ is missing, 20 % of train
          are set aside for it. If test/ is missing, val/ is the test part, as ImageNet's is in papers, and 20 % of
          train are val. Without parts: 60 % train, 20 % val, 20 % test. All of it class by class, by a draw that never
          changes, so that no seed and no machine sees other parts; a class of one image is in train.
        * Classes: sub-folders that hold images at any depth, in the order of their names; empty ones are none.
        * Images: whatever Pillow can decode, as RGB, turned as EXIF says; transparency lies on white. What is hidden,
          or no image by the ending of its name, is left out.

        UsageError, in one line, if there is nothing to be used; EvidenceError that names the first broken files and
        says how many there are. Headers, and checksums where the format has them, are looked at here; a file that
        turns out to be cut short when it is decoded is named then, in one line, too.
        """
        place, few = asked(name)
        whose = f"folder/{place}"
        tree = Tree.read(Path(place).expanduser(), whose)
        _check(sorted(path for classes in tree.parts.values() for paths in classes.values() for path in paths), whose)
        given = {part: _split(classes, tree.classes) for part, classes in tree.parts.items()}
        return Stored(f"folder/{name}", len(tree.classes), "accuracy", completed(given, whose), few)


@dataclass(frozen=True)
class _Reader:
    paths: Sequence[Path]

    def __call__(self, number: int) -> NDArray[np.uint8]:
        return decoded(self.paths[number])

    def stored(self, number: int) -> bytes:
        return self.paths[number].read_bytes()


def _split(classes: Classes, names: Sequence[str]) -> Split:
    paths = [path for name in sorted(classes) for path in classes[name]]
    labels = np.repeat(
        [names.index(name) for name in sorted(classes)], [len(classes[name]) for name in sorted(classes)]
    )
    labels.flags.writeable = False
    reader = _Reader(paths)
    return Split(Pictures(reader, np.arange(len(paths)), reader.stored), labels)


def _check(paths: Sequence[Path], whose: str) -> None:
    broken = [f"{path} ({why})" for path in paths if (why := flaw(path))]
    if broken:
        more = f" and {len(broken) - NAMED} more" if len(broken) > NAMED else ""
        count = f"{len(broken)} of {len(paths)} images cannot be read"
        raise EvidenceError(f"{whose}: {count}: {', '.join(broken[:NAMED])}{more}; replace them or take them away")


family = Family()
