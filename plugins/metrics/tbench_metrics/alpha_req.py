"""alpha-ReQ: Agrawal et al., alpha-ReQ: assessing representation quality [...] eigenspectrum decay, NeurIPS 2022."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tbench.api import Inapplicable, Score, UsageError

if TYPE_CHECKING:
    from tbench.api import Moments, Spectrum

ROUNDING = 1e-12  # relative size below which a difference is rounding noise


def alpha_req(
    features: NDArray[Any], groups: Moments, spectrum: Spectrum, *, first: int = 4, last: int | None = 100
) -> Score:
    """Minus the distance from 1 of the exponent alpha by which the eigenvalues of the covariance decay; at most 0.

    features (N, D). alpha is the slope, sign turned, of log eigenvalue against log rank (1, 2, ...) by
    least squares with weights 1 / rank. The paper finds alpha near 1 to be best and has no score; minus |alpha - 1| is
    ours, the term `alpha` is theirs. It looks at no label, which the spectrum is only handed together with. Invariant
    to translation, rotation and scale.

    first, last: the ranks that the line is fitted to, or last=none to the end. The paper fits all eigenvalues and does
        not tell of weights; those, and ranks 4 to 100, are those of the authors' code for ImageNet
        (kumarkrishna/fastssl, after MouseLand/stringer-pachitariu-et-al-2018b). Ranks that the spectrum has not, or
        has as rounding noise alone, are left out.

    Inapplicable where fewer than three eigenvalues are left, or where the features are the same for all samples.
    """
    if first < 1 or (last is not None and last < first + 2):
        raise UsageError(f"alpha-req: first={first} must be at least 1, and last={last} at least {first + 2}, or none")
    if spectrum.values[0] <= len(features) * ROUNDING**2 * (groups.mean @ groups.mean):
        raise Inapplicable("the features are the same for all samples")
    values = spectrum.values[spectrum.sound(len(features))][first - 1 : last]
    if len(values) < 3:
        raise Inapplicable(
            f"a line through eigenvalues from rank {first} on needs three of them; {len(values)} are left"
        )
    ranks = np.arange(first, first + len(values))
    weights = 1 / ranks
    away = -np.log(ranks) + np.average(np.log(ranks), weights=weights)
    alpha = float((weights * away) @ np.log(values) / ((weights * away) @ away))
    return Score(-abs(alpha - 1), {"alpha": alpha})
