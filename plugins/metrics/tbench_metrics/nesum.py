"""NESum: He and Ozay, Exploring the gap between collapsed & whitened features in self-supervised [...], ICML 2022."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from tbench.api import Inapplicable

if TYPE_CHECKING:
    from tbench.api import Moments, Spectrum

ROUNDING = 1e-12  # relative size below which a difference is rounding noise


def nesum(features: NDArray[Any], groups: Moments, spectrum: Spectrum) -> float:
    """Sum of the eigenvalues of the features' covariance over the largest of them; in [1, min(N - 1, D)].

    features (N, D). 1 for features that have collapsed to one direction, D for white ones. It looks at no label, which
    the spectrum is only handed together with; so it says nothing of the target's classes, and its width alone lets a
    network rank higher. Invariant to translation, rotation and scale.

    Inapplicable where the features are the same for all samples.
    """
    if spectrum.values[0] <= len(features) * ROUNDING**2 * (groups.mean @ groups.mean):
        raise Inapplicable("the features are the same for all samples")
    return float(spectrum.values.sum() / spectrum.values[0])
