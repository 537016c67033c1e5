"""torchvision/<name>: public datasets, with the parts of papers; data in $TBENCH_DATA or ~/.cache/tbench/data."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tbench.api import EvidenceError, Split, TbenchError, UsageError, data_home, may_download
from tbench_datasets.decoding import rgb, told
from tbench_datasets.pictures import Pictures
from tbench_datasets.stored import Stored, asked
from tbench_datasets.stratified import VALIDATION, take
from tbench_datasets.torchvision_sets.member import Member
from tbench_datasets.torchvision_sets.members import MEMBERS


class Family:
    """torchvision/<name>: CIFAR, Food-101, Pets, VOC 2007 and others, by torchvision's own loaders."""

    def names(self) -> Iterable[str]:
        return MEMBERS

    def dataset(self, name: str) -> Stored:
        """The dataset torchvision/<name>, or torchvision/<name>#300 for 300 training images, drawn by the seed.

        Data are looked for under $TBENCH_DATA, or else ~/.cache/tbench/data, as torchvision lays them out, and are
        downloaded only if TBENCH_DOWNLOAD=1.

        Parts are those of SFDA (Shao et al., ECCV 2022) and PED (Li et al., ICCV 2023): aircraft, dtd (partition 1),
        flowers and voc2007 bring a val part; of the others, 20 % of train are val, by the shuffle of SFDA's code
        (NumPy's legacy generator with seed 0). Where torchvision knows no parts: caltech101, 30 images per class are
        for training, drawn once and for all (that code has lists of its own); sun397, the authors' first partition;
        eurosat, 80 : 20. aircraft, caltech101, flowers and pets are judged by mean accuracy per class, voc2007 by mean
        average precision (difficult objects count as absent), all others by accuracy. Letters of emnist (balanced)
        stand as torchvision reads them, mirrored and turned. Images are not turned by EXIF, as they are not in papers.

        UsageError for an unknown name and, with the layout that is expected, for data that are not there.
        """
        known, few = asked(name)
        if known not in MEMBERS:
            near = difflib.get_close_matches(known, MEMBERS, n=1)
            hint = f"did you mean torchvision/{near[0]}?" if near else f"there are {', '.join(MEMBERS)}"
            raise UsageError(f"torchvision has no dataset {known!r} here: {hint}")
        member = MEMBERS[known]
        train, val, test = _parts(member, f"torchvision/{known}")
        classes = max(_classes(split.labels) for split in (train, val, test))
        return Stored(f"torchvision/{name}", classes, member.measure, {"train": train, "val": val, "test": test}, few)


@dataclass(frozen=True)
class _Reader:
    dataset: Any
    whose: str
    files: Sequence[Path | str] | None

    def __call__(self, number: int) -> NDArray[np.uint8]:
        try:
            return rgb(self.dataset[number][0])
        except Exception as error:  # decoders meet whatever bytes there are, and raise all sorts of things
            which = str(self.files[number]) if self.files else f"image {number}"
            raise EvidenceError(f"{self.whose}: {which} cannot be decoded ({told(error)}); fetch it anew") from error


def _parts(member: Member, whose: str) -> tuple[Split, Split, Split]:
    root = data_home()
    try:
        opened = [_opened(member, root, word) for word in member.words]
        splits = [_split(member, dataset, whose) for dataset in opened]
        if member.halves:
            splits = [take(splits[0], numbers) for numbers in member.halves(opened[0])]
    except TbenchError:
        raise
    except Exception as error:  # each of torchvision's loaders says in its own way that it misses something
        what = f"{whose} is not there, or not whole ({told(error)})"
        raise UsageError(f"{what}; expected under {root}: {member.layout}; {_how(member)}") from error
    if len(splits) == 2:
        splits[:1] = _validated(splits[0])
    train, val, test = splits
    return train, val, test


def _opened(member: Member, root: Path, word: str) -> Any:
    from torchvision import datasets

    try:
        if not root.is_dir():
            raise FileNotFoundError(f"no folder {root}")
        return member.build(datasets, root, word, False)
    except Exception:
        if not (member.downloads and may_download()):
            raise
    root.mkdir(parents=True, exist_ok=True)
    return member.build(datasets, root, word, True)


def _split(member: Member, dataset: Any, whose: str) -> Split:
    files = member.files(dataset) if member.files else None
    if absent := [path for path in files or () if not Path(path).is_file()]:
        raise FileNotFoundError(f"{len(absent)} of {len(files or ())} images are missing, the first is {absent[0]}")
    labels = np.array(member.labels(dataset), dtype=np.int64)
    labels.flags.writeable = False
    return Split(Pictures(_Reader(dataset, whose, files), np.arange(len(labels))), labels)


def _validated(train: Split) -> tuple[Split, Split]:
    """The first fifth of the shuffled training images is val, as in SFDA's code (get_dataloader.py, random_seed=0)."""
    shuffled = np.arange(len(train.labels))
    np.random.RandomState(0).shuffle(shuffled)
    val, rest = np.split(shuffled, [int(VALIDATION * len(shuffled))])
    return take(train, rest), take(train, val)


def _classes(labels: NDArray[np.int64]) -> int:
    return int(labels.shape[1] if labels.ndim == 2 else labels.max() + 1)


def _how(member: Member) -> str:
    if not member.downloads:
        return "its links are dead, so put it there by hand, or name another root as TBENCH_DATA"
    return "set TBENCH_DOWNLOAD=1 to have torchvision download it, or name another root as TBENCH_DATA"


family = Family()
