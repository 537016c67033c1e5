"""Images as a network takes them: all at once where they fit into memory, otherwise as they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from tbench.api import Images

ROOM = 2**29  # bytes that the prepared images of one part may take
PASS = 2**25  # bytes of prepared images that go through a network at once, where nothing is learnt ...
MOST = 250  # ... and how many at most


class Prepared:
    """The images of one part; what does not fit is prepared anew for every batch."""

    def __init__(self, images: Images, prepare: Callable[[Images], Tensor]) -> None:
        self._images = images
        self._prepare = prepare
        self._bytes = prepare(images[:1]).nbytes
        self._whole = prepare(images) if self._bytes * len(images) <= ROOM else None

    def __len__(self) -> int:
        return len(self._images)

    def batch(self, rows: Tensor) -> Tensor:
        """(len(rows), 3, H, W) float32."""
        if self._whole is not None:
            return self._whole[rows]
        if isinstance(self._images, np.ndarray):
            return self._prepare(self._images[rows.numpy()])
        return self._prepare([self._images[row] for row in rows.tolist()])

    def passes(self) -> tuple[Tensor, ...]:
        """The rows of consecutive batches, each as large as may go through a network at once."""
        rows: tuple[Tensor, ...] = torch.arange(len(self)).split(batch_size(self._bytes))
        return rows


def batch_size(image_bytes: int) -> int:
    return min(max(PASS // image_bytes, 1), MOST)
