"""Where a network can be cut: its stem and its stages in order, sharing their parameters with it.

Spelt out here rather than asked of timm, whose own cutting differs between releases and architectures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor, nn

from tbench_models.mini.architectures import Timm

LAYERS = ("stage1", "stage2", "stage3")


def spine(architecture: str, network: Timm) -> list[nn.Module]:
    """Modules that map images to maps (B, C, h, w), or tokens (B, 1 + T, C) with the class token first."""
    return SPINES[architecture](network)


def layers(architecture: str, network: Timm) -> tuple[str, ...]:
    """The names of the inner stages; the whole network stands for the last one."""
    return LAYERS[: len(spine(architecture, network)) - 2]


def upto(architecture: str, network: Timm, layer: str) -> nn.Sequential:
    """The network from the image to the end of a stage, and nothing of what lies beyond."""
    return nn.Sequential(*spine(architecture, network)[: LAYERS.index(layer) + 2])


class Tokens(nn.Module):
    """The stem of a vision transformer: class token and patches, each with its position added."""

    def __init__(self, network: Timm) -> None:
        super().__init__()
        self.patches = network.patch_embed
        self.class_token = network.cls_token
        self.positions = network.pos_embed

    def forward(self, images: Tensor) -> Tensor:
        class_token = self.class_token.expand(len(images), -1, -1)
        tokens: Tensor = torch.cat([class_token, self.patches(images)], dim=1) + self.positions
        return tokens


def _staged(network: Timm) -> list[nn.Module]:
    return [network.stem, *network.stages]


def _regnet(network: Timm) -> list[nn.Module]:
    return [network.stem, network.s1, network.s2, network.s3, network.s4]


def _inverted(network: Timm) -> list[nn.Module]:
    return [nn.Sequential(network.conv_stem, network.bn1), *network.blocks]


def _densenet(network: Timm) -> list[nn.Module]:
    return list(_ending_in_dense_blocks(network.features))


def _ending_in_dense_blocks(features: nn.Sequential) -> Iterator[nn.Module]:
    piece: list[nn.Module] = []
    for name, module in features.named_children():
        if name == "denseblock1":  # ends the stem
            yield nn.Sequential(*piece)
            piece = []
        piece.append(module)
        if name.startswith("denseblock"):
            yield nn.Sequential(*piece)
            piece = []


def _vit(network: Timm) -> list[nn.Module]:
    return [Tokens(network), *network.blocks]


SPINES: Mapping[str, Callable[[Timm], list[nn.Module]]] = {
    "convnext": _staged,
    "densenet": _densenet,
    "efficientnet": _inverted,
    "mobilenetv3": _inverted,
    "regnet": _regnet,
    "resnet": _staged,
    "vit": _vit,
}
