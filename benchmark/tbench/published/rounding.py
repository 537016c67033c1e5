"""What printed digits leave open: which values of a statistic the unrounded numbers could have had."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import product
from math import comb, prod

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

Array = NDArray[np.float64]

ORDERS = 5000  # orders of tied candidates that are gone through
STARTS = 8  # corners from which the ends of Pearson's r are searched


def unit(texts: Iterable[str]) -> float:
    """Of the last digit of a column; a column whose zeros were cut at the end has its longest number's."""
    return float(Decimal(1).scaleb(min(_exponent(text) for text in texts)))


def numbers(texts: Iterable[str]) -> Array:
    return np.array([float(text) for text in texts], dtype=np.float64)


def pearson_range(x: Sequence[str], y: Sequence[str]) -> tuple[float, float]:
    """Two values of Pearson's r that numbers within half a unit of x and y have; by continuity, all between them, too.

    Found by following the gradient within the box of these numbers, from its middle and from some of its corners. What
    lies between the two is reached for certain; that they are the ends is as sure as such a search can be.
    """
    return _furthest(x, y, -1.0), _furthest(x, y, 1.0)


def tie_breaks(texts: Sequence[str]) -> Iterator[Array]:
    """Ranks (n,) of these numbers, with candidates of equal print in every order, ties among them included."""
    values = numbers(texts)
    ranks = stats.rankdata(values, method="min").astype(np.float64)
    groups = [np.flatnonzero(values == value) for value in np.unique(values)]
    for levels in product(*(_weak_orders(group.size) for group in groups)):
        broken = ranks.copy()
        for group, level in zip(groups, levels, strict=True):
            broken[group] += level
        yield broken


def tie_break_count(texts: Sequence[str]) -> int:
    _, sizes = np.unique(numbers(texts), return_counts=True)
    return prod(_weak_order_count(int(size)) for size in sizes)


def _weak_orders(count: int) -> Iterator[tuple[int, ...]]:
    for levels in product(range(count), repeat=count):
        if set(levels) == set(range(max(levels) + 1)):
            yield levels


def _weak_order_count(count: int) -> int:
    """The ordered Bell number: who comes first, then the rest."""
    if count == 0:
        return 1
    return sum(comb(count, first) * _weak_order_count(count - first) for first in range(1, count + 1))


def _furthest(x: Sequence[str], y: Sequence[str], sign: float) -> float:
    middle = np.concatenate([numbers(x), numbers(y)])
    half = np.repeat([unit(x) / 2, unit(y) / 2], len(x))

    def downhill(step: Array) -> tuple[float, Array]:
        value, slope = _pearson(middle + step * half)
        return -sign * value, -sign * slope * half

    corners = np.random.default_rng(0).choice([-1.0, 1.0], size=(STARTS, middle.size))
    values = [_pearson(middle)[0]]
    for start in (np.zeros(middle.size), *corners):
        found = optimize.minimize(
            downhill,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=optimize.Bounds(-1, 1),
            options={"ftol": 1e-14, "gtol": 1e-12},
        )
        values.append(-sign * float(found.fun))
    return sign * max(sign * value for value in values)


def _pearson(both: Array) -> tuple[float, Array]:
    """r of the first half with the second, and its gradient; 0 and flat where a half is constant."""
    x, y = (half - half.mean() for half in np.split(both, 2))
    long_x, long_y = np.linalg.norm(x), np.linalg.norm(y)
    if long_x == 0 or long_y == 0:
        return 0.0, np.zeros_like(both)
    x, y = x / long_x, y / long_y
    r = float(np.clip(x @ y, -1, 1))  # rounding may lead beyond
    return r, np.concatenate([(y - r * x) / long_x, (x - r * y) / long_y])


def _exponent(text: str) -> int:
    exponent = Decimal(text).as_tuple().exponent
    if not isinstance(exponent, int):
        raise ValueError(f"{text!r} is not a finite number")
    return exponent
