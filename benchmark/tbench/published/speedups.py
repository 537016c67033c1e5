"""Printed speed-ups over fine-tuning beside the ratios of the printed seconds."""

from __future__ import annotations

from collections.abc import Iterator

from tbench.published.facts import Published
from tbench.published.rounding import unit
from tbench.published.verdict import Status, Verdict

FINE_TUNING = "fine-tune"


def speedups(published: Published) -> Iterator[Verdict]:
    """Of every method with a printed one; a ratio of positive numbers takes its bounds at the ends of theirs."""
    whole = {time.setting: time.seconds for time in published.times if time.method == FINE_TUNING}
    for time in published.times:
        if not time.speedup or time.method == FINE_TUNING:
            continue
        dear, cheap, printed = float(whole[time.setting]), float(time.seconds), float(time.speedup)
        half_dear, half_cheap, half = (unit([text]) / 2 for text in (whole[time.setting], time.seconds, time.speedup))
        low, high = (dear - half_dear) / (cheap + half_cheap), (dear + half_dear) / (cheap - half_cheap)
        status: Status
        if abs(dear / cheap - printed) <= half:
            status, why = "exact", ""
        elif low - half <= printed <= high + half:
            status, why = "within rounding", f"the rounded seconds leave {low:.1f} to {high:.1f} open"
        else:
            status, why = "differs", f"the printed seconds give {low:.1f} to {high:.1f}"
        yield Verdict(
            published.name,
            "",
            "cost",
            time.method,
            time.setting,
            "speedup",
            time.speedup,
            dear / cheap,
            status,
            why,
        )
