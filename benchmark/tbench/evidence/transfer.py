"""A linear head fitted to the target on frozen features: the head itself, and what it loses on images held out."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import log_softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler

from tbench.api import Inapplicable, class_labels, evidence
from tbench.errors import SaturationWarning

if TYPE_CHECKING:
    from tbench.api import FloatArray, IntArray, Pool

FOLDS = 5
PENALTY = 1.0  # half of it times the squared weights of standardised features, beside the sum of losses
STEPS = 1000  # of L-BFGS, at most
SMOOTHING = 1e-3  # share of every prediction that is spread over all classes, so that no loss is infinite


@dataclass(frozen=True, eq=False)
class Head:
    """Logits of the classes 0..K-1 are features @ weight.T + bias."""

    weight: FloatArray  # (K, D)
    bias: FloatArray  # (K,)

    @classmethod
    def fit(cls, features: FloatArray, labels: IntArray, classes: int) -> Head:
        """Multinomial logistic regression on standardised features (N, D), with an L2 penalty.

        A class that labels (N,) lack is never predicted. SaturationWarning where L-BFGS has not converged.
        """
        scaler = StandardScaler()
        rows = scaler.fit_transform(np.asarray(features, dtype=np.float64))
        present = np.unique(labels)
        weight, bias = np.zeros((classes, rows.shape[1])), np.full(classes, -np.inf)
        bias[present] = 0
        if len(present) > 1:
            model = LogisticRegression(C=1 / PENALTY, max_iter=STEPS)
            with warnings.catch_warnings(record=True) as warned:
                warnings.simplefilter("always", ConvergenceWarning)
                model.fit(rows, labels)
            if warned:
                warnings.warn(f"a linear head has not converged in {STEPS} steps", SaturationWarning, stacklevel=2)
            # Of two classes, scikit-learn gives the logit of the second.
            weight[present[-len(model.coef_) :]], bias[present[-len(model.coef_) :]] = model.coef_, model.intercept_
        weight /= scaler.scale_
        return cls(weight, bias - weight @ scaler.mean_)

    def losses(self, features: FloatArray, labels: IntArray) -> FloatArray:
        """(N,) cross-entropy in nats, finite also for a class that was never seen."""
        logs = log_softmax(np.asarray(features, dtype=np.float64) @ self.weight.T + self.bias, axis=1)
        right = np.exp(np.take_along_axis(logs, labels[:, None], axis=1)[:, 0])
        losses: FloatArray = -np.log((1 - SMOOTHING) * right + SMOOTHING / len(self.bias))
        return losses


@evidence(touches=["target training"], keep=True)
def held_out(features: FloatArray, labels: IntArray) -> Mapping[str, FloatArray]:
    """losses (N,) of each image, by a head that was fitted to the folds that it is not in. Five folds, always alike."""
    classes = class_labels(labels)
    if len(classes) < FOLDS:
        raise Inapplicable(f"{len(classes)} images cannot be held out in {FOLDS} folds")
    if classes.max() == 0:
        raise Inapplicable("one class")
    losses = np.empty(len(classes))
    for others, own in KFold(FOLDS, shuffle=True, random_state=0).split(features):
        head = Head.fit(features[others], classes[others], int(classes.max()) + 1)
        losses[own] = head.losses(features[own], classes[own])
    return {"losses": losses}


def transfer_losses(held_out: Mapping[str, FloatArray]) -> FloatArray:
    """(N,) cross-entropy of a linear head on images that it was not fitted to."""
    return held_out["losses"]


def pool_losses(pool_of_transfer_losses: Pool) -> FloatArray:
    """(N, C) the same of every candidate of the suite; affinities of a smaller pool would be other affinities."""
    return pool_of_transfer_losses.whole().T
