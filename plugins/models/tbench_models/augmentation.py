"""Images moved about a little in training, all of a batch at once."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def shifted(images: Tensor, most: int, draws: torch.Generator) -> Tensor:
    """Each image moved by up to `most` pixels each way, its border reflected: one gather for the whole batch."""
    count, _, height, width = images.shape
    padded = functional.pad(images, (most,) * 4, mode="reflect").permute(0, 2, 3, 1)
    down, right = (torch.randint(0, 2 * most + 1, (count,), generator=draws) for _ in range(2))
    rows = (down[:, None] + torch.arange(height))[:, :, None]
    columns = (right[:, None] + torch.arange(width))[:, None, :]
    return padded[torch.arange(count)[:, None, None], rows, columns].permute(0, 3, 1, 2)


def flipped(images: Tensor, draws: torch.Generator) -> Tensor:
    """Half of the images, as the draws have it, mirrored from left to right."""
    mirrored = torch.rand(len(images), generator=draws) < 0.5
    return torch.where(mirrored[:, None, None, None], images.flip(3), images)
