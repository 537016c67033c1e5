"""A network of the embedded suite cut into body and head, whole or at an inner stage."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from tbench.api import Network
from tbench_models.mini.architectures import Timm, build
from tbench_models.mini.images import prepare
from tbench_models.mini.spine import upto

SEED = 0  # of what no weights are given for: the random control


class Whole(nn.Module):
    """Images to pooled features, as the classifier of timm would see them."""

    def __init__(self, network: Timm) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        features: Tensor = self.network.forward_head(self.network.forward_features(images), pre_logits=True)
        return features


class Stage(nn.Module):
    """Images to the mean over a stage's map, or over its patches (the class token is left out)."""

    def __init__(self, trunk: nn.Sequential) -> None:
        super().__init__()
        self.trunk = trunk

    def forward(self, images: Tensor) -> Tensor:
        inner: Tensor = self.trunk(images)
        return inner.mean(dim=(2, 3)) if inner.ndim == 4 else inner[:, 1:].mean(dim=1)


def assemble(architecture: str, classes: int, weights: Mapping[str, Tensor] | None, layer: str | None) -> Network:
    """The weights must fit to the last name and shape; without any, the network is initialised, always alike."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        network = build(architecture, classes)
    if weights is not None:
        network.load_state_dict(weights)
    network.eval()
    if layer is not None:
        return _network(Stage(upto(architecture, network, layer)), None)
    head = network.get_classifier() if classes else None
    network.reset_classifier(0)
    return _network(Whole(network), head)


def parameter_count(network: Network) -> int:
    """Of the body."""
    return sum(parameter.numel() for parameter in network.body.parameters())


def _network(body: nn.Module, head: nn.Module | None) -> Network:
    body = body.eval().to(memory_format=torch.channels_last)
    with torch.inference_mode():
        width = body(torch.zeros(1, 3, 32, 32)).shape[1]
    return Network(body, head, width, prepare)
