"""Images as a network takes them: all at once where they fit into memory, otherwise as they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from tbench.api import Images

ROOM = 2**29  # bytes that the prepared images of one part may take
PASS = 2**23  # bytes of prepared images that go through a network at once on the CPU: with more, maps leave the cache
SHARE = 256  # on a GPU, this part of the free memory, since a network's maps take many times what images take
MOST = 250  # images that go through at once, however small

Prepare = Callable[["Images"], Tensor]


class Prepared:
    """The images of one part; what does not fit is prepared anew for every batch."""

    def __init__(self, images: Images, prepare: Prepare) -> None:
        self._images = images
        self._prepare = prepare
        self._bytes = prepare(images[:1]).nbytes
        fits = self._bytes * len(images) <= ROOM
        self._whole = _batch(images, prepare, np.arange(len(images))) if fits else None

    def __len__(self) -> int:
        return len(self._images)

    def batch(self, rows: Tensor) -> Tensor:
        """(len(rows), 3, H, W) float32."""
        if self._whole is not None:
            return self._whole[rows]
        return _batch(self._images, self._prepare, rows.numpy())

    def passes(self) -> tuple[Tensor, ...]:
        """The rows of consecutive batches, each as large as may go through a network at once."""
        rows: tuple[Tensor, ...] = torch.arange(len(self)).split(batch_size(self._bytes, "cpu"))
        return rows


def batches(images: Images, prepare: Prepare, device: str) -> Iterator[Tensor]:
    """Consecutive batches (B, 3, H, W), channels last, on the device; the next is read while one is worked on.

    As many images are read at once as torch may use threads. Two batches are in memory at a time, and as many images
    as are being read.
    """
    size = batch_size(prepare(images[:1]).nbytes, device)
    rows = [range(start, min(start + size, len(images))) for start in range(0, len(images), size)]
    with ThreadPoolExecutor(torch.get_num_threads(), initializer=partial(torch.set_num_threads, 1)) as readers:
        coming = _asked_for(readers, images, prepare, rows[0])
        for following in [*rows[1:], range(0)]:
            batch = torch.cat([part.result() for part in coming])
            coming = _asked_for(readers, images, prepare, following) if following else []
            yield placed(batch, device, torch.channels_last)


def _asked_for(readers: Executor, images: Images, prepare: Prepare, rows: range) -> list[Future[Tensor]]:
    """Images that are there already are prepared together."""
    if isinstance(images, np.ndarray):
        return [readers.submit(prepare, images[rows.start : rows.stop])]
    return [readers.submit(_batch, images, prepare, np.array([row])) for row in rows]


def placed(images: Tensor, device: str, layout: torch.memory_format) -> Tensor:
    """On the device; through pinned memory where that lets the copy run beside the work."""
    if torch.device(device).type == "cuda":
        images = images.pin_memory()
    return images.to(device, non_blocking=True, memory_format=layout)


def laid_out(module: nn.Module, layout: torch.memory_format) -> nn.Module:
    """Convolutions in this layout; other tensors of a network may have more dimensions than it is meant for."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            part.to(memory_format=layout)
    return module


def batch_size(image_bytes: int, device: str) -> int:
    """How many prepared images may go through a network at once."""
    room = PASS if torch.device(device).type == "cpu" else torch.cuda.mem_get_info(device)[0] // SHARE
    return min(max(room // image_bytes, 1), MOST)


def _batch(images: Images, prepare: Prepare, rows: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Tensor:
    """Images that are yet to be read are prepared one by one: read, they may be many times larger."""
    if isinstance(images, np.ndarray):
        return prepare(images[rows])
    return torch.cat([prepare([images[row]]) for row in rows.tolist()])
