"""A small network trained on the target alone: what RSA, DDS and DEPARA hold a candidate against."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from tbench.api import Inapplicable, Network, Split, evidence
from tbench.evidence.extraction import forward
from tbench.precision import FLOAT32
from tbench.protocol import Protocol
from tbench.training import Target, Training

if TYPE_CHECKING:
    from tbench.api import Images

SIDE = 32  # pixels; images of any size are resized to so many a side
WIDTHS = (3, 16, 32, 64, 128)
SEED = 0  # one probe for all candidates: what it is depends on the target's images alone
PROTOCOL = Protocol(
    name="probe",
    optimizer="sgd",
    momentum=0.9,
    learning_rates=(0.1,),
    weight_decays=(5e-4,),
    steps=200,
    batch=32,
    warmup=0.1,
    shift=2,
    seeds=(SEED,),
    seconds=1.0,
)


@evidence(touches=["target training", "target probe"], keep=True)
def probe_weights(images: Images, labels: NDArray[Any], device: str) -> Mapping[str, NDArray[Any]]:
    """State dict of the body of a small network, trained from scratch for a fixed number of steps: PROTOCOL."""
    if labels.dtype.kind not in "iu":
        raise Inapplicable("no probe network is trained for regression targets")
    classes = int(labels.max()) + 1 if labels.ndim == 1 else labels.shape[1]
    network = _assemble(None)
    target = Target.prepare(network, {"train": Split(images, labels)}, classes, "accuracy")
    training = Training(network, target, PROTOCOL.runs()[0], SEED, device)
    training.advance(PROTOCOL.steps)
    if training.diverged:
        raise Inapplicable("the probe network's training diverged")
    return {name: value.detach().cpu().numpy() for name, value in network.body.state_dict().items()}


def probe_network(probe_weights: Mapping[str, NDArray[Any]]) -> Network:
    """Without its head."""
    return _assemble(probe_weights)


def probe_features(probe_network: Network, images: Images, device: str) -> NDArray[Any]:
    """(N, 128) float32."""
    return forward(probe_network, images, device, FLOAT32)["features"]


def _assemble(weights: Mapping[str, NDArray[Any]] | None) -> Network:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        stages = [_stage(*widths, stride=1 if place == 0 else 2) for place, widths in enumerate(pairwise(WIDTHS))]
        body = nn.Sequential(*stages, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    if weights is not None:
        body.load_state_dict({name: torch.tensor(value) for name, value in weights.items()})
    return Network(body.eval(), None, WIDTHS[-1], _prepare)


def _stage(before: int, after: int, *, stride: int) -> nn.Module:
    convolution = nn.Conv2d(before, after, 3, stride, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(after), nn.ReLU())


def _prepare(images: Images) -> Tensor:
    """(B, 3, 32, 32), in about [-2, 2]."""
    return torch.cat([_resized(torch.tensor(np.asarray(image))) for image in images])


def _resized(image: Tensor) -> Tensor:
    pixels = image.permute(2, 0, 1)[None].float() / 255
    if pixels.shape[-2:] != (SIDE, SIDE):
        pixels = functional.interpolate(pixels, (SIDE, SIDE), mode="bilinear", antialias=True)
    return (pixels - 0.5) / 0.25
