"""Every classifier of torchvision: torchvision/<name>.<weights>[@node], and controls, <name>.random-<seed>."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING

from tbench.api import Candidate, Network, UsageError

if TYPE_CHECKING:
    from torchvision.models import WeightsEnum

MEASURED_ON = "ImageNet-1K"


class Family:
    """Networks by the names of torchvision.models (2016-) and of their weights: torchvision/resnet50.IMAGENET1K_V2.

    Images are prepared by the transforms of the weights. The features of the whole network are what its last linear
    layer sees; SqueezeNet, whose classifier is a convolution, gives its last map averaged, and no head. A layer is a
    module or node of the network's graph (`layer3`, `features.denseblock2`), averaged over places. Weights come from
    the cache of torch.hub, or from download.pytorch.org where TBENCH_DOWNLOAD=1.
    """

    def names(self) -> Iterable[str]:
        """Those with weights."""
        from torchvision import models

        return [
            f"{architecture}.{weights.name}"
            for architecture in models.list_models(module=models)
            for weights in models.get_model_weights(architecture)
        ]

    def candidate(self, name: str, layer: str | None) -> Candidate:
        """UsageError for an unknown name or layer. No weights are read: parameters are counted on a network's shape."""
        from torchvision import __version__

        from tbench_models.seeds import control
        from tbench_models.torchvision_family.network import parameter_count

        random = control(name)
        architecture, weights = (_architecture(random[0]), None) if random else _asked(name)
        suffix = f"@{layer}" if layer else ""
        gone = ""
        facts = {"parameter_count": float(parameter_count(f"torchvision/{name}", architecture, weights, layer))}
        if weights is None:
            fingerprint = f"{architecture} of torchvision {__version__}, {name.rpartition('.')[2]}"
        else:
            from tbench_models.digest import brief
            from tbench_models.torchvision_family.weights import missing

            fingerprint = f"{weights.url}, images {brief(weights.transforms())}"
            gone = missing(f"torchvision/{name}", weights)
            accuracy = weights.meta["_metrics"].get(MEASURED_ON, {}).get("acc@1", math.nan)
            if layer is None and math.isfinite(accuracy):
                facts["source_accuracy"] = accuracy / 100
        return Candidate(f"torchvision/{name}{suffix}", fingerprint + suffix, partial(_load, name, layer), facts, gone)

    def together(self, name: str, layers: Sequence[str | None]) -> Network:
        """One network for several layers of a member, as `candidate` knows them; None is the whole network."""
        from tbench_models.cutting import together
        from tbench_models.seeds import control
        from tbench_models.torchvision_family.network import channels_last

        random = control(name)
        architecture = random[0] if random else name.partition(".")[0]
        whole = _load(name, None)
        return together(whole, layers, partial(channels_last, architecture), f"torchvision/{name}")


def _asked(name: str) -> tuple[str, WeightsEnum]:
    """An architecture and its weights."""
    from torchvision import models

    architecture, _, member = name.partition(".")
    members = {weights.name: weights for weights in models.get_model_weights(_architecture(architecture))}
    if member not in members:
        told = ", ".join(f"{architecture}.{other}" for other in members)
        raise UsageError(f"torchvision/{name} names no weights; there are {told} and {architecture}.random-0")
    return architecture, members[member]


def _architecture(name: str) -> str:
    from torchvision import models

    known = models.list_models(module=models)
    if name not in known:
        near = get_close_matches(name, known, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "`tbench list models torchvision` shows all"
        raise UsageError(f"torchvision knows no {name!r}: {hint}")
    return name


def _load(name: str, layer: str | None) -> Network:
    from tbench_models.seeds import control
    from tbench_models.torchvision_family.network import initialised, pretrained

    random = control(name)
    if random:
        return initialised(f"torchvision/{name}", *random, layer)
    return pretrained(f"torchvision/{name}", *_asked(name), layer)


family = Family()
