"""What a frozen network says about images: one forward pass gives features and source probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from tbench.api import Inapplicable, Network, evidence
from tbench.prepared import batch_size

if TYPE_CHECKING:
    from tbench.api import Images


Arrays = Mapping[str, NDArray[Any]]


@evidence(keep=True, shards="images")
def forward(network: Network, images: Images) -> Arrays:
    """features (N, D) float32 and, where the network has a head of its own, probabilities (N, S) float32.

    Channels last, which convolutions take faster.
    """
    features: list[NDArray[Any]] = []
    probabilities: list[NDArray[Any]] = []
    body = network.body.eval().to(memory_format=torch.channels_last)
    with torch.inference_mode():
        size = batch_size(network.prepare(images[:1]).nbytes)
        for start in range(0, len(images), size):
            prepared = network.prepare(images[start : start + size])
            batch = body(prepared.contiguous(memory_format=torch.channels_last))
            features.append(batch.float().numpy())
            if network.head is not None:
                probabilities.append(network.head(batch).float().softmax(dim=1).numpy())
    said = {"features": np.concatenate(features)}
    if probabilities:
        said["probabilities"] = np.concatenate(probabilities)
    return said


def features(forward: Arrays) -> NDArray[Any]:
    """(N, D) features of the target's training images."""
    return forward["features"]


@evidence(touches=["source head"])
def source_probabilities(forward: Arrays) -> NDArray[Any]:
    """(N, S) what the candidate's own head says about the target's training images."""
    if "probabilities" not in forward:
        raise Inapplicable("the candidate has no head for source classes")
    return forward["probabilities"]


@evidence(touches=["source data"], keep=True, shards="reference_images")
def reference_forward(network: Network, reference_images: Images) -> Arrays:
    """features (M, D) float32 of a general reference set."""
    return {"features": forward(network, reference_images)["features"]}


def reference_features(reference_forward: Arrays) -> NDArray[Any]:
    """(M, D) features of the general reference set."""
    return reference_forward["features"]
