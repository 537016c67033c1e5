"""Least squares, and how much it may be believed: intervals, and how it fares on rows that it has not seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from tbench.errors import TbenchError

Array = NDArray[np.float64]

INTERCEPT = "intercept"
LEVEL = 0.95  # of an interval
FULL_LEVERAGE = 1e-10  # of 1 less the leverage of a row: the fit goes through it whatever it says


@dataclass(frozen=True)
class Coefficient:
    """low, high: the ends of its 95 % interval, by Student's t."""

    value: float
    error: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Fit:
    """coefficients: by column, the intercept last. left_out_r2: of each row as the fit to all the others predicts it.

    condition: of the design matrix; the larger it is, the less its columns can be told apart.
    """

    coefficients: Mapping[str, Coefficient]
    r2: float
    left_out_r2: float
    condition: float
    fitted: Array


def least_squares(columns: Mapping[str, Array], wanted: Array, *, standardise: bool = True, ddof: int = 0) -> Fit:
    """wanted (n,) as a linear function of the columns (n,) each, and an intercept.

    standardise: take the mean off every column and divide it by its standard deviation (over n - ddof); the intercept
    is then the mean of wanted. TbenchError where rows are too few, a column is constant, or columns say the same.
    """
    rows, width = len(wanted), len(columns) + 1
    if rows <= width:
        raise TbenchError(f"{rows} rows are too few for {width} coefficients; give {width + 1} or more")
    if constant := [name for name, column in columns.items() if np.ptp(column) == 0]:
        raise TbenchError(f"{constant[0]} is the same in every row and explains nothing; leave it out")
    if standardise:
        columns = {name: stats.zscore(column, ddof=ddof) for name, column in columns.items()}
    design = np.column_stack([*columns.values(), np.ones(rows)])
    values, _, rank, singular = np.linalg.lstsq(design, wanted, rcond=None)
    if rank < width:
        raise TbenchError(f"{', '.join(columns)} cannot be told apart: one follows from the others; leave one out")
    inverse = np.linalg.pinv(design)
    fitted = design @ values
    residuals = wanted - fitted
    free = 1 - np.einsum("ij,ji->i", design, inverse)  # 1 - leverage
    if free.min() < FULL_LEVERAGE:
        raise TbenchError(f"row {int(free.argmin()) + 1} alone decides a coefficient; leave it out")
    unseen = residuals / free
    errors = np.sqrt(residuals @ residuals / (rows - width) * (inverse**2).sum(axis=1))
    half = stats.t.ppf((1 + LEVEL) / 2, rows - width) * errors
    spread = float(((wanted - wanted.mean()) ** 2).sum())
    if spread == 0:
        raise TbenchError("what is to be explained is the same in every row")
    found = zip(values, errors, values - half, values + half, strict=True)
    return Fit(
        {name: Coefficient(*map(float, each)) for name, each in zip([*columns, INTERCEPT], found, strict=True)},
        1 - float(residuals @ residuals) / spread,
        1 - float(unseen @ unseen) / spread,
        float(singular[0] / singular[-1]),
        fitted,
    )
