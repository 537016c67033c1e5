"""Images as the networks take them: of one size, normalised."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

if TYPE_CHECKING:
    from tbench.api import Images

SIDE = 32
MEAN, SCALE = 0.5, 0.25


def prepare(images: Images) -> Tensor:
    """uint8 images (H, W, 3), in a list or one array, to float32 (B, 3, 32, 32), channels last; others are resized."""
    if {image.shape[:2] for image in images} == {(SIDE, SIDE)}:
        return normalised(bytes_of(images))
    return normalised(torch.cat([_resized(bytes_of(image[None])) for image in images]))


def bytes_of(images: Images) -> Tensor:
    """uint8 (B, 3, H, W), channels last; the images themselves are copied."""
    return torch.tensor(np.asarray(images)).permute(0, 3, 1, 2)


def _resized(images: Tensor) -> Tensor:
    return functional.interpolate(images.float(), (SIDE, SIDE), mode="bilinear", antialias=True)


def normalised(images: Tensor) -> Tensor:
    """Values 0..255 (B, 3, H, W) to float32 in [-2, 2], channels last."""
    return ((images.float() / 255 - MEAN) / SCALE).contiguous(memory_format=torch.channels_last)
