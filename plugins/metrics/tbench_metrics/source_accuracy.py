"""Source accuracy: a static floor (Kornblith, Shlens, Le, Do better ImageNet models transfer better?, CVPR 2019)."""

from __future__ import annotations


def source_accuracy(source_accuracy: float) -> float:
    """Held-out accuracy of the candidate on its own source task, in [0, 1]."""
    return float(source_accuracy)
