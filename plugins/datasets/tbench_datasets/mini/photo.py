"""Target photo: grey patches of nine materials in the two photographs that come with scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates
from sklearn.datasets import load_sample_image

from tbench_datasets.mini.canvas import LUMINANCE, SIDE, FloatArray, column, grid, to_bytes
from tbench_datasets.mini.dataset import Part, balanced


@dataclass(frozen=True)
class Box:
    """Pixels left <= x < right, top <= y < bottom."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True)
class Material:
    """A texture of the world, and where in a photograph each part of the dataset may see it: boxes without overlap."""

    name: str
    photograph: str
    boxes: Mapping[Part, Box]


def material(name: str, photograph: str, train: Box, val: Box, test: Box) -> Material:
    return Material(name, photograph, {"train": train, "val": val, "test": test})


MATERIALS = (
    material("roof", "china", Box(125, 70, 275, 122), Box(85, 150, 328, 194), Box(68, 240, 350, 290)),
    material("balcony", "china", Box(80, 290, 230, 342), Box(232, 290, 347, 342), Box(98, 194, 320, 238)),
    material("green bush", "china", Box(0, 345, 88, 427), Box(90, 345, 145, 427), Box(147, 350, 235, 427)),
    material("grey bush", "china", Box(348, 340, 430, 427), Box(432, 318, 482, 427), Box(484, 298, 552, 427)),
    material("tree", "china", Box(555, 165, 640, 265), Box(565, 267, 640, 320), Box(567, 322, 640, 427)),
    material("lake", "china", Box(355, 222, 418, 298), Box(420, 222, 470, 290), Box(472, 222, 545, 278)),
    material("petals", "flower", Box(172, 120, 256, 325), Box(262, 290, 352, 352), Box(360, 120, 440, 325)),
    material("flower centre", "flower", Box(258, 160, 307, 232), Box(262, 234, 356, 278), Box(309, 160, 358, 232)),
    material("leaf", "flower", Box(0, 65, 130, 160), Box(0, 162, 130, 215), Box(0, 217, 150, 330)),
)


def draw_photo(part: Part, size: int, stream: RandomState) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Patches of random scale, rotation and mirror image, standardised, with random gain, offset and noise.

    Grey, because colour alone would tell the materials apart.
    """
    labels = balanced(size, len(MATERIALS), stream)
    boxes = [MATERIALS[label].boxes[part] for label in labels]
    x, y = place(boxes, stream)
    patches = np.empty((size, SIDE, SIDE))
    for name in ("china", "flower"):
        grey = load_sample_image(f"{name}.jpg") @ LUMINANCE / 255
        here = [MATERIALS[label].photograph == name for label in labels]
        patches[here] = map_coordinates(grey, [y[here], x[here]], order=1, prefilter=False)
    patches -= patches.mean(axis=(1, 2), keepdims=True)
    patches /= patches.std(axis=(1, 2), keepdims=True) + 0.02
    gain, offset = column(stream.uniform(0.1, 0.25, size)), column(stream.uniform(0.35, 0.65, size))
    pictures = offset + gain * patches + 0.03 * stream.randn(size, SIDE, SIDE)
    return to_bytes(np.repeat(pictures[:, None], 3, axis=1)), labels


def place(boxes: list[Box], stream: RandomState) -> tuple[FloatArray, FloatArray]:
    """Where in the photograph the pixels of each patch lie, x and y (N, 32, 32): wholly inside the patch's box."""
    n = len(boxes)
    angle, scale = stream.uniform(-0.5, 0.5, n), stream.uniform(0.6, 0.95, n)
    reach = (SIDE - 1) / 2 * scale * (np.cos(angle) + np.abs(np.sin(angle)))  # from the centre, along either axis
    left, top, right, bottom = np.array([(b.left, b.top, b.right - 1, b.bottom - 1) for b in boxes]).T
    centre_x = stream.uniform(left + reach, right - reach)
    centre_y = stream.uniform(top + reach, bottom - reach)
    mirror = np.where(stream.rand(n) < 0.5, -1, 1)
    x, y = grid()
    x = x * column(mirror)
    cosine, sine = column(scale * np.cos(angle)), column(scale * np.sin(angle))
    return column(centre_x) + cosine * x - sine * y, column(centre_y) + sine * x + cosine * y
