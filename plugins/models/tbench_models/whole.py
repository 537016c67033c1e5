"""The body of a whole network of timm."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn


class Whole(nn.Module):
    """Images to pooled features, as the classifier of timm would see them."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        features: Tensor = self.network.forward_head(self.network.forward_features(images), pre_logits=True)
        return features
