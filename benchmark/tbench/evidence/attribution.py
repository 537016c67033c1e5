"""Which pixels a network's features rest on: gradient times input, the nodes of DEPARA's graphs (CVPR 2020)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import vjp
from torch.nn import functional

from tbench.api import Network
from tbench.prepared import batches

if TYPE_CHECKING:
    from tbench.api import Images

SIDE = 32  # maps of all networks are averaged over areas to so many a side, since they may read images of any size
AT_ONCE = 2**20  # numbers of prepared images in a pass, all of whose maps stay until the way back


def attributions(network: Network, images: Images, device: str) -> NDArray[Any]:
    """(N, 3, 32, 32) float32: the gradient of the mean over features by the prepared image, times the image.

    In evaluation, and in float32.
    """
    body = network.body.eval().requires_grad_(False).to(device)
    parts = []
    for batch in batches(images, network.prepare, device):
        for rows in batch.split(max(AT_ONCE // batch[0].numel(), 1)):
            found = functional.adaptive_avg_pool2d(gradient_times_input(body, rows), SIDE)
            parts.append(found.float().cpu().numpy())
    return np.concatenate(parts)


def probe_attributions(probe_network: Network, images: Images, device: str) -> NDArray[Any]:
    """(N, 3, 32, 32) float32: the same of the probe."""
    return attributions(probe_network, images, device)


def gradient_times_input(body: nn.Module, images: Tensor) -> Tensor:
    """Of the mean of the outputs (B, D) for images (B, ...), each for itself; as large as the images."""
    pulled: Any = vjp(lambda shown: body(shown).flatten(1).mean(dim=1), images)
    said, pull = pulled
    (gradient,) = pull(torch.ones_like(said))
    product: Tensor = gradient * images
    return product
