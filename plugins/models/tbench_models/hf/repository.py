"""The files of a network: in a folder, in the hub's local cache, or fetched where that is allowed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import huggingface_hub
from huggingface_hub.errors import HfHubHTTPError, HFValidationError

from tbench.api import TbenchError, UsageError, data_home, may_download, read_table
from tbench_models.digest import sha256_of
from tbench_models.downloads import absent
from tbench_models.hf.library import told

DESCRIPTION = ("config.json", "preprocessor_config.json")
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"  # the index, where weights are in several files
EVERYTHING = (*DESCRIPTION, WEIGHTS, INDEX, "model-*.safetensors")
PART = re.compile(r"\w[\w.-]*\.safetensors")  # beside the index, and nowhere else
SHOWN = 12  # digits of a hash that stand for small files


@dataclass(frozen=True)
class Repository:
    """folder: where its description is. commit: of the hub, "" for a folder of one's own. identity: changes whenever
    weights, architecture or preparation do."""

    folder: Path
    commit: str
    identity: str


def described(name: str) -> Repository:
    """All that is known of a network without its weights. UsageError where that is no repository of a vision network;
    TbenchError where it is neither here nor to be fetched."""
    folder = _own(name)
    if folder:
        small = hashlib.sha256(b"".join((folder / file).read_bytes() for file in DESCRIPTION))
        weights = ", ".join(sha256_of(file) for file in _weights(folder))
        return Repository(folder, "", f"{weights}, described by {small.hexdigest()[:SHOWN]}")
    folder = _cached(name, None, DESCRIPTION, _undescribed)
    blobs = "".join(f", {file.resolve().name}" for file in _weights(folder))  # the cache calls a file by its sha256
    return Repository(folder, folder.name, f"{name} at {folder.name}{blobs}")


def complete(name: str, commit: str) -> Path:
    """The folder with description and weights. Errors as of `described`; UsageError without safetensors."""
    return _own(name) or _cached(name, commit, EVERYTHING, _lacking)


def _own(name: str) -> Path | None:
    for folder in (Path(name).expanduser(), data_home() / name):
        if (folder / DESCRIPTION[0]).is_file():
            return _sound(name, folder, _lacking)
    return None


def _cached(name: str, commit: str | None, files: tuple[str, ...], lacking: Callable[[Path], str]) -> Path:
    here = _snapshot(name, commit, files, local=True)
    missing = lacking(here) if here else DESCRIPTION[0]
    if here and not missing:
        return here
    if not may_download():
        raise absent(f"hf/{name}", missing, name)
    fetched = _snapshot(name, commit, files, local=False)
    assert fetched is not None
    return _sound(name, fetched, lacking)


def _snapshot(name: str, commit: str | None, files: tuple[str, ...], *, local: bool) -> Path | None:
    """None where nothing is in the cache, and only that is asked for."""
    try:
        found = huggingface_hub.snapshot_download(
            name, revision=commit, allow_patterns=list(files), local_files_only=local
        )
    except HFValidationError as error:
        raise UsageError(f"hf/{name} is neither a folder with a {DESCRIPTION[0]} nor a name of the hub") from error
    except (OSError, HfHubHTTPError) as error:
        if local:
            return None
        raise TbenchError(f"hf/{name} cannot be fetched ({told(error)})") from error
    return Path(found)


def _sound(name: str, folder: Path, lacking: Callable[[Path], str]) -> Path:
    if missing := lacking(folder):
        how = "how images are prepared for it" if missing in DESCRIPTION else "its weights as safetensors"
        raise UsageError(f"hf/{name} has no {missing}, so it does not tell {how}; choose another repository")
    return folder


def _undescribed(folder: Path) -> str:
    """The file that is missing of the description, or nothing."""
    return next((file for file in DESCRIPTION if not (folder / file).exists()), "")


def _lacking(folder: Path) -> str:
    """The file that is missing of all, or nothing."""
    return _undescribed(folder) or next((file for file in _parts(folder) if not (folder / file).exists()), "")


def _weights(folder: Path) -> list[Path]:
    """Those files of weights that are here."""
    return [folder / file for file in _parts(folder) if (folder / file).exists()]


def _parts(folder: Path) -> list[str]:
    """The files of weights that there should be."""
    if (folder / WEIGHTS).exists() or not (folder / INDEX).exists():
        return [WEIGHTS]
    index = read_table(folder / INDEX, f"index {folder / INDEX}")
    files = set(places.values()) if isinstance(places := index.get("weight_map"), dict) else set()
    if not files or not all(isinstance(file, str) and PART.fullmatch(file) for file in files):
        raise UsageError(f"index {folder / INDEX} has no weight_map to files beside it; choose another repository")
    return sorted(files)
