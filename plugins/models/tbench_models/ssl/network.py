"""A ResNet-50 with the trunk of a self-supervised checkpoint."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from torchvision.models import resnet50

from tbench.api import Network, TbenchError
from tbench_models import cutting
from tbench_models.preparation import centre_crop
from tbench_models.seeds import seeded
from tbench_models.ssl.manifest import Entry
from tbench_models.statedict import load_strictly, read_tensors

SIDE = 224
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def assemble(whose: str, path: Path, entry: Entry, layer: str | None) -> Network:
    """TbenchError, one line, for a file of another layout."""
    allow = [argparse.Namespace] if entry.holds_arguments else []
    network = _trunk()
    load_strictly(network, trunk_of(whose, read_tensors(path, allow), entry.prefix, network), str(path))
    body = (cutting.inner(network, layer, whose) if layer else network).eval().to(memory_format=torch.channels_last)
    return Network(body, None, cutting.width_of(body, SIDE), centre_crop(SIDE, SIDE, MEAN, STD, "bicubic"))


def trunk_of(whose: str, tensors: Mapping[str, Tensor], prefix: str, network: nn.Module) -> dict[str, Tensor]:
    """The tensors behind the prefix that are in modules of the trunk, by the names that they have there."""
    parts = {name for name, module in network.named_children() if [*module.state_dict()]}
    inside = {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
    trunk = {name: tensor for name, tensor in inside.items() if name.partition(".")[0] in parts}
    if not trunk:
        raise TbenchError(
            f"weights of {whose} have no tensor {prefix}conv1.weight and the like; is it the published file?"
        )
    return trunk


def parameter_count(whose: str, layer: str | None) -> int:
    """Of the body, up to its layer. UsageError for an unknown layer."""
    with torch.device("meta"):
        network = _trunk()
    return cutting.parameter_count(cutting.inner(network, layer, whose) if layer else network)


def _trunk() -> nn.Module:
    with seeded(0):
        network: nn.Module = resnet50(weights=None)
    cutting.without(network, "fc")
    return network
