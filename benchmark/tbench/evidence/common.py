"""What one network, common to all candidates, says of target and source: through it, tasks themselves are compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tbench.api import Inapplicable, Network, class_labels, evidence
from tbench.evidence.extraction import forward
from tbench.evidence.fisher import fisher
from tbench.evidence.transfer import Head
from tbench.prepared import batches

if TYPE_CHECKING:
    from tbench.api import FloatArray, Images, IntArray

Arrays = Mapping[str, NDArray[Any]]

IMAGES = 500  # of a task, at most, whose gradients are taken
EXPECTED = 10  # classes up to which the expectation over labels is taken; of more, a label is drawn for each image
DRAWS = 0  # the seed of both


@evidence(keep=True, shards="images")
def common_forward(common_network: Network, images: Images, device: str, precision: str) -> Arrays:
    """features (N, P) float32."""
    return _features(common_network, images, device, precision)


def common_features(common_forward: Arrays) -> NDArray[Any]:
    """(N, P) the target's training images."""
    return common_forward["features"]


@evidence(keep=True, shards="source_images")
def common_source_forward(common_network: Network, source_images: Images, device: str, precision: str) -> Arrays:
    """features (M, P) float32."""
    return _features(common_network, source_images, device, precision)


def common_source_features(common_source_forward: Arrays) -> NDArray[Any]:
    """(M, P) the candidate's source."""
    return common_source_forward["features"]


@evidence(touches=["target training"], keep=True)
def task_fisher(
    common_network: Network, images: Images, labels: IntArray, common_features: FloatArray, device: str
) -> Mapping[str, FloatArray]:
    """fisher (F,) of the common network with a linear head that was fitted to the target."""
    return {"fisher": _fisher(common_network, images, labels, common_features, device)}


def task_embedding(task_fisher: Mapping[str, FloatArray]) -> FloatArray:
    """(F,) Fisher information of the common network's weights on the target."""
    return task_fisher["fisher"]


@evidence(solver="convex", keep=True)  # the head: what is not fitted to the target is no training
def source_fisher(
    common_network: Network,
    source_images: Images,
    source_labels: IntArray,
    common_source_features: FloatArray,
    device: str,
) -> Mapping[str, FloatArray]:
    """fisher (F,) of the common network with a linear head that was fitted to the candidate's source."""
    return {"fisher": _fisher(common_network, source_images, source_labels, common_source_features, device)}


def source_embedding(source_fisher: Mapping[str, FloatArray]) -> FloatArray:
    """(F,) the same on the candidate's source."""
    return source_fisher["fisher"]


def _features(network: Network, images: Images, device: str, precision: str) -> Arrays:
    return {"features": forward(network, images, device, precision)["features"]}


def _fisher(network: Network, images: Images, labels: IntArray, features: FloatArray, device: str) -> FloatArray:
    """On so many images of a task, drawn from all; a label of each is drawn from what the head says of it."""
    classes = class_labels(labels)
    count = int(classes.max()) + 1
    if count == 1:
        raise Inapplicable("one class")
    fitted = Head.fit(features, classes, count)
    head = nn.Linear(network.width, count)
    with torch.no_grad():
        head.weight.copy_(torch.tensor(fitted.weight))
        head.bias.copy_(torch.tensor(fitted.bias))
    draws = np.random.RandomState(DRAWS)
    chosen = np.sort(draws.permutation(len(classes))[:IMAGES])
    picked = images[chosen] if isinstance(images, np.ndarray) else [images[row] for row in chosen]
    shown = torch.cat(list(batches(picked, network.prepare, device)))
    drawn = None
    if count > EXPECTED:
        logits = torch.tensor(np.asarray(features[chosen], dtype=np.float32)) @ head.weight.T + head.bias
        drawn = torch.multinomial(logits.softmax(dim=1), 1, generator=torch.Generator().manual_seed(DRAWS))[:, 0]
    drawn = None if drawn is None else drawn.to(device)
    return fisher(network.body.to(device), head.to(device), shown, drawn=drawn)
