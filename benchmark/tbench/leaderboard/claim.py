"""What others say of a metric, in a form that records can answer."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tbench.errors import UsageError

Term = tuple[str, str]  # the label of a metric, and the name of a term of its scores


@dataclass(frozen=True)
class RankingClaim:
    """That a metric, by its label, ranks the candidates of some of the suite's smaller pools better than chance.

    source: who says so.
    """

    says: str
    source: str
    ranks: str
    boards: tuple[str, ...]


@dataclass(frozen=True)
class BoundClaim:
    """That one term is not below the other, in any cell that has both."""

    says: str
    source: str
    above: Term
    below: Term


Claim = RankingClaim | BoundClaim


def read_claims(tables: object, boards: Collection[str], where: str) -> tuple[Claim, ...]:
    """The array of tables [[claims]] of a suite that has these boards. UsageError for what is none."""
    if not (isinstance(tables, list) and all(isinstance(table, dict) for table in tables)):
        raise UsageError(f"{where}: its claims are tables; write [[claims]] above each")
    return tuple(_claim(table, boards, where) for table in tables)


def _claim(table: Mapping[str, object], boards: Collection[str], where: str) -> Claim:
    for text in ("says", "source"):
        if not isinstance(table.get(text), str):
            raise UsageError(f"{where}: a claim must tell {text}, as text")
    says, source = str(table["says"]), str(table["source"])
    match {key: value for key, value in table.items() if key not in ("says", "source")}:
        case {"ranks": str(metric), "boards": [str(), *_] as named, **rest} if not rest:
            if strangers := sorted({str(board) for board in named} - set(boards)):
                raise UsageError(
                    f"{where}: the claim {says!r} names {', '.join(map(repr, strangers))}, which is none of its "
                    f"boards; it has {', '.join(map(repr, boards)) or 'none'}"
                )
            return RankingClaim(says, source, metric, tuple(map(str, named)))
        case {"above": [str(over), str(of_over)], "below": [str(under), str(of_under)], **rest} if not rest:
            return BoundClaim(says, source, (over, of_over), (under, of_under))
        case other:
            raise UsageError(
                f"{where}: the claim {says!r} cannot be tested by {', '.join(sorted(other)) or 'nothing'}; beside says "
                'and source it has ranks = "<metric>" and boards = ["<board>", ...], or above = ["<metric>", "<term>"] '
                "and below likewise"
            )
