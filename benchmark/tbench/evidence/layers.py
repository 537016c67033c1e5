"""Several layers of one network in one pass: the evidence that each of them begins with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from numpy.typing import NDArray

from tbench.evidence import PASSES
from tbench.evidence.graph import Cost, Evidence, Root
from tbench.spec import CandidateName


class Layers:
    """What candidates that are layers of one network share. Each is charged an equal part of the pass.

    evidence: of the network that gives all these layers at once.
    """

    def __init__(self, evidence: Evidence, candidates: Sequence[str]) -> None:
        self.evidence = evidence
        self.count = len(candidates)

    def roots(self, candidate: str) -> dict[str, Root]:
        """What the passes say of one layer; made when first asked for, for all of them."""
        layer = CandidateName.parse(candidate).layer
        return {
            node: Root(
                partial(self._part, node, layer), partial(self._identity, node, layer), partial(self._share, node)
            )
            for node in PASSES
        }

    def _part(self, node: str, layer: str | None) -> Mapping[str, NDArray[Any]]:
        said: Mapping[str, NDArray[Any]] = self.evidence[node]
        if layer is not None:
            return {"features": said[f"features@{layer}"]}
        return {name: array for name, array in said.items() if "@" not in name}

    def _identity(self, node: str, layer: str | None) -> str | None:
        whole = self.evidence.key(node)
        return whole and f"{whole} at {layer}"

    def _share(self, node: str) -> Cost:
        whole = self.evidence.costs[node]
        return Cost(whole.seconds / self.count, whole.cpu_seconds / self.count, whole.machine)
