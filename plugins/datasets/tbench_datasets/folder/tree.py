"""What lies in a folder: its parts, their classes, and the images of each."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tbench.api import UsageError
from tbench_datasets.decoding import suffixes

PARTS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}

Classes = Mapping[str, list[Path]]  # the images of each class, in the order of their names


@dataclass(frozen=True)
class Tree:
    """Either train and at least one of val and test, or everything in `train` where the folder has no parts."""

    parts: Mapping[str, Classes]

    @classmethod
    def read(cls, root: Path, whose: str) -> Tree:
        """UsageError in one line where there is no folder, no image, a single class, or parts beside other folders."""
        if not root.exists():
            raise UsageError(f"{whose}: there is no {root}; give a folder with one sub-folder of images per class")
        if not root.is_dir():
            raise UsageError(f"{whose}: {root} is a file; give a folder with one sub-folder of images per class")
        inside = {folder.name: folder for folder in _visible_folders(root)}
        parts = {name: PARTS[name.casefold()] for name in inside if name.casefold() in PARTS}
        others = sorted(set(inside) - set(parts))
        if parts and not others and "train" not in parts.values():
            raise UsageError(f"{whose}: has {' and '.join(sorted(parts))} but no train; give the training images, too")
        if "train" in parts.values() and (len(parts) > 1 or not others):
            if others:
                raise UsageError(f"{whose}: has parts ({', '.join(sorted(parts))}) beside {others[0]}; move that away")
            if len(set(parts.values())) < len(parts):
                raise UsageError(f"{whose}: has one part under two names ({', '.join(sorted(parts))}); keep one")
            tree = cls({part: _classes(inside[name]) for name, part in parts.items()})
        else:
            tree = cls({"train": _classes(root)})
        tree._check(root, whose)
        return tree

    @property
    def classes(self) -> list[str]:
        """In the order of their names: the label of a class is its place here."""
        return sorted(self.parts["train"])

    def _check(self, root: Path, whose: str) -> None:
        for part, classes in self.parts.items():
            if not classes:
                where = f"{root}" if len(self.parts) == 1 else f"{part} of {root}"
                raise UsageError(f"{whose}: no images in sub-folders of {where}; give one sub-folder per class")
            if unseen := sorted(set(classes) - set(self.parts["train"])):
                raise UsageError(
                    f"{whose}: class {unseen[0]} of {part} has no training image; add some or take it away"
                )
        if len(self.classes) < 2:
            raise UsageError(f"{whose}: {root} has one class only, {self.classes[0]}; give one sub-folder per class")


def _classes(root: Path) -> Classes:
    """Sub-folders that hold images, at any depth; a sub-folder without any is no class."""
    known = suffixes()
    found = {folder.name: sorted(_images(folder, known), key=os.fspath) for folder in _visible_folders(root)}
    return {name: images for name, images in found.items() if images}


def _visible_folders(root: Path) -> Iterator[Path]:
    return (entry for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))


def _images(folder: Path, known: frozenset[str]) -> Iterator[Path]:
    """Links are followed, each folder is entered once; hidden files and what is no image by its name are left out."""
    entered: set[str] = set()
    for here, folders, files in os.walk(folder, followlinks=True):
        if (real := os.path.realpath(here)) in entered:
            folders.clear()
            continue
        entered.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (
            Path(here, name) for name in files if not name.startswith(".") and Path(name).suffix.lower() in known
        )
