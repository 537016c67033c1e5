"""What lies on a shelf: whose it is, what it takes, when it was last used, whether it is whole; and making room."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tbench.errors import TbenchError, UsageError
from tbench.evidence.shelf import DamagedError, Shelf
from tbench.evidence.turn import holder
from tbench.files import abandoned
from tbench.outside import parse_json, read_text

UNKNOWN = "?"  # of a manifest that cannot be read


@dataclass(frozen=True)
class Item:
    """A value, or the shard of one: its size in bytes, and when it was made and last used, in seconds of the epoch."""

    key: str
    node: str
    whose: str
    size: int
    made: float
    used: float


@dataclass(frozen=True)
class Pruned:
    """What went, or would go: values, and what killed writers had left. locked: how many stay that somebody is at."""

    items: tuple[Item, ...]
    leftovers: tuple[Path, ...]
    locked: int


def items(shelf: Shelf) -> list[Item]:
    """Least recently used first."""
    found = []
    for key in shelf:
        with suppress(FileNotFoundError):  # removed meanwhile
            found.append(_item(shelf, key))
    return sorted(found, key=lambda item: (item.used, item.key))


def at_work(shelf: Shelf) -> list[str]:
    """Those who compute something just now."""
    return [owner for lock in sorted(shelf.folder.glob("??/*.lock")) if (owner := holder(lock))]


def damaged(shelf: Shelf) -> Iterator[tuple[str, str]]:
    """The key of each value that is not what was put there, and what is wrong with it; all checksums are read."""
    for key in shelf:
        try:
            shelf.read(key, touch=False)
        except DamagedError as damage:
            yield key, str(damage)


def prune(shelf: Shelf, *, most: int | None = None, older: float | None = None, dry: bool = False) -> Pruned:
    """Remove what was not used for so many seconds, then the least recently used until all the rest takes so few bytes.

    And, in any case, what writers that were killed have left. Dates in the future, as a clock that was put back leaves
    them, count as now. Nothing that somebody computes just now is touched. dry: only say what would go.
    """
    present, now = items(shelf), time.time()
    total = sum(item.size for item in present)
    gone: list[Item] = []
    locked = 0
    for item in present:
        old = older is not None and now - item.used > older
        if not old and (most is None or total <= most):
            continue
        if remove(shelf, item.key, dry=dry):
            gone.append(item)
            total -= item.size
        else:
            locked += 1
    return Pruned(tuple(gone), tuple(_cleared(shelf, dry=dry)), locked)


def remove(shelf: Shelf, key: str, *, dry: bool = False) -> bool:
    """Manifest first, so that what is left of a removal that was cut off is no value. False if somebody is at it."""
    with shelf.turn(key, 0.0) as turn:
        if turn.ours and not dry:
            for path in reversed(shelf.paths(key)):
                _unlink(path)
        return turn.ours


def _item(shelf: Shelf, key: str) -> Item:
    data, manifest = shelf.paths(key)
    about = manifest.stat()
    size, made = about.st_size, about.st_mtime
    with suppress(FileNotFoundError):
        size, made = size + data.stat().st_size, data.stat().st_mtime
    try:
        notes = parse_json(read_text(manifest, "it"), "it")["notes"]
        node, whose = str(notes["node"]), str(notes["whose"])
    except (UsageError, LookupError, TypeError):
        node = whose = UNKNOWN
    return Item(key, node, whose, size, made, about.st_mtime)


def _cleared(shelf: Shelf, *, dry: bool) -> Iterator[Path]:
    """Drafts of the dead, data that no manifest vouches for, and locks of nobody, which are not told."""
    for folder in sorted(shelf.folder.glob("??")):
        for draft in abandoned(folder):
            if not dry:
                _unlink(draft)
            yield draft
        for data in sorted(folder.glob("*.safetensors")):
            key = data.stem
            if not shelf.paths(key)[1].exists() and remove(shelf, key, dry=dry):
                yield data
        for lock in sorted(folder.glob("*.lock")):
            with shelf.turn(lock.stem, 0.0):  # to give back a lock is to remove it
                pass


def _unlink(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise TbenchError(f"{path} cannot be removed ({error.strerror or error}): see to its permissions") from error
