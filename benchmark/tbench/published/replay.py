"""Every printed number of a published suite beside what its published inputs give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from tbench.published.equations import equations
from tbench.published.facts import Column, Printed, Published
from tbench.published.rounding import ORDERS, Array, numbers, pearson_range, tie_break_count, tie_breaks, unit
from tbench.published.speedups import speedups
from tbench.published.verdict import Status, Verdict
from tbench.statistics import agreement, tau_by_truth

MEAN = "mean"  # the "dataset" of a column of means


def replay(published: Published) -> list[Verdict]:
    """In the order in which the tables are printed."""
    return [*_correlations(published), *speedups(published), *equations(published)]


def _correlations(published: Published) -> Iterator[Verdict]:
    half = {
        key: unit(cell.value for cell in published.printed if _column(cell) == key) / 2
        for key in map(_column, published.printed)
    }
    for cell in published.printed:
        found = _mean(published, cell) if cell.dataset == MEAN else _cell(published, cell, half[_column(cell)])
        recomputed, status, why = found
        yield Verdict(
            published.name,
            cell.pool,
            cell.table,
            cell.metric,
            cell.dataset,
            cell.statistic,
            cell.value,
            recomputed,
            status,
            why,
        )


def _column(cell: Printed) -> tuple[str, str, str]:
    """Numbers that are printed with as many digits."""
    return cell.pool, cell.table, cell.statistic


def _mean(published: Published, cell: Printed) -> tuple[float | None, Status, str]:
    """Over the printed cells of the row: what a table says of itself."""
    row = [
        other.value
        for other in published.printed
        if _column(other) == _column(cell) and other.metric == cell.metric and other.dataset != MEAN
    ]
    mean, half = float(numbers(row).mean()), unit([cell.value]) / 2
    distance = abs(mean - float(cell.value))
    if _at_most(distance, half):
        return mean, "exact", ""
    if _at_most(distance, half + unit(row) / 2):
        return mean, "within rounding", "the mean of cells that are rounded themselves"
    return mean, "differs", "the mean of the printed cells of its row is another"


def _cell(published: Published, cell: Printed, half: float) -> tuple[float | None, Status, str]:
    truth = published.truth.get((cell.pool, cell.dataset), {})
    scores = scores_of(published, cell.pool, cell.dataset, cell.metric)
    if not scores:
        return None, "not computable", f"no scores of {cell.metric} are public"
    if missing := [name for name in truth if name not in scores]:
        return None, "not computable", f"no score of {', '.join(missing)} is public"
    recomputed, status, why = _compare(cell, half, truth, scores, published.weights)
    if status != "differs":
        return recomputed, status, why
    reasons = [why] if why else []
    for reason in published.explanations:
        if not reason.covers(cell):
            continue
        if reason.decimals is not None:
            coarse = {name: f"{float(text):.{reason.decimals}f}" for name, text in scores.items()}
            _, found, _ = _compare(cell, half, truth, coarse, published.weights)
            if found != "differs":
                return recomputed, "within rounding", f"follows from scores of {reason.decimals} decimals"
        if reason.truth_of:
            other = published.truth[cell.pool, reason.truth_of]
            value, found, _ = _compare(cell, half, other, scores, published.weights)
            verb = "does not follow from the truth of" if found == "differs" else "follows from the truth of"
            reasons.append(f"{verb} {reason.truth_of}{'' if found == 'differs' else ' instead'} ({value:.4f})")
        if reason.why:
            reasons.append(reason.why)
    return recomputed, "differs", "; ".join(reasons)


def _compare(
    cell: Printed, half: float, truth: Column, scores: Column, weights: str
) -> tuple[float | None, Status, str]:
    x, y = [scores[name] for name in truth], list(truth.values())
    printed = float(cell.value)
    recomputed = statistic(cell.statistic, numbers(x), numbers(y), weights)
    if recomputed is None:
        return None, "not computable", "the scores or the truth are all equal"
    if _at_most(abs(recomputed - printed), half):
        return recomputed, "exact", ""
    if cell.statistic == "pearson":
        low, high = pearson_range(x, y)
        if _at_most(low - half, printed) and _at_most(printed, high + half):
            return recomputed, "within rounding", f"the rounded inputs leave {low:.4f} to {high:.4f} open"
    elif tie_break_count(x) * tie_break_count(y) <= ORDERS:
        for ranks_y in tie_breaks(y):
            for ranks_x in tie_breaks(x):
                value = statistic(cell.statistic, ranks_x, ranks_y, weights)
                if value is not None and _at_most(abs(value - printed), half):
                    return recomputed, "tie order", f"one order of {' and '.join(_tied(scores, truth))} gives it"
    else:
        return recomputed, "differs", "too many ties to try all their orders"
    return recomputed, "differs", ""


def _tied(scores: Column, truth: Column) -> list[str]:
    """What is tied, in words."""
    told = []
    for words, column in (("scores", scores), ("truths", truth)):
        values = [float(column[name]) for name in truth]
        if tied := [name for name, value in zip(truth, values, strict=True) if values.count(value) > 1]:
            told.append(f"equal {words} ({', '.join(tied)})")
    return told


def scores_of(published: Published, pool: str, dataset: str, metric: str) -> Column:
    """As published, or mixed from other metrics' scores where the suite says how; empty where none are public."""
    if metric not in published.mixtures:
        return published.scores.get((pool, dataset, metric), {})
    parts = {part: published.scores.get((pool, dataset, part), {}) for part in published.mixtures[metric]}
    return _mixed(parts, published.mixtures[metric])


def _mixed(parts: Mapping[str, Column], shares: Mapping[str, float]) -> Column:
    candidates: Sequence[str] = [
        name for name in next(iter(parts.values())) if all(name in column for column in parts.values())
    ]
    total = np.zeros(len(candidates))
    for part, column in parts.items():
        values = numbers(column[name] for name in candidates)
        total += shares[part] * (values - values.min()) / np.ptp(values)
    return {name: repr(float(value)) for name, value in zip(candidates, total, strict=True)}


def statistic(name: str, scores: Array, truth: Array, weights: str) -> float | None:
    """pearson, tau or tau_w of scores (n,) with truth (n,); None where it is not defined."""
    if name == "tau_w" and weights == "truth":
        return tau_by_truth(scores, truth)
    value: float | None = getattr(agreement(scores, truth), name)
    return value


def _at_most(value: float, bound: float) -> bool:
    """The last bit of a float must not decide."""
    return value <= bound + 1e-9
