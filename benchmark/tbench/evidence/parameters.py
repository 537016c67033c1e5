"""The weights of a candidate's body: before any training, as they are, and after fine-tuning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from tbench.api import Network

Weights = Mapping[str, NDArray[Any]]


def initial_parameters(initial_network: Network) -> Weights:
    """Those that pre-training began with."""
    return _weights(initial_network)


def pretrained_parameters(network: Network) -> Weights:
    """Those that fine-tuning begins with."""
    return _weights(network)


def finetuned_parameters(finetuned_network: Network) -> Weights:
    """Those that fine-tuning on the target ended with."""
    return _weights(finetuned_network)


def _weights(network: Network) -> Weights:
    """Without head, and without what is counted and not learned, such as the means of batch normalisation."""
    return {name: value.detach().cpu().numpy() for name, value in network.body.named_parameters()}
