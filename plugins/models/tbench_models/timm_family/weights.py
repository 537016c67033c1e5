"""The file with the weights of a tag: in the local caches of the hub and of torch, or fetched where that is allowed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

import huggingface_hub
import torch
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError

from tbench.api import TbenchError, may_download
from tbench_models.digest import brief
from tbench_models.downloads import absent
from tbench_models.timm_family.library import configuration, load_state_dict, resolve_data_config

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

FILES = ("model.safetensors", "pytorch_model.bin")


def identity(name: str) -> str:
    """Tag and place of the weights, how images are prepared for them and, once they are here, the name the cache gives
    their content (on the hub: its sha256)."""
    config = configuration(name)
    prepared = resolve_data_config(pretrained_cfg=config.to_dict(), use_test_size=True)
    path = cached(name)
    return f"{name} of {_place(config)}, images {brief(prepared)}" + (f", {path.resolve().name}" if path else "")


def cached(name: str) -> Path | None:
    """The file on this machine."""
    config = configuration(name)
    if not config.hf_hub_id:
        path = _torch_cache(config)
        return path if path.exists() else None
    repo, _, revision = config.hf_hub_id.partition("@")
    found = (huggingface_hub.try_to_load_from_cache(repo, file, revision=revision or None) for file in _files(config))
    return next((Path(path) for path in found if isinstance(path, str)), None)


def missing(name: str) -> str:
    """The refusal of read, where the file is neither here nor to be fetched."""
    return "" if cached(name) or may_download() else str(_absent(name))


def read(name: str) -> Mapping[str, Tensor]:
    """Tensors by name, as the file has them; nothing in it is executed. TbenchError without file, or without sense."""
    path = cached(name)
    if path is None:
        config = configuration(name)
        if not may_download():
            raise _absent(name)
        path = _fetched(name, config)
    try:
        tensors: Mapping[str, Tensor] = load_state_dict(str(path), weights_only=True)
    except Exception as error:  # each format has its own
        raise TbenchError(
            f"weights of timm/{name} cannot be read ({path}): remove that file and fetch it anew"
        ) from error
    return tensors


def _absent(name: str) -> TbenchError:
    config = configuration(name)
    file = _files(config)[0] if config.hf_hub_id else _torch_cache(config).name
    return absent(f"timm/{name}", file, _place(config))


def _place(config: Any) -> str:
    return str(config.hf_hub_id or config.url)


def _files(config: Any) -> tuple[str, ...]:
    """Names in the repository, the safe format first."""
    named = config.hf_hub_filename
    return (named.replace("pytorch_model.bin", "model.safetensors"), named) if named else FILES


def _torch_cache(config: Any) -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints" / Path(urlparse(config.url).path).name


def _fetched(name: str, config: Any) -> Path:
    try:
        if not config.hf_hub_id:
            path = _torch_cache(config)
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(config.url, str(path), progress=False)
            return path
        repo, _, revision = config.hf_hub_id.partition("@")
        for file in _files(config):
            try:
                return Path(huggingface_hub.hf_hub_download(repo, file, revision=revision or None))
            except EntryNotFoundError as error:
                missing = error
        raise missing
    except (OSError, HfHubHTTPError, EntryNotFoundError) as error:
        told = str(error).strip().partition("\n")[0]
        raise TbenchError(f"weights of timm/{name} cannot be fetched from {_place(config)} ({told})") from error
