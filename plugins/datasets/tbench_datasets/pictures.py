"""Images that stay where they are until somebody looks at them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Pictures(Sequence[NDArray[np.uint8]]):
    """A sequence of images, each read when it is asked for, and anew each time; nothing is kept.

    `read` maps a number to an image (H, W, 3), `stored` to the bytes that it is decoded from; picture i is number
    `numbers[i]`. A slice is such a sequence, too.
    """

    read: Callable[[int], NDArray[np.uint8]]
    numbers: NDArray[np.int64]
    stored: Callable[[int], bytes] | None = None

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, index: int) -> NDArray[np.uint8]: ...

    @overload
    def __getitem__(self, index: slice) -> Pictures: ...

    def __getitem__(self, index: int | slice) -> NDArray[np.uint8] | Pictures:
        if isinstance(index, slice):
            return Pictures(self.read, self.numbers[index], self.stored)
        picture = self.read(int(self.numbers[index])).view()
        picture.flags.writeable = False
        return picture

    def taken(self, chosen: NDArray[np.int64]) -> Pictures:
        return Pictures(self.read, self.numbers[chosen], self.stored)

    def identity(self, labels: NDArray[Any]) -> str | None:
        """Of the stored bytes and the labels, which is told without decoding anything."""
        if self.stored is None:
            return None
        digest = hashlib.sha256(np.ascontiguousarray(labels).data)
        for number in self.numbers:
            digest.update(hashlib.sha256(self.stored(int(number))).digest())
        return digest.hexdigest()[:16]
