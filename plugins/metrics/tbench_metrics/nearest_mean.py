"""Nearest mean: what ETran (Gholami et al., ETran: energy-based transferability estimation, ICCV 2023) calls LDA."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from tbench.api import Inapplicable, class_labels

if TYPE_CHECKING:
    from tbench.api import IntArray, Moments


def nearest_mean(features: NDArray[Any], labels: IntArray, moments: Moments) -> float:
    """Mean probability of the own class, where classes are unit spheres round their means; in (0, 1].

    features (N, D), labels (N,). p(c | f) is proportional to n_c exp(-|f - m_c|^2 / 2). It is what mgholamikn/ETran
    computes under the name of LDA: its symmetric eigensolver is given a matrix that is not symmetric, so that nothing
    is left of the covariance. Invariant to translation and rotation; the scale of the features matters.
    """
    own = class_labels(labels)
    if len(moments.counts) == 1:
        raise Inapplicable("one class")
    means = moments.offsets
    offsets = np.log(moments.counts / moments.samples) - np.einsum("cd,cd->c", means, means) / 2
    table = softmax((features - moments.mean) @ means.T + offsets, axis=1)
    return float(np.take_along_axis(table, own[:, None], axis=1).mean())
