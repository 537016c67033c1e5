"""Dear evidence kept on disk: safetensors beside a manifest whose checksum is verified on every read."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from tbench.errors import UsageError
from tbench.evidence.turn import Turn, turn
from tbench.files import place
from tbench.outside import MOST, parse_json

Arrays = Mapping[str, NDArray[Any]]


class DamagedError(Exception):
    """A file of the shelf is not what was put there; it is to be computed again."""


class Shelf:
    """Arrays by key, each key one data file and one manifest; a value without a whole manifest does not exist.

    A manifest's time is that of its last use: a read touches it, since many disks do not note reads.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, key: str, *, touch: bool = True) -> tuple[Arrays, dict[str, Any]] | None:
        """Arrays, mapped from the file, and notes; None if nothing is there. DamagedError says what is wrong.

        touch: this is a use.
        """
        data, manifest = self.paths(key)
        try:
            with manifest.open(encoding="utf-8") as file:
                claims = parse_json(file.read(MOST + 1), "it")
            with data.open("rb") as content:
                found = hashlib.file_digest(content, "sha256").hexdigest()
        except FileNotFoundError:
            return None
        except (OSError, ValueError, UsageError) as error:
            raise DamagedError(f"{manifest} cannot be read ({error})") from error
        if not isinstance(claims, dict) or claims.get("sha256") != found:
            raise DamagedError(f"{data} does not have the checksum that it was written with")
        if claims.get("key") != key:
            raise DamagedError(f"{data} was written under another key")
        try:
            kept = _mapped(data), dict(claims["notes"])
        except FileNotFoundError:  # pruned meanwhile
            return None
        except (SafetensorError, KeyError, TypeError, ValueError) as error:
            raise DamagedError(f"{data} is not what the manifest says ({error})") from error
        if touch:
            with suppress(OSError):  # where others may only read, those who may write decide what is old
                os.utime(manifest)
        return kept

    def write(self, key: str, arrays: Arrays, notes: Mapping[str, Any]) -> None:
        """Data first, manifest last, each to a draft that is moved into place: a cut-off write leaves no trace."""
        data, manifest = self.paths(key)
        data.parent.mkdir(parents=True, exist_ok=True)
        content = save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
        claims = {"key": key, "sha256": hashlib.sha256(content).hexdigest(), "notes": dict(notes)}
        place(data, content)
        place(manifest, json.dumps(claims, sort_keys=True).encode())

    def turn(self, key: str, patience: float) -> AbstractContextManager[Turn]:
        """To compute a value alone; see `tbench.evidence.turn`."""
        lock = self.lock(key)
        with suppress(OSError):  # where nothing can be made, nobody need be waited for
            lock.parent.mkdir(parents=True, exist_ok=True)
        return turn(lock, patience)

    def __iter__(self) -> Iterator[str]:
        """The keys of all values that are there, damaged or not."""
        return (manifest.stem for manifest in sorted(self.folder.glob("??/*.json")))

    def paths(self, key: str) -> tuple[Path, Path]:
        """The data file and the manifest."""
        return self._path(key, "safetensors"), self._path(key, "json")

    def lock(self, key: str) -> Path:
        return self._path(key, "lock")

    def _path(self, key: str, kind: str) -> Path:
        return self.folder / key[:2] / f"{key}.{kind}"


def _mapped(data: Path) -> Arrays:
    with safe_open(data, framework="pt") as file:
        return {name: file.get_tensor(name).numpy() for name in file.keys()}  # noqa: SIM118
