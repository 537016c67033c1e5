"""LEAD, not pinned down: Hu et al., LEAD: exploring logit space evolution for model selection, CVPR 2024."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, log_softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import LinearSVC

from tbench.api import Inapplicable, SaturationWarning, Score, UsageError, class_labels, evidence

if TYPE_CHECKING:
    from tbench.api import FloatArray, IntArray

STEPS = 1000


@evidence(touches=["target training"], solver="convex")
def lead(features: FloatArray, labels: IntArray, *, time: float = 1.0, penalty: float = 1.0) -> Score:
    """Not pinned down: mean log-likelihood of the labels once logits of support vector machines moved towards them.

    The paper leaves open the head whose tangent kernel sets the pace (width, activation, scale) and
    how eigenvalues are normalised, there is no code of the authors, and ports by others disagree. No published number
    has been reproduced by this; do not quote it as the paper's.

    features (N, D), labels (N,). Logits L of a sample are log-probabilities of linear machines, one class against the
    rest; gradient flow of the squared error takes them to (1 - g) Y + g L with g = exp(-time lambda_c), Y one-hot. At
    most 0. Read so here: the head is infinitely wide, with a hidden layer of ReLUs; lambda_c, the mean eigenvalue of
    its tangent kernel on class c, is then proportional to the mean squared length of the features of that class (the
    paper takes 64 samples and a random head), and is measured in units of its mean over all samples; a margin m has
    the probability 1 / (1 + exp(-m)). The scale of the features does not matter.

    Not converged after 1000 steps: SaturationWarning, and the term converged is 0.

    time: times the learning rate; 1 in the paper. Towards infinity all candidates score alike.
    penalty: the machines' C.
    """
    if not (time >= 0 and penalty > 0):
        raise UsageError(f"lead: time={time} must not be negative and penalty={penalty} must be above 0")
    own = class_labels(labels)
    counts = np.bincount(own)
    if len(counts) == 1:
        raise Inapplicable("one class")
    rows = np.asarray(features, dtype=np.float64)
    lengths = np.einsum("nd,nd->n", rows, rows)
    if not lengths.any():
        raise Inapplicable("the features are all zero")
    rows, pace = rows / np.sqrt(lengths.mean()), np.bincount(own, lengths) / counts / lengths.mean()
    machines = LinearSVC(C=penalty, dual=False, max_iter=STEPS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # told in our words
        margins = machines.fit(rows, own).decision_function(rows)
    if not (converged := machines.n_iter_ < STEPS):
        warnings.warn(f"lead: the machines did not converge in {STEPS} steps", SaturationWarning, stacklevel=2)
    margins = np.stack([-margins, margins], axis=1) if margins.ndim == 1 else margins
    kept = np.exp(-time * pace[own])[:, None]
    logits = (1 - kept) * np.eye(len(counts))[own] + kept * np.log(expit(margins))
    value = np.take_along_axis(log_softmax(logits, axis=1), own[:, None], axis=1).mean()
    return Score(float(value), {"converged": float(converged)})
