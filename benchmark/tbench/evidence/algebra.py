"""Where Grams are formed and factorised: LAPACK on the CPU, or torch on another device; always float64."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from tbench.errors import UsageError
from tbench.evidence.gram import Gram

if TYPE_CHECKING:
    from tbench.api import FloatArray


class Algebra(Protocol):
    """Arrays of NumPy in and out, whatever the device. Matrices are symmetric; only Cholesky needs them definite."""

    def gram(self, rows: NDArray[Any]) -> Gram:
        """X^T X of rows X (N, D), by way of the smaller side."""
        return Gram.of(np.asarray(rows, dtype=np.float64), self)

    def square(self, rows: FloatArray) -> FloatArray:
        """rows^T rows."""

    def eigh(self, matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Eigenvalues, ascending, and eigenvectors in columns."""

    def eigenvalues(self, matrix: FloatArray) -> FloatArray:
        """Ascending."""

    def solve(self, matrix: FloatArray, right: FloatArray) -> FloatArray:
        """matrix^-1 right by Cholesky; LinAlgError if the matrix is not definite."""

    def log_determinant(self, matrix: FloatArray) -> float:
        """By Cholesky; LinAlgError if the matrix is not definite."""


def algebra(device: str) -> Algebra:
    """On the device that torch calls so. UsageError if there is none."""
    if device == "cpu":
        return Lapack()
    try:
        torch.zeros(1, device=device, dtype=torch.float64)
    except (RuntimeError, AssertionError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(
            f"device {device!r} cannot be used for float64 algebra here ({reason}); cpu always can"
        ) from error
    return Torch(device)


class Lapack(Algebra):
    """On the CPU. NumPy forms a Gram in half the operations of a general product."""

    def square(self, rows: FloatArray) -> FloatArray:
        return np.asarray(rows.T @ rows)

    def eigh(self, matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
        values, vectors = np.linalg.eigh(matrix)
        return values, vectors

    def eigenvalues(self, matrix: FloatArray) -> FloatArray:
        return np.asarray(np.linalg.eigvalsh(matrix), dtype=np.float64)

    def solve(self, matrix: FloatArray, right: FloatArray) -> FloatArray:
        return np.asarray(cho_solve(cho_factor(matrix, lower=True, check_finite=False), right, check_finite=False))

    def log_determinant(self, matrix: FloatArray) -> float:
        return float(2 * np.log(np.diagonal(np.linalg.cholesky(matrix))).sum())


class Torch(Algebra):
    """On a device of torch, CUDA above all."""

    def __init__(self, device: str) -> None:
        self._device = device

    def square(self, rows: FloatArray) -> FloatArray:
        there = self._sent(rows)
        return _fetched(there.T @ there)

    def eigh(self, matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
        values, vectors = torch.linalg.eigh(self._sent(matrix))
        return _fetched(values), _fetched(vectors)

    def eigenvalues(self, matrix: FloatArray) -> FloatArray:
        return _fetched(torch.linalg.eigvalsh(self._sent(matrix)))

    def solve(self, matrix: FloatArray, right: FloatArray) -> FloatArray:
        return _fetched(torch.cholesky_solve(self._sent(right), self._factor(matrix)))

    def log_determinant(self, matrix: FloatArray) -> float:
        return float(2 * self._factor(matrix).diagonal().log().sum())

    def _factor(self, matrix: FloatArray) -> torch.Tensor:
        factor: torch.Tensor
        factor, failed = torch.linalg.cholesky_ex(self._sent(matrix))
        if failed:
            raise np.linalg.LinAlgError("matrix is not positive definite")
        return factor

    def _sent(self, array: FloatArray) -> torch.Tensor:
        return torch.tensor(array, dtype=torch.float64, device=self._device)  # a copy: read-only arrays are not shared


def _fetched(tensor: torch.Tensor) -> FloatArray:
    array: FloatArray = tensor.cpu().numpy()
    return array
