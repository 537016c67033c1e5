"""What explains how transferable a network is to a dataset: domain gap, variance within classes, amount of data.

Chen, Li, Ding, Liu: Rethinking Two Consensuses of the Transferability in Deep Learning (arXiv 2022).
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tbench.errors import TbenchError
from tbench.leaderboard.tables import NOTHING, Section, Table
from tbench.outside import read_text
from tbench.regression import INTERCEPT, Array, Fit, least_squares

EXPLAINING = {  # column of a table -> what it is called where it explains
    "gap": "domain gap",
    "variance": "variance within classes",
    "amount": "ln amount of data",
    "steps": "ln steps of fine-tuning",
}
LOGARITHMIC = ("amount", "steps", "transferability")
CAUTION = (
    "Where fine-tuning runs for epochs, the number of its steps grows with the amount of data, and so does the way "
    "that weights travel: the amount of data may then explain transferability whatever the data are. Fix the number of "
    "steps, or give them as a column."
)

DEPENDENT = (
    "Rows of one dataset, or of one network, are not independent of one another; intervals that take them for it are "
    "too narrow."
)


@dataclass(frozen=True)
class Row:
    """One dataset. transferability: parameter-distance's ratio T. steps: of fine-tuning, where they are known."""

    dataset: str
    gap: float
    variance: float
    amount: float
    transferability: float
    steps: float | None = None


@dataclass(frozen=True, eq=False)
class Explanation:
    """ln T by all factors, standardised; and by the logarithm of the amount of data alone, as it is."""

    rows: tuple[Row, ...]
    whole: Fit
    amount_alone: Fit


def explained(rows: Sequence[Row]) -> Explanation:
    """TbenchError where rows are too few or factors cannot be told apart."""
    wanted = np.log([row.transferability for row in rows])
    columns = {EXPLAINING[name]: column for name, column in _columns(rows).items()}
    amount = EXPLAINING["amount"]
    return Explanation(
        tuple(rows),
        least_squares(columns, wanted),
        least_squares({amount: columns[amount]}, wanted, standardise=False),
    )


def read_rows(path: Path) -> list[Row]:
    """The rows of a CSV file with columns dataset, gap, variance, amount, transferability and perhaps steps.

    TbenchError, one line, for a file that is none; amount, steps and transferability must be positive.
    """
    text = read_text(path, f"table {path}")
    try:
        lines = list(csv.DictReader(text.splitlines()))
    except csv.Error as error:
        raise TbenchError(f"table {path} cannot be read: {error}") from error
    needed = {"dataset", "gap", "variance", "amount", "transferability"}
    if not lines or not needed <= lines[0].keys():
        raise TbenchError(f"table {path} must have rows, and the columns {', '.join(sorted(needed))}")
    return [_row(path, number, line) for number, line in enumerate(lines, start=2)]


def section(explanation: Explanation, title: str, printed: Mapping[str, float] | None = None) -> Section:
    """Coefficients with their intervals and, if there is one, a printed equation beside them; then row by row.

    printed: by the names of Row's fields and "intercept".
    """
    whole, alone = explanation.whole, explanation.amount_alone
    told = {EXPLAINING.get(name, name): f"{value:.2f}" for name, value in (printed or {}).items()}
    lines = [
        (name, f"{each.value:.2f}", f"{each.error:.2f}", f"{each.low:.2f} .. {each.high:.2f}", told.get(name, NOTHING))
        for name, each in whole.coefficients.items()
    ]
    header = ("factor, standardised", "coefficient", "error", "95 % interval", "as printed")
    width = len(header) if printed else len(header) - 1
    fits = [
        ("all factors", f"{whole.r2:.2f}", f"{whole.left_out_r2:.2f}", f"{whole.condition:.1f}"),
        ("amount of data alone", f"{alone.r2:.2f}", f"{alone.left_out_r2:.2f}", NOTHING),
    ]
    if printed:
        fits.append(("the printed equation", f"{_printed_r2(explanation, printed):.2f}", NOTHING, NOTHING))
    datasets = [
        (row.dataset, *(f"{value:g}" for value in (row.gap, row.variance, row.amount, row.transferability, fitted)))
        for row, fitted in zip(explanation.rows, np.exp(whole.fitted).round(2), strict=True)
    ]
    slope = alone.coefficients[EXPLAINING["amount"]]
    return Section(
        "factors",
        title,
        ("Least squares of ln T on standardised factors (population standard deviation), natural logarithms.",),
        (
            ("", Table(header[:width], tuple(line[:width] for line in lines), "l" + "r" * (width - 1))),
            ("How much of ln T", Table(("fit", "R²", "R², row left out", "condition"), tuple(fits), "lrrr")),
            ("By dataset", Table(("dataset", "gap", "variance", "amount", "T", "fitted T"), tuple(datasets), "lrrrrr")),
        ),
        (
            f"The amount of data alone, not standardised: its logarithm has the coefficient {slope.value:.2f} ± "
            f"{slope.error:.2f}.",
            CAUTION,
        ),
    )


def _columns(rows: Sequence[Row]) -> dict[str, Array]:
    """Factor -> (n,), logarithms taken; steps only where every row has them."""
    names = [name for name in EXPLAINING if all(getattr(row, name) is not None for row in rows)]
    columns = {name: np.array([getattr(row, name) for row in rows], dtype=np.float64) for name in names}
    return {name: np.log(column) if name in LOGARITHMIC else column for name, column in columns.items()}


def _printed_r2(explanation: Explanation, printed: Mapping[str, float]) -> float:
    """Of an equation in standardised factors, on these rows."""
    columns = _columns(explanation.rows)
    told = sum(printed[name] * (column - column.mean()) / column.std() for name, column in columns.items())
    wanted = np.log([row.transferability for row in explanation.rows])
    residuals = wanted - told - printed[INTERCEPT]
    return 1 - float(residuals @ residuals) / float(((wanted - wanted.mean()) ** 2).sum())


def _row(path: Path, number: int, line: Mapping[str, str | None]) -> Row:
    names = ["gap", "variance", "amount", "transferability", *(["steps"] if line.get("steps") else [])]
    numbers = {}
    for name in names:
        try:
            numbers[name] = float(line[name] or "")
        except ValueError:
            raise TbenchError(f"table {path}, line {number}: {name} is {line[name]!r}, and no number") from None
        if not math.isfinite(numbers[name]) or (name in LOGARITHMIC and numbers[name] <= 0):
            kind = "positive" if name in LOGARITHMIC else "finite"
            raise TbenchError(f"table {path}, line {number}: {name} must be {kind}")
    return Row(line["dataset"] or "", **numbers)
