"""NCTI: Wang et al., How far pre-trained models are from neural collapse [...], ICCV 2023."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.special import softmax

from tbench.api import EvidenceError, Inapplicable, SaturationWarning, Score, UsageError, evidence, published

if TYPE_CHECKING:
    from tbench.api import FloatArray, IntArray, Moments, Pool, Spectrum

COMPONENTS = 64  # principal ones that are kept
COUNTED = 32  # of these, whose variances decide on the regularisation
LEAST_SHRINKAGE = 1e-10  # at which the discriminant is not regularised at all
TOLERANCE = 1e-4  # scikit-learn's, of singular values of the standardised samples
WEIGHTS = {"nuclear norm": 1.0, "posterior": 1.0, "log class norm": -1.0}  # of what is scaled over the pool
ROUNDING = 1e-12  # relative size below which a difference is rounding noise


def _spared(settings: Mapping[str, object]) -> Iterable[str]:
    return ["pool_ncti" if settings["divide"] == "samples" else "pool_ncti_by_samples"]


@published("sklearn-1.9", divide="samples")
@evidence(spares=_spared)
def ncti(
    pool_ncti: FloatArray | None, pool_ncti_by_samples: FloatArray | None, pool_place: int, *, divide: str = "freedom"
) -> Score:
    """How near the classes have collapsed to their means: three signs of it, each scaled to [0, 1] over the pool.

    scaled(a) + scaled(b) - scaled(c), in [-1, 2], of each candidate's three numbers, pool_ncti (C, 3): a, the nuclear
    norm of the samples in the plane of a linear discriminant; b, the mean probability of the own class; c, the log of
    the sum over classes of the nuclear norms of their samples' probabilities. A row of NaN is a candidate that has
    none: it is left out of the pool, the others are scaled without it, and its own score is Inapplicable. One
    candidate more or less changes the score of all, so it compares within one target and pool.

    divide: the scatter within classes, which is of size 1 in the plane, is over the degrees of freedom, N - K
        (freedom), as scikit-learn had it when the paper was written, or over N (samples; pool_ncti_by_samples), as it
        has it since 1.9: the authors' code (BUserName/NCTI) gives the one or the other with the library that it finds.

    Terms, before they are scaled: `nuclear norm`, `posterior`, `log class norm`; and `candidates`, how many the pool
    has. Where all candidates agree in one of the three, only the others count, with a SaturationWarning; the authors'
    code divides by zero.
    """
    if divide not in ("freedom", "samples"):
        raise UsageError(f"ncti: unknown divide {divide!r}; it is freedom or samples")
    parts = np.asarray(pool_ncti if divide == "freedom" else pool_ncti_by_samples, dtype=np.float64)
    if parts.ndim != 2 or parts.shape[1] != 3:
        raise EvidenceError(f"ncti takes three numbers for each candidate of a pool, (C, 3); these are {parts.shape}")
    place = _place(parts, pool_place)
    scaled = _scaled(parts, place)
    terms = dict(zip(WEIGHTS, map(float, parts[place]), strict=True))
    count = float(np.isfinite(parts).all(axis=1).sum())
    return Score(float(scaled @ [*WEIGHTS.values()]), terms | {"candidates": count}, WEIGHTS)


def _place(parts: FloatArray, pool_place: int) -> int:
    place = int(pool_place)
    if place != pool_place or not 0 <= place < len(parts):
        raise EvidenceError(f"pool_place {pool_place} is no candidate of the pool, which has {len(parts)}")
    if np.isinf(parts).any():
        raise EvidenceError("numbers of the pool are infinite")
    if np.isnan(parts[place]).any():
        raise Inapplicable("the candidate has no linear discriminant of the target")
    return place


def _scaled(parts: FloatArray, place: int) -> FloatArray:
    """One candidate's, to [0, 1] over the candidates that have all parts; 0 where these agree."""
    known = parts[np.isfinite(parts).all(axis=1)]
    lowest, spread = known.min(axis=0), np.ptp(known, axis=0)
    if not spread.any():
        raise Inapplicable("all candidates of the pool that have a discriminant agree in all three parts")
    if not spread.all():
        warnings.warn("ncti: all candidates agree in one of the parts", SaturationWarning, stacklevel=3)
    return np.asarray(np.divide(parts[place] - lowest, spread, out=np.zeros_like(spread), where=spread > 0))


def pool_ncti(pool_of_ncti_parts: Pool) -> FloatArray:
    """(C, 3) each candidate's signs of collapse; NaN where it has none."""
    return pool_of_ncti_parts.known()[:, 0]


