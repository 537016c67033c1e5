"""The open benchmark for transferability estimation.

`tbench.score("logme", features=F, labels=y)` scores your own arrays; `tbench.score_all` shares the evidence between
several metrics; `tbench.check("foo")` names the promises that a metric of your own does not keep. Everything else is
reached from the command line: `tbench --help`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.4.0"
__all__ = ["__version__", "check", "score", "score_all"]

if TYPE_CHECKING:
    from tbench.contract import check
    from tbench.scoring import score, score_all


def __getattr__(name: str) -> object:
    """Import the scoring machinery only when it is asked for: `tbench --help` must not pay for numpy."""
    if name in {"score", "score_all"}:
        from tbench import scoring

        return getattr(scoring, name)
    if name == "check":
        from tbench import contract

        return contract.check
    raise AttributeError(f"module 'tbench' has no attribute {name!r}")
