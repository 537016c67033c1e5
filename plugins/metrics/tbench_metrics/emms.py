"""EMMS: Meng et al., Foundation model is efficient multimodal multitask model selector, NeurIPS 2023."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from tbench.api import EvidenceError, SaturationWarning, Score, UsageError, evidence, published

if TYPE_CHECKING:
    from tbench.api import FloatArray

EPS = 1e-8  # added to standard deviations


@published("authors", residual="times-width")
@evidence(touches=["target training"])
def emms(features: FloatArray, label_embeddings: FloatArray, *, rounds: int = 1, residual: str = "mean") -> Score:
    """Minus the squared residual of a linear map from features to a mixture of several embeddings of the labels.

    features (N, D); label_embeddings (K, N, E), what K foundation models (CLIP, BERT, GPT-2 in the paper) make of the
    text of each sample's label. At most 0. Columns of both are standardised. The mixture starts even; a round fits the
    map to it by least squares, and then its weights to what the map says: least squares again, projected to the
    simplex (sparsemax). No intercept is needed. Terms: the weights, weight_1 to weight_K.

    With N - 1 independent columns the map meets any embedding and the score is 0 for every candidate:
    SaturationWarning.

    rounds: the paper goes on until the weights rest; the authors' code stops after one.
    residual: mean over samples and columns (paper), or times-width, the sum over N times E instead of over N E, which
        is what the precedence of operators makes of it in OpenGVLab/Multitask-Model-Selector (preset authors).
        Candidates on one target rank alike. That code standardises the caller's embeddings in place; here they stay
        as they are.
    """
    if rounds < 1:
        raise UsageError(f"emms: rounds must be at least 1, not {rounds}")
    if residual not in ("mean", "times-width"):
        raise UsageError(f"emms: unknown residual {residual!r}; it is mean or times-width")
    count, samples, width = label_embeddings.shape
    if samples != len(features):
        raise EvidenceError(
            f"label_embeddings of {samples} samples, features of {len(features)}; give one row for each"
        )
    rows = _standardised(features)
    embeddings = np.stack([_standardised(one) for one in label_embeddings])
    stacked = embeddings.reshape(count, -1).T  # (N E, K)
    weights = np.full(count, 1 / count)
    for _ in range(rounds):
        slopes, _, rank, _ = np.linalg.lstsq(rows, _mixed(weights, embeddings), rcond=None)
        said = rows @ slopes
        weights = sparsemax(np.asarray(np.linalg.lstsq(stacked, said.ravel(), rcond=None)[0], dtype=np.float64))
    if rank >= samples - 1:
        message = f"emms: {samples} samples are too few for {rank} independent columns, which meet any embedding"
        warnings.warn(message, SaturationWarning, stacklevel=2)
    squares = float(((said - _mixed(weights, embeddings)) ** 2).sum() / samples)
    value = -(squares / width if residual == "mean" else squares * width)
    return Score(value, {f"weight_{k}": float(weight) for k, weight in enumerate(weights, 1)})


def sparsemax(scores: FloatArray) -> FloatArray:
    """(K,) the point of the probability simplex nearest to scores (K,); Martins, Astudillo, ICML 2016."""
    descending = np.sort(scores)[::-1]
    excess = np.cumsum(descending) - 1
    ranks = np.arange(1, len(scores) + 1)
    kept = int(np.flatnonzero(ranks * descending > excess)[-1])
    return np.asarray(np.maximum(scores - excess[kept] / ranks[kept], 0.0))


def _standardised(rows: FloatArray) -> FloatArray:
    centred = rows - rows.mean(axis=0, dtype=np.float64)
    return np.asarray(centred / (centred.std(axis=0) + EPS))


def _mixed(weights: FloatArray, embeddings: FloatArray) -> FloatArray:
    return np.asarray(np.tensordot(weights, embeddings, axes=1))
