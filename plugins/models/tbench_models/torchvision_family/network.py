"""A classifier of torchvision cut into body and head, whole or at a node of its graph."""

from __future__ import annotations

from functools import partial
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torchvision import models

from tbench.api import Network, TbenchError
from tbench_models import cutting
from tbench_models.preparation import Preparation
from tbench_models.seeds import seeded, shape
from tbench_models.torchvision_family.weights import make_sure, tensors_only

if TYPE_CHECKING:
    from torchvision.models import WeightsEnum

AUXILIARY = ("aux1", "aux2", "AuxLogits")  # heads of GoogLeNet and Inception that only their own training uses


def pretrained(whose: str, architecture: str, weights: WeightsEnum, layer: str | None) -> Network:
    """With these weights; the head is the classifier, where its classes are those of the weights."""
    make_sure(whose, weights)
    try:
        with tensors_only():
            network = models.get_model(architecture, weights=weights, progress=False)
    except UnpicklingError as error:
        raise TbenchError(f"weights of {whose} hold more than tensors; remove the file from torch's cache") from error
    classes = weights.meta["categories"] is not None  # VGG's IMAGENET1K_FEATURES have no trained classifier
    return _assembled(whose, architecture, network, weights, layer, classes=classes)


def initialised(whose: str, architecture: str, seed: int, layer: str | None) -> Network:
    """As its authors initialise it, the same for the same seed; images are prepared as for its default weights."""
    with seeded(seed):
        network = models.get_model(architecture, weights=None, **_words(architecture, None))
    weights = models.get_model_weights(architecture).DEFAULT
    return _assembled(whose, architecture, network, weights, layer, classes=False)


def parameter_count(whose: str, architecture: str, weights: WeightsEnum | None, layer: str | None) -> int:
    """Of the body, up to its layer. UsageError for an unknown layer."""
    body, _ = cut(whose, architecture, _shape(architecture, weights), layer)
    return cutting.parameter_count(body)


def cut(whose: str, architecture: str, network: nn.Module, layer: str | None) -> tuple[nn.Module, nn.Module | None]:
    """Body and classifier; an inner layer has none."""
    drop_auxiliary(network)
    if layer is not None:
        return cutting.inner(network, layer, whose, channels_last=channels_last(architecture, layer)), None
    classifier = cutting.last_linear(network)
    if not classifier:
        network.set_submodule(
            "classifier", nn.AdaptiveAvgPool2d(1)
        )  # of a convolution; SqueezeNet flattens what comes out
        return network, None
    return network, cutting.without(network, classifier)


def drop_auxiliary(network: nn.Module) -> None:
    """Without them, a network in training gives what it gives in evaluation: one tensor."""
    for name in AUXILIARY:
        if hasattr(network, name):
            setattr(network, name, None)
            network.aux_logits = False  # type: ignore[assignment]


def channels_last(architecture: str, layer: str) -> bool:
    """Whether a map is (B, h, w, C) there."""
    return architecture.startswith("swin") and layer.startswith(("features", "norm"))


def _assembled(
    whose: str, architecture: str, network: nn.Module, weights: WeightsEnum, layer: str | None, *, classes: bool
) -> Network:
    transforms = weights.transforms()
    body, head = cut(whose, architecture, network, layer)
    body = body.eval().to(memory_format=torch.channels_last)
    width = cutting.width_of(body, transforms.crop_size[0])
    return Network(body, head.eval() if classes and head else None, width, Preparation(transforms))


def _shape(architecture: str, weights: WeightsEnum | None) -> nn.Module:
    network: nn.Module = shape(partial(models.get_model, architecture, weights=None, **_words(architecture, weights)))
    return network


def _words(architecture: str, weights: WeightsEnum | None) -> dict[str, Any]:
    if architecture in ("googlenet", "inception_v3"):
        return {"init_weights": True}  # otherwise torchvision warns that it will change its mind
    if architecture.startswith("vit_") and weights is not None:
        return {"image_size": weights.meta["min_size"][0]}  # positions are parameters
    return {}
