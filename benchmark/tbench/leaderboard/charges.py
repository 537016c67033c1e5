"""The seconds of evidence below very many scores, node by node."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from tbench.leaderboard.ledger import Groups, Ledger
from tbench.leaderboard.seconds import Seconds

Array = NDArray[np.float64]


class Charges:
    """What scores rest on; many rest on the very same. of: for each score, which of these it is.

    node, wall, cpu: of all their nodes one after the other, and base: whose each is.
    """

    def __init__(self, scores: Ledger) -> None:
        numbers, self.of = np.unique(scores["evidence"], return_inverse=True)
        known: dict[str, int] = {}
        base: list[int] = []
        node: list[int] = []
        wall: list[float] = []
        cpu: list[float] = []
        for place, number in enumerate(numbers.tolist()):
            for name, cost in scores.meant(number).items():
                base.append(place)
                node.append(known.setdefault(name, len(known)))
                wall.append(cost["seconds"])
                cpu.append(cost["cpu_seconds"])
        self.names = [*known]
        self.count = len(numbers)
        self.base, self.node = np.array(base, dtype=np.intp), np.array(node, dtype=np.intp)
        self.wall, self.cpu = np.array(wall, dtype=np.float64), np.array(cpu, dtype=np.float64)

    def below(self, names: Collection[str]) -> tuple[Array, Array]:
        """For each score, what these nodes took together, each charged for itself: wall and CPU seconds."""
        chosen = np.isin(self.node, [place for place, name in enumerate(self.names) if name in names])
        wall: Array = np.bincount(self.base[chosen], self.wall[chosen], self.count).astype(np.float64)
        cpu: Array = np.bincount(self.base[chosen], self.cpu[chosen], self.count).astype(np.float64)
        return wall[self.of], cpu[self.of]

    def has(self, names: Collection[str]) -> NDArray[np.bool_]:
        """Which scores rest on any of these nodes."""
        chosen = np.isin(self.node, [place for place, name in enumerate(self.names) if name in names])
        return (np.bincount(self.base[chosen], minlength=self.count) > 0)[self.of]

    def once(self, cells: Groups) -> dict[str, tuple[NDArray[np.intp], Seconds]]:
        """Of each node the cells that it was charged in, once in each, and what that comes to."""
        pairs = Groups(cells.which, self.of, size=len(self.of))
        starts = np.searchsorted(self.base, np.arange(self.count + 1))
        found = self.of[pairs.first]
        lengths = np.diff(starts)[found]
        begins = np.repeat(starts[found] - np.append(0, np.cumsum(lengths)[:-1]), lengths)
        flat = begins + np.arange(lengths.sum())
        cell, node = np.repeat(cells.which[pairs.first], lengths), self.node[flat]
        first = np.sort(np.unique(cell * max(1, len(self.names)) + node, return_index=True)[1])
        cell, node, flat = cell[first], node[first], flat[first]
        walls = np.bincount(node, self.wall[flat], len(self.names)).tolist()
        cpus = np.bincount(node, self.cpu[flat], len(self.names)).tolist()
        return {
            name: (cell[node == place], Seconds(walls[place], cpus[place])) for place, name in enumerate(self.names)
        }
