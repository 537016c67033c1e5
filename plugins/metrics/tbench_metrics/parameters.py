"""Parameters: the size of the network as a static floor (Kornblith, Shlens, Le, CVPR 2019)."""

from __future__ import annotations


def parameters(parameter_count: float) -> float:
    """Number of parameters of the candidate's body, up to its layer: bigger is taken to be better."""
    return float(parameter_count)
