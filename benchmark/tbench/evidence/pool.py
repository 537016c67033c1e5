"""What all candidates of a suite say of one target: the evidence of metrics that compare candidates with each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tbench.api import Inapplicable
from tbench.evidence.graph import Cost, Evidence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tbench.api import FloatArray


@dataclass(frozen=True, eq=False)
class Pool:
    """What each candidate of a suite says of one node, by whose it is, in the order of the suite.

    A candidate for which the node is not defined says why. cost: of all of them together.
    """

    said: Mapping[str, NDArray[Any] | Inapplicable]
    cost: Cost

    @classmethod
    def of(cls, node: str, members: Iterable[Evidence]) -> Pool:
        """Inapplicable if one of them cannot say: a pool without it, on this machine only, would be another pool."""
        said: dict[str, NDArray[Any] | Inapplicable] = {}
        costs: list[Cost] = []
        for member in members:
            try:
                said[member.whose] = np.asarray(member[node])
            except Inapplicable as reason:
                said[member.whose] = reason
            except Exception as error:
                raise _takes_all(member.whose, error) from error
            costs += member.cost(node).values()
        return cls(said, Cost.of(costs))

    def whole(self) -> NDArray[Any]:
        """(C, ...) one row for each candidate; Inapplicable if one of them has none."""
        for whose, value in self.said.items():
            if isinstance(value, Inapplicable):
                raise _takes_all(whose, value) from value
        return np.stack([value for value in self.said.values() if not isinstance(value, Inapplicable)])

    def known(self) -> FloatArray:
        """(C, ...) the same, NaN for who has none; Inapplicable if nobody has any."""
        shape = next((value.shape for value in self.said.values() if not isinstance(value, Inapplicable)), None)
        if shape is None:
            whose, reason = next(iter(self.said.items()))
            raise Inapplicable(f"no candidate of the suite has any, such as {whose}: {reason}")
        nothing = np.full(shape, np.nan)
        return np.stack([nothing if isinstance(value, Inapplicable) else value for value in self.said.values()])


def _takes_all(whose: str, reason: Exception) -> Inapplicable:
    return Inapplicable(f"takes every candidate of the suite, and {whose}: {reason}")
