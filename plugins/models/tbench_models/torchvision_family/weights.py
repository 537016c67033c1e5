"""The file of a member of torchvision's weights: in the cache of torch.hub, or fetched where that is allowed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.parse import urlparse

import torch

from tbench.api import TbenchError, may_download
from tbench_models.digest import sha256_of
from tbench_models.downloads import absent

if TYPE_CHECKING:
    from torchvision.models import WeightsEnum

FORCED = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
HASH = re.compile(r"-([a-f0-9]{8,})\.")  # the beginning of the sha256, in the name of the file


def missing(whose: str, weights: WeightsEnum) -> str:
    """The refusal of make_sure, where the file is neither here nor to be fetched."""
    path = _path(weights)
    return "" if path.exists() or may_download() else str(absent(whose, str(path), weights.url))


def make_sure(whose: str, weights: WeightsEnum) -> None:
    """Afterwards the file is in the cache and is what its name says. TbenchError, one line, otherwise."""
    path = _path(weights)
    found = HASH.search(path.name)
    beginning = found[1] if found else ""
    if not path.exists():
        if not may_download():
            raise absent(whose, str(path), weights.url)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            torch.hub.download_url_to_file(weights.url, str(path), beginning or None, progress=False)
        except (OSError, URLError, RuntimeError) as error:  # RuntimeError: not the promised checksum
            raise TbenchError(f"weights of {whose} cannot be fetched from {weights.url} ({error})") from error
    if not sha256_of(path).startswith(beginning):
        raise TbenchError(f"weights of {whose} are damaged (checksum of {path} is not in its name); remove that file")


@contextmanager
def tensors_only() -> Iterator[None]:
    """Meanwhile torch.load executes nothing, although torchvision asks torch.hub for a file without saying so."""
    before = os.environ.get(FORCED)
    os.environ[FORCED] = "1"
    try:
        yield
    finally:
        del os.environ[FORCED]
        if before is not None:
            os.environ[FORCED] = before


def _path(weights: WeightsEnum) -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints" / Path(urlparse(weights.url).path).name
