"""Bytes as one would say them."""

from __future__ import annotations

UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def in_bytes(size: int) -> str:
    """1.5 GiB; 12 B."""
    unit = next(unit for unit in reversed(UNITS) if size >= UNITS[unit] or not unit)
    return f"{size / UNITS[unit]:.1f} {unit}iB" if unit else f"{size} B"
