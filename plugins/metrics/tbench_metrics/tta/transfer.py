"""What takes a source task to a target task: an affine map of features, a map of labels, a prior of source classes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import linear_sum_assignment
from scipy.special import xlogy
from sklearn.metrics.pairwise import euclidean_distances

from tbench.api import Inapplicable

if TYPE_CHECKING:
    from tbench.api import FloatArray, IntArray, Transport

ROUNDS = 20
STANDSTILL = 1e-4  # relative change of the objective


@dataclass(frozen=True, eq=False)
class Task:
    """Standardised features and classes."""

    rows: FloatArray  # (N, D)
    labels: IntArray  # (N,) 0..K-1, every class present

    @classmethod
    def of(cls, rows: FloatArray, classes: IntArray) -> Task:
        """Columns get mean 0 and variance 1; constant ones become 0."""
        centred = rows - rows.mean(axis=0, dtype=np.float64)
        spread = centred.std(axis=0)
        return cls(centred / np.where(spread > 0, spread, 1), np.unique(classes, return_inverse=True)[1])

    @property
    def classes(self) -> int:
        return int(self.labels.max()) + 1

    @property
    def prior(self) -> FloatArray:
        """(K,)"""
        return np.bincount(self.labels) / len(self.labels)

    @property
    def means(self) -> FloatArray:
        """(K, D)"""
        return np.stack([self.rows[self.labels == c].mean(axis=0) for c in range(self.classes)])

    def only(self, classes: IntArray) -> Task:
        """The same without other classes; the first of these becomes class 0. Standardised anew."""
        kept = np.flatnonzero(np.isin(self.labels, classes))
        return Task.of(self.rows[kept], np.argsort(classes)[np.searchsorted(np.sort(classes), self.labels[kept])])


def matched(source: Task, target: Task) -> IntArray:
    """(K,) the source class for each target class: means of matched classes lie nearest to each other, in all."""
    return linear_sum_assignment(euclidean_distances(target.means, source.means, squared=True))[1]


@dataclass(frozen=True, eq=False)
class Transfer:
    """x -> A x + b, with A' for the way back; source class k is target class j with B_jk; D is the source prior."""

    forward: FloatArray  # A (D, D)
    backward: FloatArray  # A' (D, D)
    offset: FloatArray  # b (D,)
    label_map: FloatArray  # B (K, S), columns sum to 1
    prior: FloatArray  # D (S,)

    @classmethod
    def fixed(cls, columns: int, prior: FloatArray) -> Transfer:
        """Features as they are, and class k is class k."""
        same = np.eye(columns)
        return cls(same, same, np.zeros(columns), np.eye(len(prior)), prior)

    def sent(self, rows: FloatArray) -> FloatArray:
        return np.asarray(rows @ self.forward.T + self.offset)

    def returned(self, rows: FloatArray) -> FloatArray:
        return np.asarray((rows - self.offset) @ self.backward.T)

    @property
    def conditional_entropy(self) -> float:
        """Of the target class given the source class; 0 log 0 is 0."""
        return float(0.0 - xlogy(self.label_map, self.label_map).sum(axis=0) @ self.prior)

    def prior_mismatch(self, target_prior: FloatArray) -> float:
        """|p - B D|^2"""
        return float(((target_prior - self.label_map @ self.prior) ** 2).sum())

    @property
    def invertibility(self) -> float:
        """|A A' - I|^2 + |A' A - I|^2"""
        same = np.eye(len(self.offset))
        return float(
            ((self.forward @ self.backward - same) ** 2).sum() + ((self.backward @ self.forward - same) ** 2).sum()
        )

    def distance(self, source: Task, target: Task, transport: Transport) -> float:
        """The Wasserstein distance of the sent source and the target, class by class, all classes weighing the same."""
        classes = self.label_map.argmax(axis=0)[source.labels]
        rows = self.sent(source.rows)
        total = 0.0
        for c in range(target.classes):
            if not (classes == c).any():
                raise Inapplicable("no source class is mapped to some target class, so the bound is infinite")
            total += transport.cheapest(euclidean_distances(rows[classes == c], target.rows[target.labels == c]))
        return total / target.classes


def aligned(start: Transfer, source: Task, target: Task, transport: Transport, ridge: float) -> tuple[Transfer, bool]:
    """The affine map that takes each source class nearest to the target class of its number; and whether it settled.

    Couplings of classes at squared distances, and the map of least squares under them, held near the identity by a
    ridge, take turns. Neither ever raises their common objective; it settles where it falls by less than 1e-4 of
    itself, or is left after 20 rounds. Classes weigh the same. A' is the inverse of A.
    """
    groups = [np.flatnonzero(source.labels == c) for c in range(source.classes)]
    theirs = [np.flatnonzero(target.labels == c) for c in range(target.classes)]
    same = np.eye(source.rows.shape[1])
    here, last = start, np.inf
    for _ in range(ROUNDS):
        rows = here.sent(source.rows)
        weights, wanted, spent = np.zeros(len(rows)), np.zeros_like(rows), 0.0
        for group, their in zip(groups, theirs, strict=True):
            cost = euclidean_distances(rows[group], target.rows[their], squared=True)
            mass = transport.coupling(cost).mass / len(groups)
            weights[group], wanted[group] = mass.sum(axis=1), mass @ target.rows[their]
            spent += float((mass * cost).sum())
        objective = spent + ridge * float(((here.forward - same) ** 2).sum())
        if objective >= last * (1 - STANDSTILL):
            return here, True
        last = objective
        mean, their_mean = weights @ source.rows, wanted.sum(axis=0)
        total = (source.rows * weights[:, None]).T @ source.rows - np.outer(mean, mean) + ridge * same
        shared = wanted.T @ source.rows - np.outer(their_mean, mean) + ridge * same
        forward = cho_solve(cho_factor(total), shared.T).T
        here = replace(
            here,
            forward=forward,
            backward=np.asarray(np.linalg.pinv(forward), dtype=np.float64),
            offset=their_mean - forward @ mean,
        )
    return here, False
