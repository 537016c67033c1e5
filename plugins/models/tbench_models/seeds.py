"""Names of random controls, <architecture>.random-<seed>, and networks made from a seed, or without numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch

Made = TypeVar("Made")

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


def shape(make: Callable[[], Made]) -> Made:
    """The network without its numbers, if it can be had: some constructors must compute with what they draw."""
    try:
        with torch.device("meta"):
            return make()
    except (NotImplementedError, RuntimeError):
        with seeded(0):
            return make()
