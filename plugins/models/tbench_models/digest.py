"""Checksums: of a file of weights, and of settings that are too long to be spelled out."""

from __future__ import annotations

import hashlib
from pathlib import Path

SHOWN = 12  # digits of a hash that stand for settings


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def brief(settings: object) -> str:
    """A few digits that change whenever what is said of the settings (their repr) does."""
    return hashlib.sha256(repr(settings).encode()).hexdigest()[:SHOWN]