def pool_ncti_by_samples(pool_of_ncti_parts: Pool) -> FloatArray:
    """(C, 3) the same where the scatter within classes is divided by N."""
    return pool_of_ncti_parts.known()[:, 1]


@evidence(touches=["target training"])
def ncti_parts(features: NDArray[Any], labels: IntArray, moments: Moments, spectrum: Spectrum) -> FloatArray:
    """(2, 3) nuclear norm, posterior and log class norm; scatter within classes over N - K, and over N.

    Of the first 64 principal components, or of all directions that are more than rounding noise where there are fewer:
    the authors' code refuses fewer than 64 columns or samples, and where the features lie in fewer directions its
    value is chance. t = exp(-variance in the first 32) shrinks the discriminant, and at 1e-10 or less nothing does;
    only then the divisor makes a difference.
    """
    if len(moments.counts) == 1:
        raise Inapplicable("one class")
    size = moments.total.trace + moments.samples * (moments.mean @ moments.mean)
    if moments.within.trace <= ROUNDING**2 * size:
        raise Inapplicable("no class has two different samples")
    kept = min(COMPONENTS, int(spectrum.sound(moments.samples).sum()))
    total, axes = spectrum.values[:kept], spectrum.vectors[:, :kept]
    means = moments.offsets @ axes
    within = axes.T @ moments.within.times(axes)
    rows = (features - moments.mean) @ axes
    shrinkage = float(np.exp(-total[:COUNTED].sum() / (moments.samples - 1)))
    samples, classes = moments.samples, len(moments.counts)
    if shrinkage > LEAST_SHRINKAGE:
        directions = _shrunk(total / samples, within / samples, shrinkage)
        plane = directions[:, : classes - 1]
        norm = np.sqrt(np.linalg.eigvalsh((plane.T * total) @ plane).clip(min=0)).sum()
        found = [_parts(float(norm), rows @ directions, means @ directions, labels, moments.counts)]
        return np.array(found * 2)
    whitening = _whitening(within)
    ratios = _ratios(means @ whitening, moments.counts)
    found = []
    for divisor in (samples - classes, samples):
        scale = np.sqrt(divisor)
        # In the plane the scatters are diagonal, I within and the ratios between, times the divisor.
        norm = scale * np.sqrt(1 + ratios).sum()
        found.append(
            _parts(float(norm), scale * (rows @ whitening), scale * (means @ whitening), labels, moments.counts)
        )
    return np.array(found)


def _parts(
    norm: float, rows: FloatArray, means: FloatArray, labels: IntArray, counts: IntArray
) -> tuple[float, float, float]:
    """Of rows (N, M) and class means (K, M) that are white within classes."""
    offsets = np.log(counts / counts.sum()) - (means**2).sum(axis=1) / 2
    table = softmax(rows @ means.T + offsets, axis=1)
    own = float(np.take_along_axis(table, labels[:, None], axis=1).mean())
    classes = sum(float(np.linalg.norm(table[labels == c], ord="nuc")) for c in range(len(counts)))
    return norm, own, float(np.log(classes))


def _shrunk(total: FloatArray, within: FloatArray, shrinkage: float) -> FloatArray:
    """Directions (M, M) that whiten the shrunk covariance within classes, the most discriminating ones first."""
    sphere = shrinkage * np.trace(within) / len(within)
    inner = (1 - shrinkage) * within + sphere * np.eye(len(within))
    outer = (1 - shrinkage) * np.diag(total) + shrinkage * total.mean() * np.eye(len(total))
    return np.asarray(eigh(outer - inner, inner)[1][:, ::-1])


def _whitening(within: FloatArray) -> FloatArray:
    """(M, R) directions that turn the scatter within classes into I; those in which it has none are left out."""
    spread = np.sqrt(np.diag(within))
    varies = spread > 0
    units = np.divide(1, spread, out=np.zeros_like(spread), where=varies)
    values, vectors = np.linalg.eigh(units[:, None] * within * units)
    kept = values > TOLERANCE**2
    return np.asarray(units[:, None] * vectors[:, kept] / np.sqrt(values[kept]))


def _ratios(means: FloatArray, counts: IntArray) -> FloatArray:
    """Eigenvalues of the scatter between classes, K - 1 of them at most."""
    roots = np.linalg.svd(np.sqrt(counts)[:, None] * means, compute_uv=False)[: len(counts) - 1]
    return np.asarray(roots[roots > TOLERANCE * roots[0]] ** 2)
