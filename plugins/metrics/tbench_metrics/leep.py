"""LEEP: Nguyen, Hassner, Seeger, Archambeau, LEEP: a new measure to evaluate transferability, ICML 2020."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tbench.api import class_labels

if TYPE_CHECKING:
    from tbench.api import FloatArray, IntArray


def leep(source_probabilities: FloatArray, labels: IntArray, *, log: bool = True) -> float:
    """Log expected empirical prediction: the mean log-likelihood of the labels under "source class, then target class".

    source_probabilities (N, S), labels (N,). At most 0, and never below the soft NCE. A source class without any mass
    says nothing (0/0 = 0), where thuml/LogME, tllib and dbolya/parc return NaN; otherwise the value is theirs.

    log: false takes the mean likelihood itself, as SFDA and PED do in their N-LEEP.
    """
    own = class_labels(labels)
    theta = np.asarray(source_probabilities, dtype=np.float64)  # P(z | x)
    mass = np.stack([theta[own == c].sum(axis=0) for c in range(own.max() + 1)])  # N P(y, z)
    total = mass.sum(axis=0)  # N P(z)
    conditional = np.divide(mass, total, out=np.zeros_like(mass), where=total > 0)  # P(y | z)
    likelihood = np.take_along_axis(theta @ conditional.T, own[:, None], axis=1)  # sum over z of P(y_i | z) P(z | x_i)
    return float(np.log(likelihood).mean() if log else likelihood.mean())
