"""Which suites can be run on this machine, and what the others lack."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tbench.cures import by_cure
from tbench.doctor.finding import Finding
from tbench.errors import TbenchError
from tbench.registry import Registry

if TYPE_CHECKING:
    from tbench.doctor import Tell
    from tbench.stock import Stock
    from tbench.suite import Suite


def findings(only: Suite | None, tell: Tell) -> Iterator[Finding]:
    """Of one suite, or of all that are installed."""
    from tbench.stock import Stock
    from tbench.suite import load_suite

    stock = Stock()
    if only is not None:
        yield _finding(only, stock)
        return
    names = Registry.installed("suites").names()
    for done, name in enumerate(names):
        tell(f"suite {name}", done, len(names))
        try:
            suite = load_suite(name)
        except TbenchError as error:
            yield Finding("suites", name, " ".join(str(error).split()), "broken")
        else:
            yield _finding(suite, stock)


def _finding(suite: Suite, stock: Stock) -> Finding:
    candidates = dict.fromkeys([*suite.candidates, *filter(None, [suite.common])])
    datasets = dict.fromkeys([*suite.datasets, suite.reference])
    absent = stock.absent(candidates, datasets)
    if not absent:
        return Finding("suites", suite.name, "ready", values={"absent": {}})
    told = [
        f"{sum(name in absent for name in names)} of {len(names)} {what}"
        for what, names in (("candidates", suite.candidates), ("datasets", suite.datasets))
        if any(name in absent for name in names)
    ]
    aside = {"common network": suite.common, "reference set": suite.reference}
    told += [
        f"its {what}"
        for what, name in aside.items()
        if name in absent and name not in (*suite.candidates, *suite.datasets)
    ]
    words = f"lacks {' and '.join(told)}"
    return Finding("suites", suite.name, words, "absent", tuple(by_cure(absent)), {"absent": absent})
