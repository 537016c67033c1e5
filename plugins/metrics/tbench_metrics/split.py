"""The score of one half of the samples, which shows how much of it the choice of samples makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tbench.api import Inapplicable, Score

if TYPE_CHECKING:
    from tbench.api import Inner


def split(inner: Inner, labels: NDArray[Any], seed: int) -> Score:
    """The mean of the metric's scores on the two halves of the samples, neither of which has seen the other.

    labels (N,) or (N, L). Halves are drawn at random, within classes where labels are classes: of each class they hold
    equally many, or one more. Terms: first, second, and gap, the distance between them: candidates that are nearer to
    each other than that are not told apart by these samples.

    A metric is one function, which does not fit on some samples and score others; so each half is scored by a metric
    that is fitted to that half, and a score that grows with width does so at half as many samples already. `calibrated`
    mends that; split does not. Transforms written before it are applied within each half.
    """
    if len(labels) < 2:
        raise Inapplicable("one sample cannot be split")
    order = np.random.default_rng(seed).permutation(len(labels))
    if labels.ndim == 1:
        order = order[np.argsort(labels[order], kind="stable")]  # class by class, so that every other one is half of it
    first, second = (inner(np.sort(order[start::2])).value for start in (0, 1))
    return Score((first + second) / 2, {"first": first, "second": second, "gap": abs(first - second)})
