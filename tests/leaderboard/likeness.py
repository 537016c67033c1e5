"""Texts that say the same, up to the last printed digit of their numbers: libraries round differently."""

from __future__ import annotations

import re
from itertools import zip_longest

NUMBER = re.compile(r"(?<!\w)([-+]?\d+(?:,\d{3})*(?:\.(\d+))?)(?!\w)( %)?")


def first_difference(one: str, other: str) -> str | None:
    """Of two Markdown texts, line by line, whatever the widths of their columns; None where there is none."""
    for line, beside in zip_longest(_lines(one), _lines(other), fillvalue=""):
        if not alike(line, beside):
            return f"{line[:200]!r}, but it follows {beside[:200]!r}"
    return None


def alike(one: str, other: str) -> bool:
    """Numbers with decimals and whole percents may differ by one unit of their last digit; counts may not."""
    if NUMBER.sub("#", one) != NUMBER.sub("#", other):
        return False
    return all(map(_near, NUMBER.finditer(one), NUMBER.finditer(other)))


def _near(one: re.Match[str], other: re.Match[str]) -> bool:
    decimals = [len(found[2] or "") for found in (one, other)]
    unit = 10.0 ** -decimals[0] if decimals[0] or one[3] else 0.0
    numbers = [float(found[1].replace(",", "")) for found in (one, other)]
    return decimals[0] == decimals[1] and abs(numbers[0] - numbers[1]) <= 1.001 * unit


def _lines(text: str) -> list[str]:
    tight = re.sub(r":?-{3,}:?", "---", re.sub(r" +", " ", text))
    return [line.strip() for line in tight.splitlines() if line.strip()]
