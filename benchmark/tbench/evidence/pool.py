"""What all candidates of a suite say of one target: the evidence of metrics that compare candidates with each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tbench.api import Inapplicable
from tbench.evidence.graph import Cost, Evidence

if TYPE_CHECKING:
    from tbench.api import FloatArray


@dataclass(frozen=True, eq=False)
class Pool:
    """losses: (N, C) of each candidate's transfer head on each held-out image. cost: of all of them together."""

    losses: FloatArray
    cost: Cost

    @classmethod
    def of(cls, members: Iterable[Evidence]) -> Pool:
        """Inapplicable if one of them has nothing to say: affinities of a smaller pool are other affinities."""
        losses: list[FloatArray] = []
        costs: list[Cost] = []
        for member in members:
            try:
                losses.append(member["transfer_losses"])
            except Exception as error:
                raise Inapplicable(f"takes every candidate of the suite, and {member.whose}: {error}") from error
            costs += member.cost("transfer_losses").values()
        return cls(np.stack(losses, axis=1), Cost.of(costs))
