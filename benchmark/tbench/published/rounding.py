"""What printed digits leave open: which values of a statistic the unrounded numbers could have had."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import permutations, product
from math import factorial, prod

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]

STEPS = 100  # of the ascent to the largest Pearson correlation; a few are enough
ORDERS = 50_000  # orders of tied candidates that are gone through


def unit(texts: Iterable[str]) -> float:
    """Of the last digit of a column; a column whose zeros were cut at the end has its longest number's."""
    return float(Decimal(1).scaleb(min(_exponent(text) for text in texts)))


def numbers(texts: Iterable[str]) -> Array:
    return np.array([float(text) for text in texts], dtype=np.float64)


def pearson_range(x: Sequence[str], y: Sequence[str]) -> tuple[float, float]:
    """Two values of Pearson's r that numbers within half a unit of x and y have; by continuity, all between them, too.

    Found by moving each number to the end of its interval that the gradient points to, until nothing moves. What lies
    between the two is reached for certain; the boxes are so small beside the spread that r is nearly linear in them,
    which makes the two the ends in practice.
    """
    return _furthest(x, y, -1.0), _furthest(x, y, 1.0)


def tie_breaks(texts: Sequence[str]) -> Iterator[Array]:
    """Ranks (n,) of these numbers, first as they stand, then with candidates of equal print in every order."""
    values = numbers(texts)
    ranks = stats.rankdata(values, method="min").astype(np.float64)
    yield ranks
    groups = [np.flatnonzero(values == value) for value in np.unique(values)]
    groups = [group for group in groups if group.size > 1]
    for orders in product(*(permutations(range(group.size)) for group in groups)) if groups else ():
        broken = ranks.copy()
        for group, order in zip(groups, orders, strict=True):
            broken[group] += order
        yield broken


def tie_break_count(texts: Sequence[str]) -> int:
    _, sizes = np.unique(numbers(texts), return_counts=True)
    return prod(factorial(int(size)) for size in sizes)


def _furthest(x: Sequence[str], y: Sequence[str], sign: float) -> float:
    half_x, half_y = unit(x) / 2, unit(y) / 2
    middle_x, middle_y = numbers(x), numbers(y)
    at_x, at_y = middle_x, middle_y
    best = _pearson(at_x, at_y)
    for _ in range(STEPS):
        next_x = middle_x + sign * half_x * np.sign(_slope(at_x, at_y))
        next_y = middle_y + sign * half_y * np.sign(_slope(at_y, next_x))
        found = _pearson(next_x, next_y)
        if not sign * (found - best) > 0:  # nor where a column that is all but constant has become one
            break
        at_x, at_y, best = next_x, next_y, found
    return best


def _slope(x: Array, y: Array) -> Array:
    """The direction of the gradient of r in x."""
    u, v = _direction(x), _direction(y)
    slope: Array = v - (u @ v) * u
    return slope


def _pearson(x: Array, y: Array) -> float:
    return float(_direction(x) @ _direction(y))


def _direction(x: Array) -> Array:
    centred = x - x.mean()
    with np.errstate(invalid="ignore"):
        direction: Array = centred / np.linalg.norm(centred)
    return direction


def _exponent(text: str) -> int:
    exponent = Decimal(text).as_tuple().exponent
    if not isinstance(exponent, int):
        raise ValueError(f"{text!r} is not a finite number")
    return exponent
