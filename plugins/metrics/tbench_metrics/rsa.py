"""RSA: Dwivedi and Roig, Representation similarity analysis for efficient task taxonomy [...], CVPR 2019."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import kendalltau, pearsonr, spearmanr

from tbench.api import Inapplicable, Score, ScoreWarning, UsageError, evidence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tbench.api import FloatArray

ROUNDING = 1e-12  # relative size below which a difference is rounding noise
DECIMALS = 12  # of a correlation; what lies behind is noise, too
COMPARISONS: Mapping[str, Callable[..., Any]] = {"spearman": spearmanr, "kendall": kendalltau, "pearson": pearsonr}


@evidence(spares=lambda settings: ["seed"] if settings["samples"] is None else [])
def rsa(
    features: FloatArray,
    probe_features: FloatArray,
    seed: int | None,
    *,
    comparison: str = "spearman",
    samples: int | None = 500,
) -> Score:
    """Rank correlation of the dissimilarities between images, in the candidate and in a probe of the target; [-1, 1].

    features (N, D), probe_features (N, P). Two images are as dissimilar as 1 - the Pearson correlation of their rows,
    after the mean over images was taken off each column, as the authors' code (kshitijd20/RSA-CVPR19-release) does. An
    image whose row is then constant has no correlation: it is left out of both networks, which the term dropped and a
    ScoreWarning tell. Ties (to 12 decimals) have average ranks.

    comparison: spearman (the paper), kendall (tau-b) or pearson, over the pairs of images.
    samples: at most so many images, drawn with the seed; 500 in the paper; none takes all N, and N^2/2 pairs.

    Inapplicable with fewer than three such images, or where all pairs are equally dissimilar.
    """
    if comparison not in COMPARISONS:
        raise UsageError(f"rsa: unknown comparison {comparison!r}; it is {', '.join(COMPARISONS)}")
    if samples is not None and samples < 3:
        raise UsageError(f"rsa: samples must be at least 3 or none, not {samples}")
    drawn = np.arange(len(features))
    if samples is not None and samples < len(drawn):
        drawn = np.random.default_rng(seed).choice(drawn, samples, replace=False)
    networks = [_directions(rows[drawn]) for rows in (features, probe_features)]
    sound = networks[0][1] & networks[1][1]
    dropped = len(drawn) - int(sound.sum())
    if sound.sum() < 3:
        raise Inapplicable(f"{sound.sum()} images have rows that are not constant, in both networks; 3 are needed")
    if dropped:
        warnings.warn(
            f"rsa: {dropped} of {len(drawn)} images left out: their row is constant", ScoreWarning, stacklevel=2
        )
    pairs = np.triu_indices(int(sound.sum()), 1)
    # Rounded, so that dissimilarities that are equal by definition have equal ranks.
    one, other = (np.round(1 - (rows[sound] @ rows[sound].T)[pairs], DECIMALS) for rows, _ in networks)
    if min(np.ptp(one), np.ptp(other)) == 0:
        raise Inapplicable("all pairs of images are equally dissimilar")
    return Score(float(COMPARISONS[comparison](one, other)[0]), {"dropped": dropped})


def _directions(features: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Rows (N, D) whose inner products are the correlations of images, and (N,) which of them have any."""
    rows = features - features.mean(axis=0, dtype=np.float64)
    size = np.abs(features).max(axis=1).astype(np.float64)  # what is small beside this is rounding noise
    rows -= rows.mean(axis=1, keepdims=True)
    length = np.linalg.norm(rows, axis=1)
    sound = length > ROUNDING * size * np.sqrt(rows.shape[1])
    return rows / np.where(sound, length, 1)[:, None], sound
