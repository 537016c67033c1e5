"""Optimal transport between two sets of samples, by POT (Flamary et al., JMLR 2021), imported when asked for."""

from __future__ import annotations

import sys
import warnings
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tbench.api import evidence
from tbench.environment import switched_on
from tbench.errors import Inapplicable, SaturationWarning

if TYPE_CHECKING:
    from tbench.api import FloatArray, IntArray

PIVOTS = 10_000_000  # POT stops at 100 000, which 2000 samples a side exceed
ROUNDS = 10_000  # of Sinkhorn
TOLERANCE = 1e-6  # what the masses of one side may be off, as a Euclidean norm
OTHERS = ("PYTORCH", "TENSORFLOW", "JAX", "CUPY")  # what POT would import beside NumPy


@evidence(solver="convex")
def transport(seed: int) -> Transport:
    """Inapplicable without POT. It is imported for NumPy alone, unless the process has it already."""
    try:
        with _numpy_alone():
            import ot  # noqa: F401
    except ImportError as error:
        raise Inapplicable("needs POT for optimal transport; pip install tbench[ot]") from error
    return Transport(seed)


@dataclass(frozen=True, eq=False)
class Coupling:
    """How much goes from each of N samples to each of M; all samples of a side weigh the same."""

    mass: FloatArray  # (N, M), sums to 1
    converged: bool


@dataclass(frozen=True)
class Transport:
    """Couplings by their cost. One that is not optimal is told by a SaturationWarning."""

    seed: int

    def rows(self, labels: IntArray, most: int) -> IntArray:
        """Which samples to transport: all, or so many, drawn so that classes keep their shares to within a sample.

        Equal labels, whatever the classes are called, give equal rows, so that a dataset is at distance 0 from itself.
        """
        if len(labels) <= most:
            return np.arange(len(labels))
        order = np.random.default_rng(self.seed).permutation(len(labels))
        _, first, inverse = np.unique(labels[order], return_index=True, return_inverse=True)
        by_class = order[np.argsort(first[inverse], kind="stable")]
        return np.sort(by_class[(2 * np.arange(most) + 1) * len(labels) // (2 * most)])

    def coupling(self, cost: FloatArray, regulariser: float = 0.0) -> Coupling:
        """The cheapest, or that of the least sum of cost and so much times its divergence from the independent one.

        cost (N, M). Exact by the network simplex; regularised by Sinkhorn's iterations in the log domain, until the
        masses of rows and columns are off by 1e-6 at most.
        """
        import ot

        first, second = (np.full(size, 1 / size) for size in cost.shape)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # told below, in our words
            warnings.simplefilter("ignore", RuntimeWarning)  # early rounds may overflow, later ones mend it
            if regulariser:
                mass, log = ot.sinkhorn(
                    *(first, second, cost, regulariser),
                    **{"method": "sinkhorn_log", "numItermax": ROUNDS, "stopThr": TOLERANCE, "log": True},
                )
                converged = bool(log["err"][-1] <= TOLERANCE)
            else:
                mass, log = ot.emd(first, second, cost, numItermax=PIVOTS, log=True)
                converged = log["warning"] is None
        if not converged:
            effort = f"{ROUNDS} rounds" if regulariser else f"{PIVOTS} pivots"
            warnings.warn(f"transport: not optimal after {effort}", SaturationWarning, stacklevel=2)
        return Coupling(mass, converged)

    def cheapest(self, cost: FloatArray) -> float:
        """What the cheapest coupling costs: a Wasserstein distance, to the power that the cost has."""
        return float((self.coupling(cost).mass * cost).sum())


def _numpy_alone() -> AbstractContextManager[None]:
    """POT tries every array library that is installed when it is imported, which takes seconds, or a whole GPU."""
    return switched_on([] if "ot" in sys.modules else [f"POT_BACKEND_DISABLE_{name}" for name in OTHERS])
