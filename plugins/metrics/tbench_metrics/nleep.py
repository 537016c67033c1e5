"""N-LEEP: Li et al., Ranking neural checkpoints, CVPR 2021."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from tbench.api import Inapplicable, SaturationWarning, UsageError, class_labels, evidence

if TYPE_CHECKING:
    from tbench.api import FloatArray, IntArray, Spectrum


ROUNDING = 1e-12  # relative size below which a difference is rounding noise


@evidence(touches=["randomness"])
def nleep(
    features: FloatArray,
    labels: IntArray,
    spectrum: Spectrum,
    seed: int,
    *,
    log: bool = True,
    ratio: int = 5,
    energy: float = 0.8,
) -> float:
    """LEEP whose source classes are the components of a Gaussian mixture fitted to the features; at most 0.

    features (N, D), labels (N,). The features are reduced by PCA, the mixture (full covariances, scikit-learn's
    defaults) has `ratio` components per class, at most N/2 in all. The seed matters: on small sets another one moves
    the score by several per cent, so compare several seeds before reading much into a difference.

    log: false takes the mean likelihood instead of its logarithm, as the repositories of SFDA and PED do.
    ratio: mixture components per class. 5 in SFDA, PED and stable_transfer; 1 in SFDA and PED for Food-101 and Pets.
    energy: keep the first principal components whose share of the variance exceeds this; 0.8 in all code bases.
    """
    if ratio < 1 or not 0 < energy <= 1:
        raise UsageError(f"nleep: ratio must be at least 1 and energy in (0, 1], not {ratio} and {energy}")
    own = class_labels(labels)
    classes, samples = int(own.max()) + 1, len(own)
    if classes == 1:
        return 0.0 if log else 1.0
    mean = features.mean(axis=0, dtype=np.float64)
    total = spectrum.values.sum()
    if total <= samples * ROUNDING**2 * (mean @ mean):
        raise Inapplicable("the features are the same for all samples")
    kept = int(np.searchsorted(np.cumsum(spectrum.values) / total, energy, side="right")) + 1
    wanted = ratio * classes
    components = min(wanted, max(samples // 2, 1))
    if components < wanted:
        message = f"nleep: {components} mixture components instead of {wanted}, as there are only {samples} samples"
        warnings.warn(message, SaturationWarning, stacklevel=2)
    posterior = _posterior((features - mean) @ spectrum.vectors[:, :kept], components, seed)  # P(z | x)

    mass = np.stack([posterior[own == c].sum(axis=0) for c in range(classes)])  # N P(y, z)
    marginal = mass.sum(axis=0)
    conditional = np.divide(mass, marginal, out=np.zeros_like(mass), where=marginal > 0)  # P(y | z)
    likelihood = np.take_along_axis(posterior @ conditional.T, own[:, None], axis=1)
    if likelihood.min() > 1 - 1e-9:
        warnings.warn("nleep: every mixture component holds one class only", SaturationWarning, stacklevel=2)
    return float(np.log(likelihood).mean() if log else likelihood.mean())


def _posterior(scores: FloatArray, components: int, seed: int) -> FloatArray:
    """(N, components) membership probabilities."""
    mixture = GaussianMixture(n_components=components, covariance_type="full", random_state=seed % 2**32)
    with warnings.catch_warnings():
        # The score is defined by at most 100 steps from this start, converged or not; repeated samples may leave
        # k-means with fewer centres than components, which is no fault either.
        warnings.simplefilter("ignore", ConvergenceWarning)
        mixture.fit(scores)
    posterior: FloatArray = mixture.predict_proba(scores)
    return posterior
