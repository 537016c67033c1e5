"""A network of the embedded suite cut into body and head, whole or at an inner stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from tbench.api import Network
from tbench_models.mini.architectures import Timm, build
from tbench_models.mini.images import prepare
from tbench_models.mini.spine import LAYERS, spine, upto
from tbench_models.whole import Whole

SEED = 0  # of what no weights are given for: the random control


class Stage(nn.Module):
    """Images to the mean over a stage's map, or over its patches (the class token is left out)."""

    def __init__(self, trunk: nn.Sequential) -> None:
        super().__init__()
        self.trunk = trunk

    def forward(self, images: Tensor) -> Tensor:
        return averaged(self.trunk(images))


class Stages(nn.Module):
    """Images to what several stages give and, of the whole network, its features: one pass for all."""

    def __init__(self, body: nn.Module, stages: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self.body = body
        self.whole = isinstance(body, Whole)
        self.seen: dict[str, Tensor] = {}
        for layer, stage in stages.items():
            stage.register_forward_hook(partial(self._see, layer))

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        features = self.body(images)
        inner = {f"features@{layer}": averaged(seen) for layer, seen in self.seen.items()}
        self.seen.clear()
        return inner | ({"features": features} if self.whole else {})

    def _see(self, layer: str, module: nn.Module, given: object, output: Tensor) -> None:
        self.seen[layer] = output


def averaged(inner: Tensor) -> Tensor:
    """(B, C) from a map (B, C, h, w), or from tokens with the class token first."""
    return inner.mean(dim=(2, 3)) if inner.ndim == 4 else inner[:, 1:].mean(dim=1)


def assemble(architecture: str, classes: int, weights: Mapping[str, Tensor] | None, layer: str | None) -> Network:
    """The weights must fit to the last name and shape; without any, the network is initialised, always alike."""
    network = _loaded(architecture, classes, weights)
    if layer is not None:
        return _network(Stage(upto(architecture, network, layer)), None)
    return _network(*_cut(network, classes))


def together(
    architecture: str, classes: int, weights: Mapping[str, Tensor] | None, layers: Sequence[str | None]
) -> Network:
    """Several layers at once, None among them for the whole network; its width is that of the deepest."""
    network = _loaded(architecture, classes, weights)
    inner = [layer for layer in LAYERS if layer in layers]
    stages = dict(zip(LAYERS, map(_end, spine(architecture, network)[1:]), strict=False))
    whole = None in layers
    body, head = _cut(network, classes) if whole else (Stage(upto(architecture, network, inner[-1])), None)
    width = _network(body, None).width
    return Network(Stages(body, {layer: stages[layer] for layer in inner}).eval(), head, width, prepare)


def _loaded(architecture: str, classes: int, weights: Mapping[str, Tensor] | None) -> Timm:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        network = build(architecture, classes)
    if weights is not None:
        network.load_state_dict(weights)
    return network.eval()


def _cut(network: Timm, classes: int) -> tuple[Whole, nn.Module | None]:
    head = network.get_classifier() if classes else None
    network.reset_classifier(0)
    return Whole(network), head


def _end(stage: nn.Module) -> nn.Module:
    """What gives a stage's output whichever way the stage is called."""
    while isinstance(stage, nn.Sequential):
        stage = stage[-1]
    return stage


def parameter_count(network: Network) -> int:
    """Of the body."""
    return sum(parameter.numel() for parameter in network.body.parameters())


def _network(body: nn.Module, head: nn.Module | None) -> Network:
    body = body.eval().to(memory_format=torch.channels_last)
    with torch.inference_mode():
        width = body(torch.zeros(1, 3, 32, 32)).shape[1]
    return Network(body, head, width, prepare)
