"""The truth of one dataset in figures: how far apart its candidates are, and how many are tied."""

from __future__ import annotations

import numpy as np

from tbench.published.facts import Published
from tbench.published.rankings import Truth
from tbench.published.rounding import numbers

HEADER = ("pool", "dataset", "candidates", "lowest", "median", "highest", "spread", "sd", "tied pairs", "measure")


def spread(published: Published, truth: Truth) -> tuple[str | int | float, ...]:
    values = numbers(published.truth[truth].values())
    _, sizes = np.unique(values, return_counts=True)
    ties = int((sizes * (sizes - 1) // 2).sum())
    figures = values.min(), np.median(values), values.max(), np.ptp(values), values.std(ddof=1)
    return (*truth, values.size, *(round(float(value), 6) for value in figures), ties, published.measures[truth])
