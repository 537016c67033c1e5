"""From numbers to pixels, straight or by their logarithm, with the ticks that an axis has."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

TICKS = 8


@dataclass(frozen=True)
class Scale:
    """low, high: the values at the pixels start and end. log: by orders of magnitude; values are above zero then."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    @classmethod
    def holding(cls, values: Sequence[float], start: float, end: float, *, log: bool = False) -> Scale:
        """With a little room beside the outermost."""
        known = [math.log10(value) if log else value for value in values] or [0.0, 1.0]
        low, high = min(known), max(known)
        room = 0.04 * (high - low) or 0.5
        low, high = low - room, high + room
        return cls(10**low, 10**high, start, end, log) if log else cls(low, high, start, end)

    def at(self, value: float) -> float:
        low, high, here = (math.log10(each) if self.log else each for each in (self.low, self.high, value))
        return self.start + (self.end - self.start) * (here - low) / (high - low)

    def ticks(self, most: int = TICKS) -> list[float]:
        """Round numbers: powers of ten, or steps of 1, 2 or 5 times one."""
        if self.log:
            return [
                10.0**power for power in range(math.ceil(math.log10(self.low)), math.floor(math.log10(self.high)) + 1)
            ]
        rough = (self.high - self.low) / most
        size = 10 ** math.floor(math.log10(rough))
        step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough)
        first = math.ceil(self.low / step)
        return [step * place for place in range(first, math.floor(self.high / step) + 1)]
