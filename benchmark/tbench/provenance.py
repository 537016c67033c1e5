"""Where a number comes from: the machine, the versions, the fingerprints."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import tbench

if TYPE_CHECKING:
    from tbench.api import Images


@cache
def machine() -> str:
    """The processor and the number of cores that this process may use: timings of two machines are never mixed."""
    return f"{_processor()}, {len(os.sched_getaffinity(0))} cores"


@cache
def device_name(device: str) -> str:
    """cpu, or a device of torch with its model: cuda (NVIDIA H200)."""
    if not device.startswith("cuda"):
        return device
    import torch

    return f"{device} ({torch.cuda.get_device_name(device)})"


@cache
def versions() -> Mapping[str, str]:
    return {
        "tbench": tbench.__version__,
        "python": platform.python_version(),
        **{name: version(name) for name in ("torch", "numpy", "scipy", "scikit-learn", "timm")},
    }


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def fingerprint(images: Images, labels: NDArray[Any]) -> str:
    """sha256 (first 16 hex digits) of every pixel and label."""
    digest = hashlib.sha256()
    for item in chain(images, [labels]):
        digest.update(f"{item.dtype.str}{item.shape}".encode())
        digest.update(np.ascontiguousarray(item).data)
    return digest.hexdigest()[:16]


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
