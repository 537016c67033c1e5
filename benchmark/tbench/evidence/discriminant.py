"""A linear discriminant, regularised as in SFDA: Shao et al., Not all models are equal [...], ECCV 2022."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import softmax

from tbench.api import Inapplicable, evidence

if TYPE_CHECKING:
    from tbench.api import FloatArray, IntArray, Moments
    from tbench.evidence.gram import Gram

ROUNDING = 1e-12  # relative size below which a difference is rounding noise
LEAST_SHRINKAGE = 1e-10
CERTAIN = 1 - 1e-9


@dataclass(frozen=True, eq=False)
class Discriminant:
    """p(c | f) = softmax over classes c of f^T R^-1 m_c - 1/2 m_c^T R^-1 m_c + log(n_c / N), f and m_c less the mean.

    R = (1 - shrinkage) S + shrinkage tr(S) / D I, S the covariance within classes.
    """

    shrinkage: float
    counts: IntArray  # (K,)
    means: FloatArray  # (K, D), less the mean of all
    directions: FloatArray  # (D, K), R^-1 m_c
    within: Gram  # N S

    @classmethod
    def fit(cls, counts: IntArray, means: FloatArray, within: Gram, shrinkage: float) -> Discriminant:
        """within: the scatter, N S.

        The authors' code takes all generalised eigenvectors V of the scatters. V V^T = R^-1, whatever the scatter
        between classes is: one Cholesky instead of an eigenproblem.
        """
        kept = (1 - shrinkage) / counts.sum()
        sphere = shrinkage * within.trace / counts.sum() / means.shape[1]
        directions = within.solve(means.T, sphere / kept) / kept if kept else means.T / sphere
        return cls(shrinkage, counts, means, directions, within)

    def probabilities(self, rows: FloatArray, labels: IntArray | None = None) -> FloatArray:
        """(N, K) for rows (N, D) less the mean of all or, where labels are given, less the means of their classes."""
        table = rows @ self.directions
        if labels is not None:
            table += (self.means @ self.directions)[labels]
        table += np.log(self.counts / self.counts.sum()) - np.einsum("cd,dc->c", self.means, self.directions) / 2
        return np.asarray(softmax(table, axis=1))

    def saturation(self, value: float) -> str | None:
        """Why a mean probability of the own class says little, if it does."""
        samples, dims = int(self.counts.sum()), self.means.shape[1]
        if samples - 1 <= dims:
            return f"{samples} samples are too few for {dims} columns; any features give a value near 1"
        return "every sample is certain of its class" if value > CERTAIN else None

    def shrunk(self, shrinkage: float) -> Discriminant:
        """Of the same samples, otherwise regularised."""
        return Discriminant.fit(self.counts, self.means, self.within, shrinkage)

    def refitted(self, means: FloatArray, deviations: FloatArray) -> Discriminant:
        """As much regularised, to the same classes with other means (K, D) and deviations from them (N, D)."""
        return Discriminant.fit(self.counts, means, self.within.algebra.gram(deviations), self.shrinkage)


@evidence(touches=["target training"])
def discriminant(moments: Moments) -> Discriminant:
    """The first pass of SFDA (TencentARC/SFDA): shrinkage exp(-5 l), at least 1e-10.

    l is the largest eigenvalue of the covariance within classes, as six steps of the power method estimate it.
    Inapplicable where no class has any scatter.
    """
    if len(moments.counts) == 1:
        raise Inapplicable("one class")
    size = moments.total.trace + moments.samples * (moments.mean @ moments.mean)
    if moments.within.trace <= ROUNDING**2 * size:
        raise Inapplicable("no class has two different samples")
    largest = _largest_eigenvalue(moments.within, len(moments.mean)) / moments.samples
    shrinkage = max(float(np.exp(-5 * largest)), LEAST_SHRINKAGE)
    return Discriminant.fit(moments.counts, moments.offsets, moments.within, shrinkage)


def _largest_eigenvalue(scatter: Gram, dims: int) -> float:
    """As the authors estimate it: power steps, each normalised, from the row sums; then x^T A y."""
    x = scatter.times(np.ones(dims))
    if np.linalg.norm(scatter.times(x)) <= ROUNDING * scatter.trace**2:  # from there no step leads anywhere
        x = scatter.times(np.linspace(1, 2, dims))
    x /= np.linalg.norm(x)
    y = x
    for _ in range(3):
        y = scatter.times(x)
        y /= np.linalg.norm(y)
        x = scatter.times(y)
        x /= np.linalg.norm(x)
    return float(x @ scatter.times(y))
