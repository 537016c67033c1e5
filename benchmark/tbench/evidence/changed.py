"""Evidence some of which is given anew, or of some samples only: for a metric that is called again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tbench.evidence.admission import PER_SAMPLE
from tbench.evidence.graph import Derived, Evidence, Root
from tbench.spec import needs

LABELS = "labels"
ON_FIRST = (*PER_SAMPLE, "images", "transfer_losses", "pool_losses")
SAMPLES_OF = dict.fromkeys(ON_FIRST, 0) | {"earlier_attributions": 1, "label_embeddings": 1}
"""Which axis of evidence the target's samples are on."""


class Changed(Derived):
    """What is given anew is its own, and so are the labels, the same or others: what rests on them is computed anew.

    So a call costs what it costs, whatever other metrics have had computed.
    """

    def below(self, name: str) -> tuple[str, ...]:
        """What came from outside is not looked under: nothing that is given anew can change it."""
        order: dict[str, None] = {}

        def visit(name: str) -> None:
            if name not in order:
                if name not in self.roots and not self.given(name) and name in self.nodes:
                    for need in needs(self.nodes[name]):
                        visit(need)
                order[name] = None

        visit(name)
        return tuple(order)

    def moved(self, name: str, transform: Callable[..., object], settings: Mapping[str, object]) -> Evidence:
        """A transform that asks for nothing that is new is the origin's, and is made once for all calls."""
        if any(self._is_new(need) for need in needs(transform)):
            return super().moved(name, transform, settings)
        if name not in self._moved:
            self._moved[name] = _over(self.origin.moved(name, transform, settings), self.roots)
        return self._moved[name]


def changed(origin: Evidence, given: Mapping[str, object], rows: NDArray[Any] | None = None) -> Changed:
    """rows: which samples are left; None for all of them. given: evidence by name, of these samples."""
    roots = {LABELS: Root(lambda: origin[LABELS])}
    if rows is not None:
        roots |= {name: Root(partial(_cut, origin, name, axis, rows)) for name, axis in SAMPLES_OF.items()}
    return _over(origin, roots | {name: Root.of(value) for name, value in given.items()})


def _over(origin: Evidence, roots: Mapping[str, Root]) -> Changed:
    made = Changed(roots, origin.nodes, whose=origin.whose, notices=origin.notices)
    made.origin = origin
    return made


def _cut(origin: Evidence, name: str, axis: int, rows: NDArray[Any]) -> object:
    """Some samples of evidence; images may be any sequence."""
    whole = origin[name]
    if isinstance(whole, np.ndarray):
        return whole.take(np.arange(whole.shape[axis])[rows], axis=axis)
    return [whole[row] for row in np.arange(len(whole))[rows]]
