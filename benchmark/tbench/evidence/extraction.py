"""What a frozen network says about images: one forward pass gives features and source probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tbench.api import Inapplicable, Network, evidence
from tbench.precision import computing
from tbench.prepared import batches, laid_out

if TYPE_CHECKING:
    from tbench.api import Images


Arrays = Mapping[str, NDArray[Any]]

HEADLESS = "the candidate has no head for source classes"


@evidence(keep=True, shards="images")
def forward(network: Network, images: Images, device: str, precision: str) -> Arrays:
    """features (N, D) float32 and, where the network has a head of its own, probabilities (N, S) float32.

    A network that gives several layers at once adds features@<layer> (N, D') for each. Channels last, which
    convolutions take faster. The head computes in float32 whatever the body does. What comes out is written to where it
    stays: small pieces that stay between large ones that go would scatter memory, more with every batch.
    """
    passed = Passed(laid_out(network.body.eval().to(device), torch.channels_last), device, precision)
    head = network.head.eval().to(device) if network.head is not None else None
    said: dict[str, Tensor] = {}
    done = 0
    with torch.inference_mode():
        for batch in batches(images, network.prepare, device):
            found = passed(batch)
            if head is not None:
                found["probabilities"] = head(found["features"]).softmax(dim=1)
            for name, part in found.items():
                if name not in said:
                    said[name] = torch.empty(len(images), part.shape[1])
                said[name][done : done + len(part)] = part
            done += len(batch)
    return {name: whole.numpy() for name, whole in said.items()}


class Passed:
    """What a body says of batches, float32 by name; batches that the device has no memory for go through in parts."""

    def __init__(self, body: nn.Module, device: str, precision: str) -> None:
        self._body = body
        self._device = device
        self._precision = precision
        self._most: int | None = None  # images that went through at once, after more of them did not

    def __call__(self, batch: Tensor) -> dict[str, Tensor]:
        try:
            parts = [self._once(part) for part in batch.split(self._most or len(batch))]
        except torch.OutOfMemoryError:
            if self._most == 1 or len(batch) == 1:
                raise
            self._most = (self._most or len(batch)) // 2
            return self(batch)
        return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}

    def _once(self, batch: Tensor) -> dict[str, Tensor]:
        with computing(self._device, self._precision):
            said: Tensor | Mapping[str, Tensor] = self._body(batch)
        found = said if isinstance(said, Mapping) else {"features": said}
        return {name: part.float() for name, part in found.items()}


def features(forward: Arrays) -> NDArray[Any]:
    """(N, D) features of the target's training images."""
    return forward["features"]


@evidence(touches=["source head"])
def source_probabilities(forward: Arrays) -> NDArray[Any]:
    """(N, S) what the candidate's own head says about the target's training images."""
    return _probabilities(forward)


@evidence(touches=["source head"])
def source_logits(network: Network, forward: Arrays, device: str) -> NDArray[Any]:
    """(N, S) float32, the same before the softmax: the head, of whatever kind, once more on the features."""
    if network.head is None:
        raise Inapplicable(HEADLESS)
    head = network.head.eval().to(device)
    with torch.inference_mode():
        logits: Tensor = head(torch.tensor(forward["features"], device=device))
    return logits.cpu().numpy()


@evidence(keep=True, shards="images")
def initial_forward(initial_network: Network, images: Images, device: str, precision: str) -> Arrays:
    """features (N, D) float32 of the candidate before any training; what normalises batches has seen none yet."""
    return {"features": forward(initial_network, images, device, precision)["features"]}


def initial_features(initial_forward: Arrays) -> NDArray[Any]:
    """(N, D) the target's training images through the candidate before any training."""
    return initial_forward["features"]


@evidence(keep=True, shards="reference_images")
def reference_forward(network: Network, reference_images: Images, device: str, precision: str) -> Arrays:
    """features (M, D) float32 of a general reference set."""
    said = forward(network, reference_images, device, precision)
    return {name: array for name, array in said.items() if name != "probabilities"}


def reference_features(reference_forward: Arrays) -> NDArray[Any]:
    """(M, D) features of the general reference set."""
    return reference_forward["features"]


@evidence(keep=True, shards="source_images")
def source_forward(network: Network, source_images: Images, device: str, precision: str) -> Arrays:
    """features (M, D) float32 and, where there is a head, probabilities (M, S) float32 of the candidate's source."""
    return forward(network, source_images, device, precision)


def source_features(source_forward: Arrays) -> NDArray[Any]:
    """(M, D) features of the candidate's source."""
    return source_forward["features"]


@evidence(touches=["source head"])
def source_own_probabilities(source_forward: Arrays) -> NDArray[Any]:
    """(M, S) what the candidate's own head says about its source's images."""
    return _probabilities(source_forward)


@evidence(touches=["source head"])
def head_weight(network: Network) -> NDArray[Any]:
    """(S, D) float32."""
    return _linear(network).weight.detach().cpu().numpy()


@evidence(touches=["source head"])
def head_bias(network: Network) -> NDArray[Any]:
    """(S,) float32; zeros where the head has none."""
    head = _linear(network)
    return np.zeros(head.out_features, np.float32) if head.bias is None else head.bias.detach().cpu().numpy()


def _probabilities(said: Arrays) -> NDArray[Any]:
    if "probabilities" not in said:
        raise Inapplicable(HEADLESS)
    return said["probabilities"]


def _linear(network: Network) -> nn.Linear:
    if network.head is None:
        raise Inapplicable(HEADLESS)
    if not isinstance(network.head, nn.Linear):
        raise Inapplicable("the candidate's head is not one linear layer")
    return network.head
