"""DEPARA: Song et al., DEPARA: deep attribution graph for deep knowledge transferability, CVPR 2020."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import spearmanr

from tbench.api import EvidenceError, Inapplicable, Score, ScoreWarning, UsageError, evidence, published

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from tbench.api import FloatArray

ROUNDING = 1e-12  # relative size below which a difference is rounding noise
DECIMALS = 12  # of a cosine; what lies behind is noise, too


def _spared(settings: Mapping[str, object]) -> Iterable[str]:
    if settings["samples"] is None:
        yield "seed"
    if not settings["accumulated"]:
        yield "earlier_attributions"


@published("authors-layers", accumulated=True)
@published("authors-tasks", accumulated=True, centred=True, signed=True, samples=1000)
@evidence(spares=_spared)
def depara(
    features: FloatArray,
    probe_features: FloatArray,
    attributions: FloatArray,
    probe_attributions: FloatArray,
    earlier_attributions: FloatArray | None,
    seed: int | None,
    *,
    edges: float = 1.0,
    centred: bool = False,
    signed: bool = False,
    accumulated: bool = False,
    samples: int | None = 200,
) -> Score:
    """How alike the attribution graphs of the candidate and of a probe of the target are: nodes + edges x weight.

    features (N, D) and probe_features (N, P) give the edges: cosines between images, compared by Spearman's rank
    correlation over pairs (ties, to 12 decimals, have average ranks). attributions and probe_attributions, (N, I) or
    (N, C, ...) with channels second, gradient times input, give the nodes: the mean over images of the cosine between
    both maps. Both networks must have read input of one size. Terms: nodes, edges, and blank, the share of images of
    which one map is zero everywhere: their cosine counts as 0, and a ScoreWarning tells. So do rows of features that
    are zero.

    edges: the weight of the edges; the authors tune it for each set of images (0.25, 0.03 and 0.27).
    centred: take the mean over images off the features first.
    signed: average maps over channels as they are, and not their absolute values.
    accumulated: add earlier_attributions (L, N, ...), of the L >= 0 layers (and networks) that were differentiated
        before. In the authors' code gradients of the input are never cleared, so that the map of a layer is this sum.
    samples: at most so many images, drawn with the seed; the authors take 200 for layers and 1,000 for tasks; none
        takes all N.

    as=authors-layers and as=authors-tasks follow the two programs of zju-vipa/DEPARA, but for the weight of the edges
    and for ties, which these break by position.

    Inapplicable with fewer than three images, or where all edges of a network are equal.
    """
    if not edges >= 0:
        raise UsageError(f"depara: edges must be at least 0, not {edges}")
    if samples is not None and samples < 3:
        raise UsageError(f"depara: samples must be at least 3 or none, not {samples}")
    if earlier_attributions is not None:
        if earlier_attributions.shape[1:] != attributions.shape:
            told = f"{earlier_attributions.shape}, attributions {attributions.shape}"
            raise EvidenceError(f"earlier_attributions {told}; give an array like the latter for each earlier layer")
        attributions = attributions + earlier_attributions.sum(axis=0, dtype=np.float64)
    drawn = np.arange(len(features))
    if samples is not None and samples < len(drawn):
        drawn = np.random.default_rng(seed).choice(drawn, samples, replace=False)
    if len(drawn) < 3:
        raise Inapplicable(f"{len(drawn)} images; 3 are needed")
    graph, probe_graph = (_edges(rows[drawn], centred) for rows in (features, probe_features))
    if min(np.ptp(graph), np.ptp(probe_graph)) == 0:
        raise Inapplicable("all edges of a network are equal")
    maps, probe_maps = (_maps(array[drawn], signed) for array in (attributions, probe_attributions))
    if maps.shape != probe_maps.shape:
        told = f"{maps.shape[1]} and {probe_maps.shape[1]} inputs"
        raise EvidenceError(f"attributions and probe_attributions are maps of {told}; show both networks the same size")
    one, other = _units(maps), _units(probe_maps)
    blank = float((~one.any(axis=1) | ~other.any(axis=1)).mean())
    if blank:
        warnings.warn(
            f"depara: {blank:.0%} of the images have a map of zeros, alike to nothing", ScoreWarning, stacklevel=2
        )
    nodes = float(np.einsum("ni,ni->", one, other) / len(drawn))
    agreement = float(spearmanr(graph, probe_graph)[0])
    return Score(nodes + edges * agreement, {"nodes": nodes, "edges": agreement, "blank": blank})


def _edges(features: FloatArray, centred: bool) -> FloatArray:
    """The cosines (N (N - 1) / 2,) between images."""
    rows = np.asarray(features, dtype=np.float64)
    if centred:
        size = np.linalg.norm(rows, axis=1)
        rows = rows - rows.mean(axis=0)
        rows[np.linalg.norm(rows, axis=1) <= ROUNDING * size] = 0
    units = _units(rows)
    return np.asarray(np.round((units @ units.T)[np.triu_indices(len(units), 1)], DECIMALS))


def _maps(attributions: NDArray[np.floating], signed: bool) -> FloatArray:
    """(N, I): the mean over channels, where there are any."""
    maps = np.asarray(attributions, dtype=np.float64)
    maps = maps if signed else np.abs(maps)
    return maps if maps.ndim == 2 else maps.mean(axis=1).reshape(len(maps), -1)


def _units(rows: FloatArray) -> FloatArray:
    """Rows of length 1; rows of zeros stay so."""
    length = np.linalg.norm(rows, axis=1)
    return np.asarray(rows * np.divide(1, length, out=np.zeros_like(length), where=length > 0)[:, None])
