"""Plain arrays of an .npz file, none larger than what is there or than what memory is for."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from numpy.lib import format as npy
from numpy.typing import NDArray

MOST_BYTES = 32 * 2**30  # unpacked, of one array: these images are held in memory; larger sets are for folder/<path>
HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}  # 3.0 is for names of columns


def read_arrays(path: Path, names: Iterable[str]) -> dict[str, NDArray[Any]]:
    """Those of the names that are there. Raises whatever zipfile and numpy raise, and ValueError for an array that is
    not plain, promises other bytes than there are, or has more than MOST_BYTES."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.NameToInfo.get(f"{name}.npy") for name in names}
        return {name: _array(archive, info) for name, info in members.items() if info is not None}


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> NDArray[Any]:
    if info.file_size > MOST_BYTES:
        raise ValueError(f"{info.filename} has {info.file_size:,} bytes unpacked, of which {MOST_BYTES:,} are the most")
    with archive.open(info) as member:
        _check(member, info)
    with archive.open(info) as member:
        return npy.read_array(member, allow_pickle=False)


def _check(member: IO[bytes], info: zipfile.ZipInfo) -> None:
    """The header against the bytes behind it, before numpy makes room for what it promises."""
    version = npy.read_magic(member)
    if version not in HEADERS:
        raise ValueError(f"{info.filename} is of version {version} of the format, and not a plain array")
    shape, _, dtype = HEADERS[version](member)
    promised, there = math.prod(shape) * dtype.itemsize, info.file_size - member.tell()
    if not dtype.hasobject and (promised != there or min(shape, default=0) < 0):
        raise ValueError(f"{info.filename} promises {promised:,} bytes and has {there:,}")
