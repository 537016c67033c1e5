"""OTCE: Tan, Li, Huang, CVPR 2021; F-OTCE and JC-OTCE: Tan et al., Transferability-guided [...], IEEE TNNLS 2024."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import xlogy
from sklearn.metrics.pairwise import euclidean_distances

from tbench.api import EvidenceError, Inapplicable, Score, UsageError, class_labels, evidence, published

if TYPE_CHECKING:
    from tbench.api import Coupling, FloatArray, IntArray, Transport


@published("authors")
def f_otce(
    features: FloatArray,
    labels: IntArray,
    source_features: FloatArray,
    source_labels: IntArray,
    transport: Transport,
    *,
    samples: int | None = 1000,
    squared: bool = True,
    regulariser: float = 0.0,
) -> Score:
    """Minus the entropy of the target class given the source class of the samples that transport couples; at most 0.

    features (N, D), labels (N,), source_features (M, D), source_labels (M,). In [-H(Y), 0]. Terms: conditional_entropy
    (the task difference W_T), transport (the domain difference W_D, the mean cost), converged (1 or 0). Few samples
    have few partners, which biases the entropy downwards. Scale and offset common to both sides do not matter.

    samples: keep so many of each side, drawn with the seed, classes in their shares; none keeps all. 1000 in the
        authors' experiments, drawn at random.
    squared: transport at squared Euclidean distances, as the authors' code does; false as their paper writes.
    regulariser: of the entropic transport of the paper, in medians of the cost; 0 transports exactly, as their code
        does. A coupling that is spread out has more entropy: values of two regularisers do not compare.

    as=authors follows tanyang1231/OTCE_Transferability_CVPR21, which computes the cost in float32.
    """
    pair = _Pair.drawn(features, labels, source_features, source_labels, transport, samples, squared)
    coupling = pair.coupling(pair.cost, regulariser)
    return Score(-pair.entropy(coupling), pair.terms(coupling, pair.cost))


def jc_otce(
    features: FloatArray,
    labels: IntArray,
    source_features: FloatArray,
    source_labels: IntArray,
    transport: Transport,
    *,
    gamma: float = 0.5,
    samples: int | None = 1000,
    squared: bool = True,
    regulariser: float = 0.0,
) -> Score:
    """F-OTCE where the cost of a pair is also how far apart their classes lie; at most 0.

    As f-otce. The cost is gamma d(x, x') + (1 - gamma) W(class of x, class of x'), where W is the cost of transporting
    the one class to the other exactly. The authors have published no code of it.

    gamma: share of the distance of samples, in [0, 1]; 0.5 in the paper, 1 is f-otce.
    samples, squared, regulariser: as in f-otce.
    """
    if not 0 <= gamma <= 1:
        raise UsageError(f"jc-otce: gamma must be in [0, 1], not {gamma}")
    pair = _Pair.drawn(features, labels, source_features, source_labels, transport, samples, squared)
    class_cost, converged = pair.class_cost()
    cost = gamma * pair.cost + (1 - gamma) * class_cost
    coupling = pair.coupling(cost, regulariser)
    coupling = replace(coupling, converged=coupling.converged and converged)
    return Score(-pair.entropy(coupling), pair.terms(coupling, cost))


@evidence(across_layers=False)
def otce(
    features: FloatArray,
    labels: IntArray,
    source_features: FloatArray,
    source_labels: IntArray,
    transport: Transport,
    auxiliary_scores: FloatArray,
    *,
    samples: int | None = 1000,
    squared: bool = True,
    regulariser: float = 0.0,
) -> Score:
    """The accuracy that a linear function of W_D and W_T predicts, fitted to pairs whose accuracy is known.

    As f-otce. auxiliary_scores (A, 3): transport (W_D), conditional_entropy (W_T) and accuracy of A other pairs of
    source and target, whose terms f-otce tells; they must determine the plane. Further terms: transport_weight,
    entropy_weight and intercept, the least-squares fit.

    samples, squared, regulariser: as in f-otce, and as the auxiliary pairs were scored with.
    """
    if auxiliary_scores.shape[1] != 3:
        raise EvidenceError(
            f"auxiliary_scores must have columns transport, entropy, accuracy, not {auxiliary_scores.shape[1]} columns"
        )
    known = np.asarray(auxiliary_scores, dtype=np.float64)
    middle, spread = known.mean(axis=0), known.std(axis=0)
    if (spread[:2] <= 1e-9 * np.abs(middle[:2])).any():
        raise Inapplicable("all auxiliary pairs have the same transport or the same entropy")
    centred = (known - middle)[:, :2] / spread[:2]
    scaled, _, rank, _ = np.linalg.lstsq(centred, known[:, 2] - middle[2], rcond=1e-9)
    if rank < 2:
        raise Inapplicable(f"{len(known)} auxiliary pairs do not determine a plane")
    weights = scaled / spread[:2]
    intercept = float(middle[2] - weights @ middle[:2])
    pair = _Pair.drawn(features, labels, source_features, source_labels, transport, samples, squared)
    terms = pair.terms(pair.coupling(pair.cost, regulariser), pair.cost)
    value = intercept + weights @ [terms["transport"], terms["conditional_entropy"]]
    fit = {"transport_weight": float(weights[0]), "entropy_weight": float(weights[1]), "intercept": intercept}
    return Score(float(value), terms | fit)


@dataclass(frozen=True, eq=False)
class _Pair:
    """The samples of source and target that are transported: classes of each and the cost of each pair."""

    transport: Transport
    source: IntArray  # (M,)
    target: IntArray  # (N,)
    cost: FloatArray  # (M, N)

    @classmethod
    def drawn(
        cls,
        features: FloatArray,
        labels: IntArray,
        source_features: FloatArray,
        source_labels: IntArray,
        transport: Transport,
        samples: int | None,
        squared: bool,
    ) -> _Pair:
        if samples is not None and samples < 1:
            raise UsageError(f"otce: samples must be at least 1 or none, not {samples}")
        target, source = class_labels(labels), class_labels(source_labels)
        if target.max() == 0:
            raise Inapplicable("one class")
        here = transport.rows(target, samples or len(target))
        there = transport.rows(source, samples or len(source))
        middle = features[here].mean(axis=0, dtype=np.float64)
        cost = euclidean_distances(source_features[there] - middle, features[here] - middle, squared=squared)
        if not cost.any():
            raise Inapplicable("the features are the same for all samples")
        return cls(transport, source[there], target[here], cost)

    def class_cost(self) -> tuple[FloatArray, bool]:
        """(M, N) what it costs to transport the class of one sample to that of another; whether all is optimal."""
        sources, of_source = np.unique(self.source, return_inverse=True)
        targets, of_target = np.unique(self.target, return_inverse=True)
        table, converged = np.empty((len(sources), len(targets))), True
        for (i, source), (j, target) in product(enumerate(sources), enumerate(targets)):
            cost = self.cost[np.ix_(self.source == source, self.target == target)]
            coupling = self.transport.coupling(cost)
            table[i, j] = (coupling.mass * cost).sum()
            converged = converged and coupling.converged
        return table[np.ix_(of_source, of_target)], converged

    def coupling(self, cost: FloatArray, regulariser: float) -> Coupling:
        if regulariser < 0:
            raise UsageError(f"otce: regulariser must be at least 0, not {regulariser}")
        unit = float(np.median(cost)) if regulariser else 1.0
        if not unit:
            raise Inapplicable("half of all pairs of samples are the same; transport them exactly, regulariser=0")
        return self.transport.coupling(cost, regulariser * unit)

    def entropy(self, coupling: Coupling) -> float:
        """H(Y | Z) of the target class Y and the source class Z of the coupled samples."""
        classes = int(self.target.max()) + 1
        cells = self.source[:, None] * classes + self.target
        joint = np.bincount(cells.ravel(), coupling.mass.ravel(), (int(self.source.max()) + 1) * classes)
        joint = joint.reshape(-1, classes)
        marginal = joint.sum(axis=1)
        return max(float(xlogy(marginal, marginal).sum() - xlogy(joint, joint).sum()), 0.0)

    def terms(self, coupling: Coupling, cost: FloatArray) -> dict[str, float]:
        return {
            "conditional_entropy": self.entropy(coupling),
            "transport": float((coupling.mass * cost).sum()),
            "converged": float(coupling.converged),
        }
