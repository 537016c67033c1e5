"""The scheme of the authors' code: all maps learned together by Adam, under a coupling found anew at every step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import log_softmax, softmax
from sklearn.metrics.pairwise import euclidean_distances

if TYPE_CHECKING:
    from tbench.api import FloatArray, IntArray, Transport

RATES: Mapping[str, float] = {"forward": 1e-2, "backward": 1e-2, "offset": 1e-2, "label_logits": 1e-2}
DECAYS, FLOOR = (0.9, 0.999), 1e-7  # of Adam
TRANSPORT_WEIGHT = 2.0  # in the loss; all other terms weigh 1


@dataclass(eq=False)
class Descent:
    """A place, as arrays by name, and Adam's memory of how it came there.

    place: forward (D, D), backward (D, D), offset (D,), label_logits (K, S), prior_logits (S,). class_losses (S,): what
    a source class of prior 1 would cost the head. target_prior (K,). label_weight: of labels against features in the
    cost. squared: the coupling is optimal for the squared cost that the loss has; otherwise for the cost itself, as in
    the authors' code, where a step may raise the loss for that.
    """

    place: dict[str, FloatArray]
    class_losses: FloatArray
    target_prior: FloatArray
    transport: Transport
    label_weight: float
    squared: bool
    prior_rate: float = 1e-4
    steps: int = 0
    first: dict[str, FloatArray] = field(default_factory=dict)
    second: dict[str, FloatArray] = field(default_factory=dict)

    @property
    def label_map(self) -> FloatArray:
        """(K, S)"""
        return np.asarray(softmax(self.place["label_logits"], axis=0))

    @property
    def prior(self) -> FloatArray:
        """(S,)"""
        return np.asarray(softmax(self.place["prior_logits"]))

    def advance(self, rows: FloatArray, labels: IntArray, others: FloatArray, classes: IntArray) -> dict[str, float]:
        """One step on source rows (N, D) of these labels and target rows (M, D) of those classes.

        Returns the terms of the loss before it: loss, transport, conditional_entropy, prior_matching, invertibility,
        weighted_source_loss.
        """
        terms, slopes = self._loss(rows, labels, others, classes)
        self.steps += 1
        for name, slope in slopes.items():
            early, late = DECAYS
            self.first[name] = early * self.first.get(name, 0.0) + (1 - early) * slope
            self.second[name] = late * self.second.get(name, 0.0) + (1 - late) * slope**2
            rate = RATES.get(name, self.prior_rate) * (1 - late**self.steps) ** 0.5 / (1 - early**self.steps)
            self.place[name] = self.place[name] - rate * self.first[name] / (np.sqrt(self.second[name]) + FLOOR)
        return terms

    def _loss(
        self, rows: FloatArray, labels: IntArray, others: FloatArray, classes: IntArray
    ) -> tuple[dict[str, float], dict[str, FloatArray]]:
        """Its terms, and its slope in every array of the place."""
        forward, backward, offset = (self.place[name] for name in ("forward", "backward", "offset"))
        label_map, prior = self.label_map, self.prior
        sent = rows @ forward.T + offset
        apart = euclidean_distances(sent, others, squared=True)
        # |B e_s - e_t|^2 of each source class s and target class t
        differ = ((label_map**2).sum(axis=0)[:, None] - 2 * label_map.T + 1)[np.ix_(labels, classes)]
        cost = apart + self.label_weight * differ
        ground = cost if self.squared else np.sqrt(apart) + self.label_weight * np.sqrt(np.maximum(differ, 0))
        mass = self.transport.coupling(ground).mass

        logs = log_softmax(self.place["label_logits"], axis=0)
        entropies = -(label_map * logs).sum(axis=0)
        missing = self.target_prior - label_map @ prior
        same = np.eye(len(offset))
        there_back, back_there = forward @ backward - same, backward @ forward - same
        terms = {
            "transport": float((mass * cost).sum()),
            "conditional_entropy": float(prior @ entropies),
            "prior_matching": float(missing @ missing),
            "invertibility": float((there_back**2).sum() + (back_there**2).sum()),
            "weighted_source_loss": float(prior @ self.class_losses),
        }
        terms["loss"] = sum(terms.values()) + (TRANSPORT_WEIGHT - 1) * terms["transport"]

        pulled = mass.sum(axis=1)[:, None] * sent - mass @ others  # half the slope of transport in each sent row
        joint = _sums(_sums(mass, labels, len(prior)).T, classes, len(self.target_prior))  # (K, S)
        by_map = TRANSPORT_WEIGHT * self.label_weight * 2 * (joint.sum(axis=0) * label_map - joint)
        by_map -= prior * (logs + 1) + 2 * np.outer(missing, prior)
        by_prior = entropies + self.class_losses - 2 * label_map.T @ missing
        slopes = {
            "forward": 2 * (TRANSPORT_WEIGHT * pulled.T @ rows + there_back @ backward.T + backward.T @ back_there),
            "backward": 2 * (forward.T @ there_back + back_there @ forward.T),
            "offset": 2 * TRANSPORT_WEIGHT * pulled.sum(axis=0),
            "label_logits": label_map * (by_map - (label_map * by_map).sum(axis=0)),
            "prior_logits": prior * (by_prior - prior @ by_prior),
        }
        return terms, slopes


def _sums(table: FloatArray, groups: IntArray, count: int) -> FloatArray:
    """(count, M) the rows of each group of a table (N, M) added up."""
    return np.asarray(np.eye(count)[groups].T @ table)
