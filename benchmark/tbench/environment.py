"""Environment variables that hold for a while."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager


@contextmanager
def held(variables: Mapping[str, str]) -> Iterator[None]:
    """Each has its value inside, and what it was before outside."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def switched_on(names: Iterable[str]) -> AbstractContextManager[None]:
    """Each is "1" inside, and what it was before outside."""
    return held(dict.fromkeys(names, "1"))
