"""ETran: Gholami et al., ETran: energy-based transferability estimation, ICCV 2023."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from tbench.api import EvidenceError, Inapplicable, SaturationWarning, Score, UsageError, evidence, published

if TYPE_CHECKING:
    from tbench.api import FloatArray, Pool

WEIGHTS = {"energy": 0.15, "classification": 0.85}  # in the authors' tw.py


def _spared(settings: Mapping[str, object]) -> Iterable[str]:
    energies = {"logits": "pool_energies", "features": "pool_feature_energies"}
    classifiers = {"lda": "pool_lda", "nearest-mean": "pool_nearest_mean"}
    chosen = (settings["energy"], settings["classifier"])
    return [name for word, name in (energies | classifiers).items() if word not in chosen]


@published("released", energy="features", classifier="nearest-mean", percent=0.5)
@evidence(across_layers=False, spares=_spared)
def etran(
    pool_energies: FloatArray | None,
    pool_feature_energies: FloatArray | None,
    pool_lda: FloatArray | None,
    pool_nearest_mean: FloatArray | None,
    pool_place: int,
    *,
    energy: str = "logits",
    classifier: str = "lda",
    percent: float = 100.0,
    tail: str = "bottom",
) -> Score:
    """0.15 of the mean energy plus 0.85 of the mean probability of the own class, each scaled to [0, 1] over the pool.

    pool_energies (C, N): of each of C candidates on each image, log-sum-exp of its logits; pool_lda (C,): of each the
    mean probability of the own class. A row of NaN is a candidate that has none, such as one without a head for source
    classes: it is left out of the pool, the others are scaled over those that have both, and its own score is
    Inapplicable. One candidate more or less changes the score of all, so it compares within one target and pool; the
    width of a network and the size of its logits, which training chooses, are part of it. In [0, 1].

    energy: logits, or features (pool_feature_energies), log-sum-exp of the features themselves.
    classifier: lda, a linear discriminant regularised as in the authors' code, solved properly; or nearest-mean
        (pool_nearest_mean, the metric of that name): their symmetric eigensolver is given a matrix that is not
        symmetric, and what is left are unit spheres round class means, which depend on the scale of the features.
    percent, tail: the mean is over so many of the images, those with the lowest values (bottom) or the highest (top);
        rounded towards fewer for the lowest and more for the highest, as in their code.

    as=released follows mgholamikn/ETran as its driver calls it: energies of features, not logits, of the lowest 0.5 %,
    which is no image of fewer than 200 (NaN there, Inapplicable here), and nearest-mean.

    Terms, before they are scaled: `energy`, `classification`; and `candidates`, how many the pool has. Where all of
    them agree in one of the two, only the other counts, with a SaturationWarning; the authors' code divides by zero.
    """
    if energy not in ("logits", "features") or classifier not in ("lda", "nearest-mean"):
        wrong = f"energy {energy!r} and classifier {classifier!r}"
        raise UsageError(f"etran: {wrong} must be logits or features, and lda or nearest-mean")
    if not 0 < percent <= 100 or tail not in ("bottom", "top"):
        raise UsageError(f"etran: percent={percent} must be above 0 and at most 100, and tail={tail!r} bottom or top")
    energies = np.asarray(pool_energies if energy == "logits" else pool_feature_energies, dtype=np.float64)
    posteriors = np.asarray(pool_lda if classifier == "lda" else pool_nearest_mean, dtype=np.float64)
    if energies.ndim != 2 or posteriors.shape != energies.shape[:1]:
        told = f"{energies.shape} and {posteriors.shape}"
        raise EvidenceError(f"etran takes energies (C, N) and probabilities (C,) of one pool; these are {told}")
    parts = np.stack([_mean(energies, percent, tail), posteriors], axis=1)
    place = _place(parts, pool_place)
    scaled = _scaled(parts, place)
    terms = dict(zip(WEIGHTS, map(float, parts[place]), strict=True))
    count = float(np.isfinite(parts).all(axis=1).sum())
    return Score(float(scaled @ [*WEIGHTS.values()]), terms | {"candidates": count}, WEIGHTS)


def _mean(energies: FloatArray, percent: float, tail: str) -> FloatArray:
    """(C,) over so many of the images."""
    images = energies.shape[1]
    wanted = Fraction(str(percent)) * images / 100
    count = floor(wanted) if tail == "bottom" else ceil(wanted)
    if not count:
        raise Inapplicable(f"{percent} % of {images} images is none; give a larger percent")
    ordered = np.sort(energies, axis=1)
    chosen = ordered[:, :count] if tail == "bottom" else ordered[:, images - count :]
    return np.asarray(chosen.mean(axis=1))


def _place(parts: FloatArray, pool_place: int) -> int:
    place = int(pool_place)
    if place != pool_place or not 0 <= place < len(parts):
        raise EvidenceError(f"pool_place {pool_place} is no candidate of the pool, which has {len(parts)}")
    if np.isinf(parts).any():
        raise EvidenceError("energies or probabilities of the pool are infinite")
    if np.isnan(parts[place]).any():
        raise Inapplicable("the candidate has no energy or no classifier, such as for want of a head")
    return place


def _scaled(parts: FloatArray, place: int) -> FloatArray:
    """One candidate's, to [0, 1] over the candidates that have all parts; 0 where these agree."""
    known = parts[np.isfinite(parts).all(axis=1)]
    lowest, spread = known.min(axis=0), np.ptp(known, axis=0)
    if not spread.any():
        raise Inapplicable("all candidates of the pool that have both parts agree in them")
    if not spread.all():
        warnings.warn("etran: all candidates agree in one of the parts", SaturationWarning, stacklevel=3)
    return np.asarray(np.divide(parts[place] - lowest, spread, out=np.zeros_like(spread), where=spread > 0))


def energies(source_logits: NDArray[Any]) -> FloatArray:
    """(N,) log-sum-exp of what the candidate's own head says of each of the target's training images."""
    return np.asarray(logsumexp(np.asarray(source_logits, dtype=np.float64), axis=1))


def feature_energies(features: NDArray[Any]) -> FloatArray:
    """(N,) log-sum-exp of the features of each of the target's training images."""
    return np.asarray(logsumexp(np.asarray(features, dtype=np.float64), axis=1))


def pool_energies(pool_of_energies: Pool) -> FloatArray:
    """(C, N) log-sum-exp of each candidate's logits on each image; NaN for candidates without a head."""
    return pool_of_energies.known()


def pool_feature_energies(pool_of_feature_energies: Pool) -> FloatArray:
    """(C, N) log-sum-exp of each candidate's features on each image."""
    return pool_of_feature_energies.known()


def pool_lda(pool_of_lda_posterior: Pool) -> FloatArray:
    """(C,) each candidate's mean probability of the own class by a linear discriminant; NaN where it has none."""
    return pool_of_lda_posterior.known()


def pool_nearest_mean(pool_of_nearest_mean_posterior: Pool) -> FloatArray:
    """(C,) the same by the nearest class mean."""
    return pool_of_nearest_mean_posterior.known()
