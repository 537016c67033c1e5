"""A network of timm cut into body and head, whole or at an inner layer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from tbench.api import Network, UsageError
from tbench_models import cutting
from tbench_models.pooling import pooled
from tbench_models.preparation import Preparation
from tbench_models.seeds import seeded, shape
from tbench_models.timm_family.library import Timm, create_model, create_transform, resolve_model_data_config
from tbench_models.whole import Whole

# Tags end in what was trained last. Classes are told by that alone: the num_classes of CLIP are those of a projection.
CLASSES_OF_IMAGENET = re.compile(r"(?:^|_)inw?\d+k(?:_\d+)?$")


class Inner(nn.Module):
    """Images to the mean over a map that timm's own extraction gives; prefix tokens are no part of it."""

    def __init__(self, network: Timm, whose: str) -> None:
        super().__init__()
        self.network = network
        self.whose = whose
        self.channels_last = "NHWC" in str(getattr(network, "output_fmt", ""))

    def forward(self, images: Tensor) -> Tensor:
        (features,) = self.network(images)
        return pooled(features, self.whose, channels_last=self.channels_last)


class Stages(nn.Module):
    """Images to what several layers give and, where asked, the features of the whole network: one pass for all."""

    def __init__(self, network: Timm, indices: Mapping[str, int], whose: str, *, entire: bool) -> None:
        super().__init__()
        self.network = network
        self.indices = dict(indices)
        self.whose = whose
        self.entire = entire

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        words = {"indices": [*self.indices.values()], "output_fmt": "NCHW"}
        if not self.entire:
            maps = self.network.forward_intermediates(images, **words, intermediates_only=True, stop_early=True)
            return self._pooled(maps)
        last, maps = self.network.forward_intermediates(images, **words)
        return self._pooled(maps) | {"features": self.network.forward_head(last, pre_logits=True)}

    def _pooled(self, maps: list[Tensor]) -> dict[str, Tensor]:
        return {f"features@{layer}": pooled(each, self.whose) for layer, each in zip(self.indices, maps, strict=True)}


def together(whose: str, name: str, network: Network, wanted: Sequence[str | None]) -> Network | None:
    """The whole network cut at several layers at once; None where timm has no way to do so with this architecture."""
    inside: Timm = network.body.network
    if not hasattr(inside, "forward_intermediates"):
        return None
    indices = {layer: index for index, layer in enumerate(layers(name)) if layer in wanted}
    entire = None in wanted
    body = Stages(inside, indices, whose, entire=entire).eval()
    return replace(network, body=body, head=network.head if entire else None)


def pretrained(whose: str, name: str, weights: Mapping[str, Tensor], layer: str | None) -> Network:
    """With these weights, under the strictness that timm loads the tag with."""
    source = {"state_dict": dict(weights), "custom_load": False}
    words = {"pretrained": True, "pretrained_cfg_overlay": source}
    if layer is not None:
        return _inner(whose, _create(name, **words, **_cut(whose, name, layer)))
    return whole(_create(name, **words), classes=bool(CLASSES_OF_IMAGENET.search(name.partition(".")[2])))


def initialised(whose: str, architecture: str, seed: int, layer: str | None) -> Network:
    """As its authors initialise it; the same seed gives the same network, and the layers that it has inside."""
    with seeded(seed):
        if layer is not None:
            return _inner(whose, _create(architecture, num_classes=0, **_cut(whose, architecture, layer)))
        return whole(_create(architecture, num_classes=0), classes=False)


def whole(network: Timm, *, classes: bool, side: int | None = None, prepare: Preparation | None = None) -> Network:
    """Cut before the classifier. It is the head if it stands for classes and if its logits are those of the network.

    They are not where a network averages the logits of several classifiers (DeiT's distilled ones): no head there.
    side and prepare: of the images, where it is not timm's configuration that knows.
    """
    network.eval()
    prepare = prepare or preparation(network)
    classifier = network.get_classifier() if classes else None
    size = (3, side, side) if side else _input_size(network)
    trial = torch.randn(1, *size, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        logits = network.forward_head(network.forward_features(trial))
    if network.num_classes:
        network.reset_classifier(0)
    body = Whole(network).eval().to(memory_format=torch.channels_last)
    with torch.no_grad():
        features = body(trial)
        head = _on_vectors(classifier)
        if head is not None and not torch.allclose(head(features), logits, rtol=1e-3, atol=1e-4):
            head = None
    return Network(body, head, features.shape[1], prepare)


def parameter_count(whose: str, name: str, layer: str | None, *, random: bool) -> int:
    """Of the body, up to its layer. UsageError for an unknown layer."""
    if layer is not None:
        network = _shape(name, **_cut(whose, name, layer))
    elif random:
        network = _shape(name, num_classes=0)
    else:
        network = _shape(name)
        network.reset_classifier(0)
    return cutting.parameter_count(network)


def layers(name: str) -> tuple[str, ...]:
    """The modules where timm cuts this architecture, first to last; none where it has no such cuts."""
    network = _shape(name)
    if not len(getattr(network, "feature_info", ())):
        return ()
    try:
        cut = _shape(name, **_extraction(network, *range(len(network.feature_info))))
    except (AttributeError, RuntimeError):  # timm's word for an architecture that it does not cut
        return ()
    return tuple(cut.feature_info.module_name())


def preparation(network: Timm) -> Preparation:
    """What timm validates these weights with: resize, centre crop, normalise, at the size for testing."""
    config = resolve_model_data_config(network, use_test_size=True)
    return Preparation(create_transform(**config, is_training=False))


def _input_size(network: Timm) -> tuple[int, int, int]:
    size: tuple[int, int, int] = resolve_model_data_config(network, use_test_size=True)["input_size"]
    return size


def _inner(whose: str, network: Timm) -> Network:
    body = Inner(network.eval(), whose).eval().to(memory_format=torch.channels_last)
    with torch.no_grad():
        width = body(torch.zeros(1, *_input_size(network))).shape[1]
    return Network(body, None, width, preparation(network))


def _cut(whose: str, name: str, layer: str) -> dict[str, Any]:
    known = layers(name)
    if layer not in known:
        raise UsageError(f"{whose} has no layer {layer!r}; there are {', '.join(known) or 'none'}")
    return _extraction(_shape(name), known.index(layer))


def _extraction(network: Timm, *indices: int) -> dict[str, Any]:
    """What to ask of timm for maps at these places. Its getter drops what lies beyond; its special classes do not."""
    words: dict[str, Any] = {"features_only": True, "out_indices": indices}
    return words | ({"feature_cls": "getter"} if hasattr(network, "forward_intermediates") else {})


def _create(name: str, **words: Any) -> Timm:
    return create_model(name, **({"pretrained": False} | words))


def _shape(name: str, **words: Any) -> Timm:
    return shape(partial(_create, name, **words))


def _on_vectors(classifier: object) -> nn.Module | None:
    """A classifier for vectors (B, width); BiT's is a convolution over one place."""
    match classifier:
        case nn.Linear():
            return classifier
        case nn.Conv2d(in_channels=width):
            return nn.Sequential(nn.Unflatten(1, (width, 1, 1)), classifier, nn.Flatten())
        case _:
            return None
