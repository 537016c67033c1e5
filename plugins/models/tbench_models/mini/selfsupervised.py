"""Learning from source images without their labels: telling turns apart, and finding the other view of an image."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from tbench_models.augmentation import shifted
from tbench_models.mini.recipe import Recipe
from tbench_models.pretraining import Loss

TEMPERATURE = 0.2
PROJECTION = 64
TURNS = 4


def outputs(recipe: Recipe, classes: int) -> int:
    """How many a network has while it is trained on a source of so many classes."""
    return {"supervised": classes, "simclr": PROJECTION, "rotation": TURNS, "none": 0}[recipe.method]


def rotation_loss(network: nn.Module, most: int) -> Loss:
    """By how many quarters was each image turned? The network gives 4 logits.

    Gidaris, Singh, Komodakis, Unsupervised representation learning by predicting image rotations, ICLR 2018.
    """

    def loss(images: Tensor, labels: Tensor, draws: torch.Generator) -> Tensor:
        turns = torch.randint(0, TURNS, (len(images),), generator=draws)
        images = shifted(images, most, draws).clone()
        for turn in range(1, TURNS):
            images[turns == turn] = torch.rot90(images[turns == turn], turn, (2, 3))
        return functional.cross_entropy(network(images), turns)

    return loss


def contrastive_loss(network: nn.Module) -> Loss:
    """NT-Xent: each view must find, among all views of the batch, the other one of its image.

    Chen, Kornblith, Norouzi, Hinton, A simple framework for contrastive learning of visual representations, ICML 2020.
    """

    def loss(images: Tensor, labels: Tensor, draws: torch.Generator) -> Tensor:
        count = len(images)
        views = torch.cat([_view(images, draws), _view(images, draws)])
        points = functional.normalize(network(views), dim=1)
        likeness = (points @ points.T / TEMPERATURE).fill_diagonal_(-torch.inf)
        return functional.cross_entropy(likeness, (torch.arange(2 * count) + count) % (2 * count))

    return loss


def _view(images: Tensor, draws: torch.Generator) -> Tensor:
    """One random view: turned, zoomed and moved; colours scaled, offset, inverted, dropped or swapped; noise."""
    count = len(images)

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(count, *shape, generator=draws)

    angle, zoom, across, down = uniform(-0.35, 0.35), uniform(0.5, 1.1), uniform(-0.3, 0.3), uniform(-0.3, 0.3)
    first = torch.stack([zoom * angle.cos(), -zoom * angle.sin(), across], dim=1)
    second = torch.stack([zoom * angle.sin(), zoom * angle.cos(), down], dim=1)
    grid = functional.affine_grid(torch.stack([first, second], dim=1), list(images.shape), align_corners=False)
    view = functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
    view = view * uniform(0.6, 1.4, 3, 1, 1) + uniform(-0.5, 0.5, 3, 1, 1)
    view = torch.where(uniform(0, 1, 1, 1, 1) < 0.3, -view, view)
    view = torch.where(uniform(0, 1, 1, 1, 1) < 0.2, view.mean(dim=1, keepdim=True), view)
    swap = torch.rand(count, 3, generator=draws).argsort(dim=1)
    view = view.gather(1, swap[:, :, None, None].expand_as(view))
    noise = 0.1 * torch.randn(view.shape, generator=draws)
    return (view + noise).contiguous(memory_format=torch.channels_last)
