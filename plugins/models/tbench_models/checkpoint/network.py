"""The network that a card describes, with the weights of its file, cut into body and head."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torchvision.models import get_model

from tbench.api import Network, TbenchError, UsageError
from tbench_models import cutting
from tbench_models.checkpoint.card import Card
from tbench_models.preparation import Preparation, centre_crop
from tbench_models.seeds import seeded
from tbench_models.statedict import load_strictly, read_tensors, without_parallel
from tbench_models.timm_family.library import create_model
from tbench_models.timm_family.network import whole
from tbench_models.torchvision_family.network import channels_last, drop_auxiliary


def assemble(path: Path, card: Card, layer: str | None) -> Network:
    """TbenchError, one line, where weights, architecture and card do not fit one another."""
    with seeded(0):
        network = built(path, card)
    if not card.classes:
        _drop_classifier(path, card, network)
    load_strictly(network, without_parallel(read_tensors(path)), str(path))
    return _assembled(path, card, layer, network)


def initial(path: Path, card: Card, layer: str | None) -> Network:
    """The same before training, of a card whose recipe says with which seed its weights were drawn."""
    with seeded(card.recipe["seed"]):
        network = built(path, card)
    return _assembled(path, card, layer, network)


def _assembled(path: Path, card: Card, layer: str | None, network: nn.Module) -> Network:
    drop_auxiliary(network)
    network.eval()
    prepare = preparation(card)
    if layer or card.features:
        body: nn.Module = _inner(path, card, network, layer)
        return Network(_ready(body), None, cutting.width_of(body, card.input_size), prepare)
    if card.architecture.startswith("timm:"):
        return whole(network, classes=bool(card.classes), side=card.input_size, prepare=prepare)
    head = _cut(path, card, network) if card.classes else None
    return Network(_ready(network), head, cutting.width_of(network, card.input_size), prepare)


def preparation(card: Card) -> Preparation:
    return centre_crop(card.input_size, card.side, card.mean, card.std, card.interpolation)


def parameter_count(path: Path, card: Card, layer: str | None) -> int:
    """Of the body, up to its layer, counted on the shape of the network. UsageError for an unknown layer."""
    try:
        with torch.device("meta"):
            network = _constructed(card)
    except Exception:  # some constructors must compute with what they draw; others fail whatever the device
        with seeded(0):
            network = built(path, card)
    drop_auxiliary(network)
    if layer or card.features:
        return cutting.parameter_count(_inner(path, card, network, layer))
    if card.architecture.startswith("timm:"):
        network.reset_classifier(0)  # type: ignore[operator]
    else:
        _drop_classifier(path, card, network)
    return cutting.parameter_count(network)


def _inner(path: Path, card: Card, network: nn.Module, layer: str | None) -> cutting.Inner:
    """At a layer, or at the node that the card calls the features."""
    node = layer or card.features or ""
    return cutting.inner(network, node, f"checkpoint/{path}", channels_last=channels_last_of(card, network, node))


def channels_last_of(card: Card, network: nn.Module, node: str) -> bool:
    """Whether a map is (B, h, w, C) there."""
    kind, _, name = card.architecture.partition(":")
    if kind == "torchvision":
        return channels_last(name, node)
    return kind == "timm" and "NHWC" in str(getattr(network, "output_fmt", ""))


def built(path: Path, card: Card) -> nn.Module:
    """The whole network, as its constructor leaves it; UsageError, one line, if that does not work."""
    try:
        network = _constructed(card)
    except Exception as error:  # whatever the constructor says to its arguments
        told = str(error).partition("\n")[0]
        raise UsageError(f"weights {path}: their architecture {card.architecture} cannot be built ({told})") from error
    return network


def _constructed(card: Card) -> nn.Module:
    kind, _, name = card.architecture.partition(":")
    maker: Callable[..., object]
    match kind:
        case "timm" if ":" not in name:  # what stands before one is a place to fetch from
            words: dict[str, Any] = {"pretrained": False, "num_classes": card.classes}
            maker = partial(create_model, name)
        case "torchvision":
            words = {"weights": None} | ({"num_classes": card.classes} if card.classes else {})
            maker = partial(get_model, name)
        case _:
            words = {}
            maker = _maker(kind, name)
    network = maker(**(words | dict(card.arguments)))
    if not isinstance(network, nn.Module):
        raise TypeError(f"it gives a {type(network).__name__}, not a torch module")
    return network


def _maker(module: str, name: str) -> Callable[..., object]:
    """A card may come from anybody: of what can be called, it can name only what says that it makes networks."""
    maker: Callable[..., object] = getattr(importlib.import_module(module), name)
    made = maker if isinstance(maker, type) else inspect.signature(maker, eval_str=True).return_annotation
    if not (isinstance(made, type) and issubclass(made, nn.Module)):
        raise TypeError("it is no class of torch modules, nor a function that is annotated to return one")
    return maker


def _ready(body: nn.Module) -> nn.Module:
    for part in body.modules():
        if isinstance(part, nn.Conv2d):  # a traced graph may hold tensors that have no such format
            part.to(memory_format=torch.channels_last)
    return body.eval()


def _classifier(path: Path, card: Card, network: nn.Module) -> str:
    """The name of the submodule that gives the logits."""
    name = card.classifier or cutting.last_linear(network)
    if name and name in dict(network.named_modules()):
        return name
    raise UsageError(
        f"weights {path}: their architecture has no {name or 'linear layer'}; name its classifier or features"
    )


def _drop_classifier(path: Path, card: Card, network: nn.Module) -> None:
    if not card.architecture.startswith("timm:"):  # timm left it out when the network was built
        cutting.without(network, _classifier(path, card, network))


def _cut(path: Path, card: Card, network: nn.Module) -> nn.Module:
    """The head, taken off the network, which gives vectors from now on."""
    name = _classifier(path, card, network)
    trial = torch.randn(1, 3, card.input_size, card.input_size, generator=torch.Generator().manual_seed(0))
    seen: list[torch.Tensor] = []
    head = network.get_submodule(name)
    watch = head.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    with torch.no_grad():
        logits = network(trial)
        watch.remove()
        if [each.ndim for each in seen] != [2] or not torch.equal(head(seen[0]), logits):
            raise TbenchError(f"weights {path}: their logits are not what {name} makes of vectors; name the features")
    if logits.shape[1] != card.classes:
        raise TbenchError(f"weights {path} have {logits.shape[1]} classes, their card says {card.classes}")
    return cutting.without(network, name)
