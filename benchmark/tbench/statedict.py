"""Arrays by name from a file of weights, without executing anything in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tbench.errors import TbenchError

WRAPPINGS = ("state_dict", "model", "model_state", "model_state_dict")  # where trainers put the tensors in a checkpoint
PARALLEL = "module."  # what DataParallel puts before every name


def read_state(path: Path) -> dict[str, NDArray[Any]]:
    """The state dict in a .safetensors file or in a checkpoint of torch, out of its wrapping, bfloat16 as float32.

    TbenchError, one line, for any other content.
    """
    from safetensors.torch import load_file

    content: Any
    try:
        if path.suffix == ".safetensors":
            content = load_file(path)
        else:
            content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise TbenchError(f"weights {path} cannot be read: {error.strerror or error}") from error
    except Exception as error:  # readers meet whatever bytes there are, and raise all sorts of things
        raise TbenchError(
            f"weights {path} are not a safetensors file or a checkpoint of nothing but tensors "
            f"({type(error).__name__}); save the state dict alone"
        ) from error
    while isinstance(content, Mapping) and (inside := next((name for name in WRAPPINGS if name in content), None)):
        content = content[inside]
    entries = content if isinstance(content, Mapping) else {}
    tensors = {str(name): value for name, value in entries.items() if isinstance(value, Tensor)}
    if not tensors:
        raise TbenchError(f"weights {path} hold no state dict (nor one under {', '.join(WRAPPINGS)})")
    prefix = PARALLEL if all(name.startswith(PARALLEL) for name in tensors) else ""
    return {name.removeprefix(prefix): _array(tensor) for name, tensor in tensors.items()}


def _array(tensor: Tensor) -> NDArray[Any]:
    """Of the same storage, where numpy has the format."""
    detached = tensor.detach()
    return np.asarray((detached.float() if detached.dtype == torch.bfloat16 else detached).numpy())
