"""Constant: the same for every candidate, which leaves the choice to chance."""

from __future__ import annotations


def constant() -> float:
    """It ranks nothing, so that no rank correlation is defined; what a random choice is worth is."""
    return 0.0
