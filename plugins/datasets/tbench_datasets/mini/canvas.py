"""From masks to pictures: a mask in one colour on a cluttered ground of another, or a field between two colours.

All arithmetic is float64, so that rounding to 8 bits gives the same bytes on every processor.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

SIDE = 32
LUMINANCE = (0.3, 0.59, 0.11)

FloatArray = NDArray[np.float64]
Number = TypeVar("Number", np.float64, np.int64)


def grid() -> tuple[FloatArray, FloatArray]:
    """x and y of the pixels, each (32, 32), measured from the centre of the picture."""
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    return x, y


def column(values: NDArray[Number]) -> NDArray[Number]:
    """(N,) -> (N, 1, 1), one number for each picture."""
    return values[:, None, None]


def warp(
    masks: FloatArray,
    stream: RandomState,
    *,
    rotation: float = 15.0,
    scale: tuple[float, float] = (0.75, 1.05),
    shear: float = 0.2,
    shift: float = 3.0,
    angles: FloatArray | None = None,
) -> FloatArray:
    """Masks (N, h, w) under random affine maps, bilinear, on (N, 32, 32).

    rotation in degrees to either side, unless angles (N,) in radians are given; scale a range; shift in pixels.
    """
    n, (height, width) = len(masks), masks.shape[1:]
    if angles is None:
        angles = np.deg2rad(stream.uniform(-rotation, rotation, n))
    angle = column(angles)
    size = column(stream.uniform(*scale, size=n))
    slant = column(stream.uniform(-shear, shear, n))
    right, down = column(stream.uniform(-shift, shift, n)), column(stream.uniform(-shift, shift, n))
    aspect = column(np.exp(stream.uniform(-0.12, 0.12, n)))
    x, y = grid()
    x, y = x - right, y - down
    v = (np.cos(angle) * y - np.sin(angle) * x) / (size / aspect)
    u = (np.cos(angle) * x + np.sin(angle) * y) / (size * aspect) + slant * v
    picture = np.broadcast_to(column(np.arange(n, dtype=np.float64)), v.shape)
    where = np.stack([picture, v + (height - 1) / 2, u + (width - 1) / 2])
    warped: FloatArray = map_coordinates(masks, where, order=1, mode="grid-constant", prefilter=False)
    return warped


def value_noise(n: int, stream: RandomState, cells: Sequence[int] = (3, 5, 7), channels: int = 3) -> FloatArray:
    """Smooth random fields (n, channels, 32, 32) around 0: random grids, bilinearly enlarged (A g A^T) and summed."""
    field = np.zeros((n, channels, SIDE, SIDE))
    for k in cells:
        place = np.linspace(0, k - 1, SIDE)
        enlarge = np.clip(1 - np.abs(place[:, None] - np.arange(k)), 0, 1)
        field += enlarge @ (stream.rand(n, channels, k, k) - 0.5) @ enlarge.T
    return field


def two_colours(n: int, stream: RandomState, contrast: float) -> tuple[FloatArray, FloatArray]:
    """Fore- and background (n, 3, 1, 1) whose luminances differ by at least `contrast`."""
    front, back = stream.rand(n, 3), stream.rand(n, 3)
    while True:
        faint = np.flatnonzero(np.abs((front - back) @ LUMINANCE) < contrast)
        if not faint.size:
            return front[:, :, None, None], back[:, :, None, None]
        front[faint], back[faint] = stream.rand(faint.size, 3), stream.rand(faint.size, 3)


def grain(n: int, stream: RandomState, noise: float) -> FloatArray:
    """Gaussian pixel noise (n, 3, 32, 32), its standard deviation drawn for each picture from 0..noise."""
    return noise * stream.rand(n, 1, 1, 1) * stream.randn(n, 3, SIDE, SIDE)


def paint(
    masks: FloatArray,
    stream: RandomState,
    *,
    clutter: float = 0.3,
    noise: float = 0.05,
    relief: float = 0.0,
    contrast: float = 0.25,
) -> NDArray[np.uint8]:
    """Masks (N, 32, 32) in 0..1 as figures: clutter moves the ground smoothly, relief the figure, noise every pixel."""
    n, figure = len(masks), masks[:, None]
    front, back = two_colours(n, stream, contrast)
    ground = back + clutter * stream.rand(n, 1, 1, 1) * value_noise(n, stream)
    if relief:
        front = front + relief * value_noise(n, stream, cells=(4, 6))
    return to_bytes(ground + (front - ground) * figure + grain(n, stream, noise))


def dye(fields: FloatArray, stream: RandomState, *, noise: float = 0.05) -> NDArray[np.uint8]:
    """Fields (N, 32, 32) in 0..1 as mixtures of two colours, slightly shaded."""
    n = len(fields)
    front, back = two_colours(n, stream, contrast=0.2)
    shade = 0.15 * stream.rand(n, 1, 1, 1) * value_noise(n, stream, cells=(3,))
    return to_bytes(back + (front - back) * fields[:, None] + shade + grain(n, stream, noise))


def to_bytes(pictures: FloatArray) -> NDArray[np.uint8]:
    """(N, C, 32, 32) in 0..1 -> (N, 32, 32, C) uint8."""
    return np.ascontiguousarray(np.rint(255 * np.clip(pictures, 0, 1)).astype(np.uint8).transpose(0, 2, 3, 1))
