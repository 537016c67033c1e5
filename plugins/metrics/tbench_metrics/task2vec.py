"""Task2Vec: Achille et al., Task2Vec: task embedding for meta-learning, ICCV 2019."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import distance as vectors
from scipy.special import entr

from tbench.api import EvidenceError, Inapplicable, Score, UsageError

if TYPE_CHECKING:
    from tbench.api import FloatArray

EPS = 1e-8  # in the share of two Fishers, in the authors' code
DISTANCES = (
    *("cosine", "normalized_cosine", "correlation", "entropy"),
    *("kl", "asymmetric_kl", "jsd", "asymmetric_cosine"),
)


def task2vec(
    task_embedding: FloatArray,
    source_embedding: FloatArray,
    *,
    distance: str = "cosine",
    scale: float = 1.0,
    alpha: float = 0.15,
) -> Score:
    """Minus a distance between the Fisher informations (P,) of one reference network on the source and on the target.

    It knows tasks, not candidates: between candidates of one source it is constant by construction. Both embeddings
    must come from the same network. Source (a) and target (b) are posteriors of variance 1/a and 1/b of its weights:

    distance: cosine, between the shares a / (a + b) and b / (a + b), the authors' default; asymmetric_cosine, less
        alpha times the source's own distance to the trivial task, whose Fisher is the scale (in the paper, not in the
        code); normalized_cosine and correlation (Pearson), of the scaled variances; entropy, ln 2 less the mean entropy
        of the shares; kl (for each weight the larger direction), asymmetric_kl (from source to target) and jsd (mean
        over weights) of the Gaussians.
    scale: Fisher information of the prior; 1 where Fishers are not learned by variational inference.
    alpha: how much asymmetric_cosine forgives a source that is complex.

    Terms: every distance that is defined; lower is nearer. Those of variances are not where a Fisher is zero (a dead
    unit): Inapplicable. Follows awslabs/aws-cv-task2vec, with 0 log 0 = 0.
    """
    if distance not in DISTANCES:
        raise UsageError(f"task2vec: unknown distance {distance!r}; it is one of {', '.join(DISTANCES)}")
    if not scale > 0:
        raise UsageError(f"task2vec: scale={scale} must be positive")
    for name, embedding in (("task_embedding", task_embedding), ("source_embedding", source_embedding)):
        if (embedding < 0).any():
            raise EvidenceError(f"{name} has negative entries; Fisher information never is")
    if task_embedding.shape != source_embedding.shape:
        raise EvidenceError(
            f"embeddings of {len(task_embedding)} and {len(source_embedding)} parameters cannot be compared; "
            "take both from the same reference network"
        )
    prior = np.full_like(task_embedding, scale)
    terms = distances(source_embedding, task_embedding, prior, prior, alpha)
    if distance not in terms:
        dead = int(((task_embedding == 0) | (source_embedding == 0)).sum())
        raise Inapplicable(f"{distance} is not defined for these embeddings ({dead} entries are zero in one of them)")
    return Score(-terms[distance], terms)


def distances(
    a: FloatArray, b: FloatArray, prior_a: FloatArray, prior_b: FloatArray, alpha: float = 0.15
) -> dict[str, float]:
    """Every distance from a to b (P,) that is defined; prior_a, prior_b (P,): the Fishers of their priors."""
    with np.errstate(divide="ignore", invalid="ignore"):
        v, w = 1 / a, 1 / b
        middle = (v + w) / 2
        share, other = a / (a + b + EPS), b / (a + b + EPS)
        found = {
            "cosine": vectors.cosine(share, other),
            "normalized_cosine": vectors.cosine(prior_a / a, prior_b / b),
            "correlation": vectors.correlation(v, w),
            "entropy": np.log(2) - np.mean(entr(share) + entr(1 - share)),
            "kl": np.maximum(_kl(v, w), _kl(w, v)).sum(),
            "asymmetric_kl": _kl(v, w).sum(),
            "jsd": np.mean(_kl(v, middle) + _kl(w, middle)) / 2,
        }
        to_trivial = vectors.cosine(a / (a + prior_a + EPS), prior_a / (a + prior_a + EPS))
        found["asymmetric_cosine"] = found["cosine"] - alpha * to_trivial
    return {name: float(value) for name, value in found.items() if np.isfinite(value)}


def _kl(v: FloatArray, w: FloatArray) -> FloatArray:
    """(P,) from Gaussians of variance v to those of variance w, means equal."""
    ratio = v / w
    divergence: FloatArray = (ratio - 1 - np.log(ratio)) / 2
    return divergence
