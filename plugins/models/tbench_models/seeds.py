"""Names of random controls, <architecture>.random-<seed>, and networks initialised from a seed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch

CONTROL = re.compile(r"(?P<architecture>.+)\.random-(?P<seed>\d+)")


def control(name: str) -> tuple[str, int] | None:
    """The architecture and the seed, if the name is that of a random control."""
    found = CONTROL.fullmatch(name)
    return (found["architecture"], int(found["seed"])) if found else None


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Random draws of torch from this seed inside, and undisturbed ones outside."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
