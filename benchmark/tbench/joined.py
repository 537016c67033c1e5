"""Several sequences of images as one, which stay where they are."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, overload

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tbench.api import Images


class Joined(Sequence[NDArray[np.uint8]]):
    """The images of the parts in turn, each H x W x 3. Nothing is copied, and nothing is read before it is asked for.

    A slice is an array where all the images in it are of one size and come from arrays, and joined again otherwise.
    """

    def __init__(self, parts: Sequence[Images]) -> None:
        self._parts = tuple(parts)
        self._starts = (0, *accumulate(map(len, self._parts)))

    def __len__(self) -> int:
        return self._starts[-1]

    @overload  # type: ignore[override]  # an array of images is as good as a sequence of them
    def __getitem__(self, index: int) -> NDArray[np.uint8]: ...

    @overload
    def __getitem__(self, index: slice) -> Images: ...

    def __getitem__(self, index: int | slice) -> NDArray[np.uint8] | Images:
        if isinstance(index, slice):
            return self._slice(range(len(self))[index])
        place = range(len(self))[index]
        part = bisect_right(self._starts, place) - 1
        image: NDArray[np.uint8] = self._parts[part][place - self._starts[part]]
        return image

    def _slice(self, places: range) -> Images:
        if places.step != 1:
            return [self[place] for place in places]
        pieces = [
            part[max(places.start - start, 0) : max(places.stop - start, 0)]
            for part, (start, end) in zip(self._parts, pairwise(self._starts), strict=True)
            if places.start < end and start < places.stop
        ]
        if len(pieces) == 1:
            return pieces[0]
        arrays = [piece for piece in pieces if isinstance(piece, np.ndarray)]
        if len(arrays) == len(pieces) and len({piece.shape[1:] for piece in arrays}) == 1:
            return np.concatenate(arrays)
        return Joined(pieces)
