"""RankMe: Garrido et al., RankMe: assessing the downstream performance of pretrained [...] by their rank, ICML 2023."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tbench.api import Inapplicable, UsageError

if TYPE_CHECKING:
    from tbench.api import Spectrum


def rankme(features: NDArray[Any], gram_spectrum: Spectrum, *, eps: float = 1e-7) -> float:
    """Effective rank of the features: exp of the entropy of their singular values; from 1 to about min(N, D).

    features (N, D), not centred. exp(-sum_k p_k log p_k) with p_k = s_k / sum(s) + eps over the min(N, D) singular
    values. It looks at no label, which the spectrum is only handed together with; so it says nothing of the target's
    classes, and its width alone lets a network rank higher. Invariant to scale and rotation, not to translation.

    eps: the paper's, meant for single precision; it adds a little to every p_k, so that they sum to more than 1.

    Inapplicable where the features are zero for all samples.
    """
    if not eps >= 0:
        raise UsageError(f"rankme: eps={eps} must not be negative")
    values = np.where(gram_spectrum.sound(len(features)), gram_spectrum.values, 0)
    if not values.any():
        raise Inapplicable("the features are zero for all samples")
    singular = np.sqrt(values)
    shares = singular / singular.sum() + eps
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    return float(np.exp(-shares @ logs))
