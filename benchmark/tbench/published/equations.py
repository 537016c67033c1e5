"""Printed equations of transferability beside least squares on the printed factors.

Chen, Li, Ding, Liu: Rethinking Two Consensuses of the Transferability in Deep Learning (arXiv 2022): the logarithm of a
dataset's transferability as a linear function of its standardised domain gap, variance within classes and logarithm of
the data amount.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tbench.factors import Row, explained
from tbench.published.facts import Factors, Published
from tbench.published.rounding import unit
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
    found = explained(rows_of(factors, restored=restored)).whole.coefficients.values()
    return dict(zip(("gap", "variance", "amount", "intercept"), (each.value for each in found), strict=True))


def rows_of(factors: Sequence[Factors], *, restored: bool) -> list[Row]:
    return [
        Row(
            row.dataset,
            float(row.gap_restored if restored else row.gap),
            float(row.variance_restored if restored else row.variance),
            float(row.amount),
            float(row.transferability),
        )
        for row in factors
    ]
