"""FLOPs: what one pass through the network costs, a static floor (Tan, Le, EfficientNet, ICML 2019, for the claim)."""

from __future__ import annotations


def flops(flops: float) -> float:
    """Floating point operations of one image through the candidate's body, up to its layer: more is taken as better."""
    return float(flops)
