"""A linear head on the source whose loss has a gradient of bounded length in its input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

if TYPE_CHECKING:
    from tbench.api import FloatArray, IntArray

PENALTY = 1e4  # on what gradients exceed the ceiling by, squared; as in the authors' large-scale code
ROUNDS = 1000
FALL, SLOPE = 1e-12, 1e-6  # at which the objective, relative to itself, or its slope is taken for still
ROUNDING = 1e-30


@dataclass(frozen=True, eq=False)
class Head:
    """Logits W x + c of S source classes."""

    weight: FloatArray  # (S, D)
    bias: FloatArray  # (S,)
    converged: bool = True

    @classmethod
    def fitted(cls, rows: FloatArray, labels: IntArray, ceiling: float) -> Head:
        """Cross-entropy with a penalty on gradients, for whatever label, that are longer than the ceiling.

        rows (N, D), labels (N,) 0..S-1, every class present. L-BFGS from zero, at most 1000 rounds.
        """
        classes, columns = int(labels.max()) + 1, rows.shape[1]
        own = np.eye(classes)[labels]
        unit = min(ceiling, 1.0)

        def unpacked(flat: FloatArray) -> tuple[FloatArray, FloatArray]:
            # weights in units of a low ceiling, or else a first step of unit length would be far beyond it
            return unit * flat[:-classes].reshape(classes, columns), flat[-classes:]

        def objective(flat: FloatArray) -> tuple[float, FloatArray]:
            weight, bias = unpacked(flat)
            logs = log_softmax(rows @ weight.T + bias, axis=1)
            theta = np.exp(logs)
            gram = weight @ weight.T
            sent = theta @ gram
            # |W^T (theta - e_y)|^2 of each sample and each label y
            squares = (sent * theta).sum(axis=1, keepdims=True) - 2 * sent + np.diagonal(gram)
            lengths = np.sqrt(np.maximum(squares, ROUNDING))
            excess = np.maximum(lengths - ceiling, 0)
            value = -(own * logs).sum() / len(rows) + PENALTY * (excess**2).mean()
            pull = PENALTY * excess / lengths / excess.size  # of the penalty, by each square
            pulls = pull.sum(axis=1, keepdims=True)
            by_theta = 2 * (pulls * sent - pull @ gram)
            mixed = pull.T @ theta
            by_gram = theta.T @ (pulls * theta) - mixed - mixed.T + np.diag(pull.sum(axis=0))
            by_logits = (theta - own) / len(rows)
            by_logits += theta * (by_theta - (theta * by_theta).sum(axis=1, keepdims=True))
            by_weight = by_logits.T @ rows + 2 * by_gram @ weight
            return float(value), np.concatenate([unit * by_weight.ravel(), by_logits.sum(axis=0)])

        start = np.zeros(classes * (columns + 1))
        found = minimize(
            objective, start, jac=True, method="L-BFGS-B", options={"maxiter": ROUNDS, "ftol": FALL, "gtol": SLOPE}
        )
        return cls(*unpacked(found.x), bool(found.success))

    def probabilities(self, rows: FloatArray) -> FloatArray:
        """(N, S)"""
        return np.asarray(softmax(rows @ self.weight.T + self.bias, axis=1))

    def losses(self, rows: FloatArray, labels: IntArray) -> FloatArray:
        """(N,) cross-entropy with source classes."""
        logs = log_softmax(rows @ self.weight.T + self.bias, axis=1)
        return -np.asarray(np.take_along_axis(logs, labels[:, None], axis=1)[:, 0])

    def gradient_norm(self, rows: FloatArray, label_map: FloatArray, backward: FloatArray) -> float:
        """The longest gradient, over rows x = A' (z - b) and target classes, in z, of -log (B softmax(W x + c))_y.

        label_map B (K, S), backward A' (D, D). In closed form W^T (theta - r), r proportional to B_y theta.
        """
        logits, sent = rows @ self.weight.T + self.bias, self.weight @ backward
        gram, theta = sent @ sent.T, softmax(logits, axis=1)
        longest = 0.0
        with np.errstate(divide="ignore"):  # the logarithm of no share
            shares = np.log(label_map)
        for share in shares:
            offset = theta - softmax(logits + share, axis=1)
            longest = max(longest, float(((offset @ gram) * offset).sum(axis=1).max()))
        return float(longest**0.5)

    def published_gradient_norm(self, rows: FloatArray, labels: IntArray, others: IntArray) -> float:
        """The longest gradient of the sum of two cross-entropies with source classes, neither mapped nor sent back."""
        each = np.eye(len(self.weight))
        offset = 2 * self.probabilities(rows) - each[labels] - each[others]
        return float(np.linalg.norm(offset @ self.weight, axis=1).max())
