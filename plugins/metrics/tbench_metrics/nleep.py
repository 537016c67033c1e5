"""N-LEEP: Li et al., Ranking neural checkpoints, CVPR 2021."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from tbench.api import (
    Inapplicable,
    SaturationWarning,
    Score,
    ScoreWarning,
    UsageError,
    class_labels,
    evidence,
    published,
)

if TYPE_CHECKING:
    from tbench.api import FloatArray, IntArray, Spectrum


ROUNDING = 1e-12  # relative size below which a difference is rounding noise


@published("sfda", log=False, ratio=5)
@published("sfda-food", log=False, ratio=1)
@published("pactran", components="pactran")
@evidence(touches=["target training"])
def nleep(
    features: FloatArray,
    labels: IntArray,
    spectrum: Spectrum,
    seed: int,
    *,
    log: bool = True,
    components: int | str = "per-class",
    ratio: int = 5,
    energy: float = 0.8,
    repeats: int = 1,
) -> Score:
    """LEEP whose source classes are the components of a Gaussian mixture fitted to the features; at most 0.

    features (N, D), labels (N,). The features are reduced by PCA, the mixture (full covariances, scikit-learn's
    defaults) has `ratio` components per class, at most N/2 in all. The seed matters: on small sets another one moves
    the score by several per cent, so repeat before reading much into a difference. A mixture that has not converged
    after 100 steps: SaturationWarning, and the term converged is 0.

    log: false takes the mean likelihood instead of its logarithm, as the repositories of SFDA and PED do.
    components: per-class (ratio times the number of classes K); pactran, max(min(K, N/5), N/10), rounded down, as
        google-research/pactran_metrics; or a number.
    ratio: mixture components per class. 5 in SFDA, PED and stable_transfer; 1 in SFDA and PED for Food-101 and Pets.
    energy: keep the first principal components whose share of the variance exceeds this; 0.8 in all code bases.
    repeats: the mean over so many fits, with the seeds seed, seed + 1, ...; beyond one, their standard deviation is
        told as the term sd.

    as=sfda follows TencentARC/SFDA and lixiaotong97/PED, as=sfda-food the same on Food-101 and Pets, as=pactran
    google-research/pactran_metrics (which turns the sign round). All of them leave the seed to NumPy's global state.
    """
    if ratio < 1 or not 0 < energy <= 1 or repeats < 1:
        raise UsageError(
            f"nleep: ratio and repeats must be at least 1 and energy in (0, 1], not {ratio}, {repeats} and {energy}"
        )
    own = class_labels(labels)
    classes, samples = int(own.max()) + 1, len(own)
    wanted = _wanted(components, ratio, classes, samples)
    mean = features.mean(axis=0, dtype=np.float64)
    total = spectrum.values.sum()
    if classes > 1 and total <= samples * ROUNDING**2 * (mean @ mean):
        raise Inapplicable("the features are the same for all samples")
    converged = True
    if classes == 1:
        values = np.full(repeats, 0.0 if log else 1.0)
    else:
        fitted = min(wanted, max(samples // 2, 1))
        if fitted < wanted:
            message = f"nleep: {fitted} mixture components instead of {wanted}, as there are only {samples} samples"
            warnings.warn(message, ScoreWarning, stacklevel=2)
        kept = int(np.searchsorted(np.cumsum(spectrum.values) / total, energy, side="right")) + 1
        scores = (features - mean) @ spectrum.vectors[:, :kept]
        mixtures = [_mixture(scores, fitted, seed + i) for i in range(repeats)]
        if not (converged := all(mixture.converged_ for mixture in mixtures)):
            warnings.warn("nleep: the mixture did not converge", SaturationWarning, stacklevel=2)
        likelihoods = [_likelihood(mixture.predict_proba(scores), own) for mixture in mixtures]
        if min(likelihood.min() for likelihood in likelihoods) > 1 - 1e-9:
            warnings.warn("nleep: every mixture component holds one class only", SaturationWarning, stacklevel=2)
        values = np.array([np.log(likelihood).mean() if log else likelihood.mean() for likelihood in likelihoods])
    spread = {"sd": float(values.std(ddof=1)), "fits": float(repeats)} if repeats > 1 else {}
    return Score(float(values.mean()), spread | {"converged": float(converged)})


def _wanted(components: int | str, ratio: int, classes: int, samples: int) -> int:
    if components == "per-class":
        return ratio * classes
    if components == "pactran":
        return max(min(classes, samples // 5), samples // 10, 1)
    if isinstance(components, int) and components >= 1:
        return components
    raise UsageError(f"nleep: components must be per-class, pactran or a number from 1, not {components!r}")


def _likelihood(posterior: FloatArray, own: IntArray) -> FloatArray:
    """(N,) sum over components z of P(y_i | z) P(z | x_i), from the posterior P(z | x) (N, components)."""
    mass = np.stack([posterior[own == c].sum(axis=0) for c in range(own.max() + 1)])  # N P(y, z)
    marginal = mass.sum(axis=0)
    conditional = np.divide(mass, marginal, out=np.zeros_like(mass), where=marginal > 0)  # P(y | z)
    return np.take_along_axis(posterior @ conditional.T, own[:, None], axis=1)[:, 0]


def _mixture(scores: FloatArray, components: int, seed: int) -> GaussianMixture:
    mixture = GaussianMixture(n_components=components, covariance_type="full", random_state=seed % 2**32)
    with warnings.catch_warnings():
        # Told in our words; repeated samples may leave k-means with fewer centres than components, which is no fault.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return mixture.fit(scores)
