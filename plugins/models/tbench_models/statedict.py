"""Tensors by name from a file of weights, without executing anything in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tbench.api import TbenchError

WRAPPINGS = ("state_dict", "model", "model_state", "model_state_dict")  # where trainers put the tensors in a checkpoint
PARALLEL = "module."  # what torch's DataParallel puts before every name
SHOWN = 3  # names in a message


def read_tensors(path: Path, allow: Sequence[Callable[..., Any]] = ()) -> dict[str, Tensor]:
    """The state dict in a .safetensors file or in a checkpoint of torch, out of its wrapping.

    allow: classes that such a checkpoint may hold beside its tensors. TbenchError, one line, for any other content.
    """
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return dict(load_file(path))
        with torch.serialization.safe_globals(list(allow)) if allow else nullcontext():
            content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise TbenchError(f"weights {path} cannot be read: {error.strerror or error}") from error
    except Exception as error:  # readers meet whatever bytes there are, and raise all sorts of things
        raise TbenchError(
            f"weights {path} are not a safetensors file or a checkpoint of nothing but tensors ({type(error).__name__})"
        ) from error
    return _unwrapped(path, content)


def load_strictly(network: nn.Module, tensors: Mapping[str, Tensor], whose: str) -> None:
    """Every name and every shape must fit; TbenchError, one line, that shows the first that do not."""
    expected = network.state_dict()
    told = [
        *_told("misses", [name for name in expected if name not in tensors]),
        *_told("has no place for", [name for name in tensors if name not in expected]),
        *_told(
            "has another shape of", [name for name in expected if name in tensors and _differs(expected, tensors, name)]
        ),
    ]
    if told:
        raise TbenchError(f"weights {whose} do not fit its architecture: it {'; it '.join(told)}")
    network.load_state_dict(dict(tensors))


def _unwrapped(path: Path, content: object) -> dict[str, Tensor]:
    while isinstance(content, Mapping) and (inside := next((name for name in WRAPPINGS if name in content), None)):
        content = content[inside]
    if (
        not isinstance(content, Mapping)
        or not content
        or not all(isinstance(each, Tensor) for each in content.values())
    ):
        raise TbenchError(f"weights {path} hold no state dict (nor one under {', '.join(WRAPPINGS)})")
    return dict(content)


def without_parallel(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The names as they were before DataParallel."""
    if not all(name.startswith(PARALLEL) for name in tensors):
        return dict(tensors)
    return {name.removeprefix(PARALLEL): tensor for name, tensor in tensors.items()}


def _told(what: str, names: list[str]) -> list[str]:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return [f"{what} {', '.join(names[:SHOWN])}{more}"] if names else []


def _differs(expected: Mapping[str, Tensor], tensors: Mapping[str, Tensor], name: str) -> bool:
    return expected[name].shape != tensors[name].shape
