"""Images that stay where they are until somebody looks at them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Pictures(Sequence[NDArray[np.uint8]]):
    """A sequence of images, each read when it is asked for, and anew each time; nothing is kept.

    `read` maps a number to an image (H, W, 3); picture i is number `numbers[i]`. A slice is read at once, as a list: a
    batch holds its images, the sequence never does.
    """

    read: Callable[[int], NDArray[np.uint8]]
    numbers: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, index: int) -> NDArray[np.uint8]: ...

    @overload
    def __getitem__(self, index: slice) -> list[NDArray[np.uint8]]: ...

    def __getitem__(self, index: int | slice) -> NDArray[np.uint8] | list[NDArray[np.uint8]]:
        if isinstance(index, slice):
            return [self._picture(number) for number in self.numbers[index]]
        return self._picture(self.numbers[index])

    def _picture(self, number: np.int64) -> NDArray[np.uint8]:
        picture = self.read(int(number)).view()
        picture.flags.writeable = False
        return picture
