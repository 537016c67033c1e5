"""Printed equations of transferability beside least squares on the printed factors.

Chen, Li, Ding, Liu: Rethinking Two Consensuses of the Transferability in Deep Learning (arXiv 2022): the logarithm of a
dataset's transferability as a linear function of its standardised domain gap, variance within classes and logarithm of
the data amount.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from scipy import stats

from tbench.published.facts import Factors, Published
from tbench.published.rounding import numbers, unit
from tbench.published.verdict import Status, Verdict

FITTED = "ResNet50"  # the network whose factors are public


def equations(published: Published) -> Iterator[Verdict]:
    """Of every printed coefficient."""
    if not published.terms:
        return
    printed, restored = (fit(published.factors, restored=restored) for restored in (False, True))
    for term in published.terms:
        recomputed: float | None = None
        status: Status = "not computable"
        why = f"the factors of {term.network} are not public"
        if term.network == FITTED:
            recomputed, half = restored[term.term], unit([term.value]) / 2
            status = "exact" if abs(recomputed - float(term.value)) <= half else "differs"
            why = "" if status == "exact" else f"with the factors as printed: {printed[term.term]:.2f}"
        yield Verdict(
            published.name,
            "",
            "equation",
            term.network,
            term.term,
            "coefficient",
            term.value,
            recomputed,
            status,
            why,
        )


def fit(factors: Sequence[Factors], *, restored: bool) -> dict[str, float]:
    """The least-squares coefficients; restored: with the columns that a misprint mixed up put back."""
    columns = {
        "gap": numbers(row.gap_restored if restored else row.gap for row in factors),
        "variance": numbers(row.variance_restored if restored else row.variance for row in factors),
        "amount": np.log(numbers(row.amount for row in factors)),
    }
    design = np.column_stack([*map(stats.zscore, columns.values()), np.ones(len(factors))])
    wanted = np.log(numbers(row.transferability for row in factors))
    found, *_ = np.linalg.lstsq(design, wanted, rcond=None)
    return dict(zip([*columns, "intercept"], map(float, found), strict=True))
