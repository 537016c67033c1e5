"""Weights on disk: one safetensors file for each network, floats in half precision."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tbench.api import TbenchError

if TYPE_CHECKING:
    from torch import Tensor


def file_of(folder: Path, name: str) -> Path:
    return folder / "weights" / f"{name}.safetensors"


def read_weights(folder: Path, name: str, sha256: str) -> dict[str, Tensor]:
    """Tensors by name, floats as float32; TbenchError if the file is not the one with this checksum."""
    from safetensors.torch import load

    path = file_of(folder, name)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TbenchError(f"weights of mini/{name} cannot be read ({error.strerror}: {path}); install again") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise TbenchError(f"weights of mini/{name} are damaged (checksum of {path} is not its card's); install again")
    return {key: tensor.float() if tensor.is_floating_point() else tensor for key, tensor in load(content).items()}


def write_weights(folder: Path, name: str, tensors: Mapping[str, Tensor]) -> str:
    """The sha256 of the written file."""
    from safetensors.torch import save

    halved = {key: tensor.half() if tensor.is_floating_point() else tensor for key, tensor in tensors.items()}
    content = save({key: tensor.contiguous() for key, tensor in halved.items()})
    path = file_of(folder, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_bytes(content)
    draft.replace(path)
    return hashlib.sha256(content).hexdigest()
