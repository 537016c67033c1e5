"""H-score: Bao et al., An information-theoretic approach to transferability in task transfer learning, ICIP 2019."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from tbench.api import Inapplicable, SaturationWarning, UsageError, published

if TYPE_CHECKING:
    from tbench.api import Moments, Spectrum

ROUNDING = 1e-12  # relative size below which a difference is rounding noise


@published("bao", rcond=1e-10)
@published("tllib", rcond=1e-15)
@published("pactran", ridge=1e-6, rcond=0.0)
def hscore(
    moments: Moments,
    spectrum: Spectrum,
    *,
    dims: int | None = None,
    rcond: float | None = None,
    ridge: float = 0.0,
) -> float:
    """tr(cov(f)^+ cov(E[f|y])): how much of the features' variance, all directions alike, the classes explain.

    In [0, min(K-1, D)]; invariant to every invertible affine map of the features. With N - 1 <= D samples the value is
    K-1 whatever the features, unless samples coincide: SaturationWarning.

    dims: keep so many principal components, to avoid that (dbolya/parc has the option); none keeps all.
    rcond: leave out directions whose eigenvalue is at most this share of the largest; none: 10 max(N, D) times the
        floating-point epsilon. The authors' code (YaojieBao/An-Information-theoretic-Metric-of-Transferability; preset
        bao) has 1e-10. thuml's Transfer-Learning-Library (tllib), dbolya/parc and Model Spider have 1e-15, which lies
        within rounding: where columns are constant, their value is chance. google-research/stable_transfer has 1e-5,
        but multiplies the two covariances entry by entry, which is no H-score.
    ridge: added to each eigenvalue of the scatter sum_i (f_i - mean)(f_i - mean)^T; google-research/pactran_metrics
        (pactran) has 1e-6, and minus the score.
    """
    if dims is not None and dims < 1:
        raise UsageError(f"hscore: dims={dims} must be positive, or none")
    if not ridge >= 0 or (rcond is not None and not 0 <= rcond < 1):
        raise UsageError(f"hscore: ridge={ridge} must not be negative, and rcond={rcond} be in [0, 1), or none")
    if len(moments.counts) == 1:
        raise Inapplicable("one class")
    if spectrum.values[0] <= moments.samples * ROUNDING**2 * (moments.mean @ moments.mean):
        raise Inapplicable("the features are the same for all samples")
    columns = min(dims or len(moments.mean), len(moments.mean))
    if moments.samples - 1 <= columns:
        message = f"hscore: {moments.samples} samples are too few for {columns} columns; any features give about K-1"
        warnings.warn(message, SaturationWarning, stacklevel=2)
    values = spectrum.values
    sound = spectrum.sound(moments.samples) if rcond is None else values > rcond * values[0]
    kept = min(int(sound.sum()), columns)
    projected = moments.offsets @ spectrum.vectors[:, :kept]
    return float((moments.counts @ projected**2 / (values[:kept] + ridge)).sum())  # tr(S_T^+ S_B)
