"""Raw images to what a network takes, by the transform that its weights come with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms import v2

if TYPE_CHECKING:
    from tbench.api import Images

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos")  # as PIL computes them


@dataclass(frozen=True)
class Preparation:
    """uint8 images (each H x W x 3, of any sizes) to float32 (B, 3, height, width), image by image through PIL."""

    transform: Callable[[Image.Image], Tensor]

    def __call__(self, images: Images) -> Tensor:
        return torch.stack([self.transform(Image.fromarray(image)) for image in images])


def centre_crop(
    side: int, resized: int, mean: Sequence[float], std: Sequence[float], interpolation: str
) -> Preparation:
    """The shorter side to `resized` pixels, the central `side` x `side` of it, values in [0, 1] less mean, by std.

    An image whose shorter side is `resized` already is not resampled.
    """
    steps: list[Any] = [
        v2.Resize(resized, interpolation=v2.InterpolationMode(interpolation)),
        v2.CenterCrop(side),
        v2.ToImage(),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize(list(mean), list(std)),
    ]
    return Preparation(v2.Compose(steps))
