"""What a declaration may hold: texts, names, numbers and lists, each of its kind or refused in one line."""

from __future__ import annotations

import math
from reprlib import repr as short
from typing import Any

from tbench.errors import UsageError


def text(value: object, what: str) -> str:
    """Of any number of lines."""
    if not isinstance(value, str):
        raise UsageError(f"{what} is {short(value)}, and not text")
    return value


def name(value: object, what: str) -> str:
    """One line of signs that can be printed."""
    if not text(value, what).isprintable():
        raise UsageError(f"{what} is {short(value)}, and a name is one line of signs that can be printed")
    return str(value)


def texts(value: object, what: str) -> tuple[str, ...]:
    return tuple(text(each, f"an entry of {what}") for each in _several(value, what))


def names(value: object, what: str) -> tuple[str, ...]:
    return tuple(name(each, f"an entry of {what}") for each in _several(value, what))


def table(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UsageError(f"{what} is {short(value)}, and not a table")
    return value


def number(value: object, what: str) -> float:
    """A finite one, as it is written."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not _finite(value):
        raise UsageError(f"{what} is {short(value)}, and not a number")
    return value


def whole(value: object, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise UsageError(f"{what} is {short(value)}, and not a whole number")
    return value


def _several(value: object, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise UsageError(f"{what} is {short(value)}, and not a list")
    return value


def _finite(value: int | float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # of a whole number that no float holds
        return False
