"""X^T X of some rows X, held and used by its smaller side: D x D, or N x N where there are fewer rows than columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tbench.api import Spectrum

if TYPE_CHECKING:
    from tbench.api import FloatArray, IntArray
    from tbench.evidence.algebra import Algebra

ROUNDING = float(10 * np.finfo(np.float64).eps)  # times the size: below that, an eigenvalue is noise


@dataclass(frozen=True, eq=False)
class Gram:
    """X^T X for X (N, D), symmetric, positive semi-definite."""

    side: FloatArray  # (R, R), R = min(N, D): X^T X itself or, where N < D, X X^T
    rows: FloatArray | None  # X (N, D), only where N < D
    algebra: Algebra

    @classmethod
    def of(cls, rows: FloatArray, algebra: Algebra) -> Gram:
        samples, dims = rows.shape
        if samples < dims:
            return cls(algebra.square(rows.T), rows, algebra)
        return cls(algebra.square(rows), None, algebra)

    @property
    def trace(self) -> float:
        return float(np.trace(self.side))

    @property
    def squares(self) -> float:
        """The sum of the squares of all entries."""
        return float(np.vdot(self.side, self.side))

    def times(self, right: FloatArray) -> FloatArray:
        """X^T X right, for right (D,) or (D, M)."""
        if self.rows is None:
            return np.asarray(self.side @ right)
        return np.asarray(self.rows.T @ (self.rows @ right))

    def spread(self, means: FloatArray, counts: IntArray) -> Gram:
        """Of the rows plus means (K, D): the first counts[0] of them plus means[0], and so on.

        Where each group of rows has the mean zero. Only adds, so that no digits are lost.
        """
        if self.rows is None:
            scaled = np.sqrt(counts)[:, None] * means
            return Gram(self.side + scaled.T @ scaled, None, self.algebra)
        cross = np.repeat(self.rows @ means.T, counts, axis=1)
        square = np.repeat(np.repeat(means @ means.T, counts, axis=0), counts, axis=1)
        rows = self.rows + np.repeat(means, counts, axis=0)
        return Gram(self.side + cross + cross.T + square, rows, self.algebra)

    def spectrum(self) -> Spectrum:
        """With X X^T = U diag(values) U^T the vectors are X^T U / sqrt(values); zero for a value that is only noise."""
        values, vectors = self.algebra.eigh(self.side)
        values, vectors = values[::-1].clip(min=0), vectors[:, ::-1]
        if self.rows is None:
            return Spectrum(values, vectors)
        sound = values > ROUNDING * self.rows.shape[1] * values[0]
        scale = np.divide(1, np.sqrt(values), out=np.zeros_like(values), where=sound)
        return Spectrum(values, self.rows.T @ vectors * scale)

    def eigenvalues(self) -> FloatArray:
        """(R,) descending, clipped at zero."""
        return self.algebra.eigenvalues(self.side)[::-1].clip(min=0)

    def log_determinant(self, unit: float) -> float:
        """log det(I + X^T X / unit) = log det(I + X X^T / unit)."""
        matrix = self.side / unit
        matrix.flat[:: len(matrix) + 1] += 1
        return self.algebra.log_determinant(matrix)

    def solve(self, right: FloatArray, shift: float) -> FloatArray:
        """(X^T X + shift I)^-1 right, for right (D, M). LinAlgError if that is not definite in floating point.

        Where N < D by Woodbury's identity, whose difference loses what shift is smaller than X^T X; a second step on
        what the first one left brings it back.
        """
        matrix = self.side.copy()
        matrix.flat[:: len(matrix) + 1] += shift
        if self.rows is None:
            return self.algebra.solve(matrix, right)
        solution = self._woodbury(matrix, right, shift)
        left = right - self.times(solution) - shift * solution
        return solution + self._woodbury(matrix, left, shift)

    def _woodbury(self, matrix: FloatArray, right: FloatArray, shift: float) -> FloatArray:
        assert self.rows is not None
        return np.asarray((right - self.rows.T @ self.algebra.solve(matrix, self.rows @ right)) / shift)
