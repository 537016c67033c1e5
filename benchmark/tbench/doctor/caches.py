"""Where things are kept on this machine, and what they take."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tbench.amount import in_bytes
from tbench.api import data_home, may_download
from tbench.doctor.finding import Finding
from tbench.errors import TbenchError
from tbench.files import beside

ALLOW = "TBENCH_DOWNLOAD=1"


def findings(store: str) -> Iterator[Finding]:
    yield _store(store)
    yield _folder("evidence", beside(store) / "evidence", "tbench cache tells what of")
    yield _folder("data", data_home(), "TBENCH_DATA")
    for name, folder in _weights().items():
        yield _folder(name, folder, "")
    told = f"{ALLOW}: what is missing is fetched" if may_download() else f"off; {ALLOW} has what is missing fetched"
    yield Finding("caches", "downloads", told, values={"allowed": may_download()})


def _store(store: str) -> Finding:
    """Facts that cannot be read are something to mend; that there are none yet is not."""
    from tbench.store import Store

    if "://" not in store and not Path(store).exists():
        return Finding("caches", "store", f"none yet at {store}", "absent", values={"path": store})
    try:
        with Store(store, read_only=True) as opened:
            where = opened.where
    except TbenchError as error:
        return Finding("caches", "store", str(error), "broken")
    if "://" in store:
        return Finding("caches", "store", where, values={"path": where})
    size = Path(store).stat().st_size
    return Finding("caches", "store", f"{in_bytes(size)} at {store}", values={"path": store, "size": size})


def _weights() -> dict[str, Path]:
    """Where the libraries put what they download."""
    import torch
    from huggingface_hub.constants import HF_HUB_CACHE

    return {"torch": Path(torch.hub.get_dir()), "hugging face": Path(HF_HUB_CACHE)}


def _folder(name: str, folder: Path, about: str) -> Finding:
    note = f" ({about})" if about else ""
    if not folder.is_dir():
        return Finding("caches", name, f"none yet at {folder}{note}", "absent", values={"path": str(folder), "size": 0})
    size = sum(_sizes(folder))
    values = {"path": str(folder), "size": size}
    return Finding("caches", name, f"{in_bytes(size)} at {folder}{note}", values=values)


def _sizes(folder: Path) -> Iterator[int]:
    """Of every file, links not followed; those that go meanwhile, or may not be looked at, do not count."""
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                yield os.lstat(os.path.join(place, name)).st_size
            except OSError:
                continue
