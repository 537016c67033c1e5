"""What kept evidence is called: by the content that it rests on, and by the code that computes it."""

from __future__ import annotations

import hashlib
import json
import sys
from functools import cache
from importlib.metadata import packages_distributions, version
from pathlib import Path

import tbench

LIBRARIES = ("torch", "torchvision", "timm", "numpy", "scipy", "scikit-learn", "pillow")  # that compute what is kept


def digest(claims: object) -> str:
    """32 hex digits of what JSON can hold."""
    return hashlib.sha256(json.dumps(claims, sort_keys=True).encode()).hexdigest()[:32]


@cache
def libraries() -> dict[str, str]:
    return {"tbench": tbench.__version__, **{name: version(name) for name in LIBRARIES}}


@cache
def code_of(module: str, *, room: bool = False) -> str | None:
    """The package of an imported module, with its version, and a hash of its source: what it computes may change with
    either. room: of all files beside it in its package. None where there is no source to be read.
    """
    found = sys.modules.get(module)
    file = getattr(found, "__file__", None)
    if not file:
        return None
    beside = room and getattr(found, "__package__", None)
    source = hashlib.sha256()
    try:
        for path in sorted(Path(file).parent.glob("*.py")) if beside else [Path(file)]:
            source.update(f"{path.name}\0".encode() + path.read_bytes())
    except OSError:
        return None
    return f"{_package(module)}, {source.hexdigest()[:16]}"


def _package(module: str) -> str:
    """Name and version; a module of no package is called by its name."""
    outermost = module.partition(".")[0]
    names = sorted(set(_distributions().get(outermost, ())))
    return " and ".join(f"{name} {version(name)}" for name in names) or outermost


@cache
def _distributions() -> dict[str, list[str]]:
    return dict(packages_distributions())
