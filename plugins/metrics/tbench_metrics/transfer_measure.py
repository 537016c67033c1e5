"""Transfer measure: Zhang et al., Quantifying and improving transferability in domain generalization, NeurIPS 2021."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import log_softmax

from tbench.api import (
    EvidenceError,
    Inapplicable,
    SaturationWarning,
    Score,
    UsageError,
    class_labels,
    evidence,
    published,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tbench.api import FloatArray, IntArray

ROUNDING = 1e-12  # relative size below which a difference is rounding noise
SETTLED = 1e-4  # share of the gap that the tangent may still promise
NOTHING = 1e-9  # a gap that is rounding noise
SUFFICIENT = 1e-4  # share of what the tangent promises for a step that the step must bring
HALVINGS = 40  # of one step


@dataclass(frozen=True, eq=False)
class Domain:
    """Features (N, D + 1), the last column ones, and classes (N,)."""

    rows: FloatArray
    labels: IntArray

    @classmethod
    def of(cls, features: FloatArray, labels: IntArray) -> Domain:
        return cls(np.hstack([features, np.ones((len(features), 1))]), labels)

    def loss(self, classifier: FloatArray) -> float:
        """Mean cross-entropy of a linear classifier (K, D + 1), its bias behind."""
        return self._loss(log_softmax(self.rows @ classifier.T, axis=1))

    def loss_and_gradient(self, classifier: FloatArray) -> tuple[float, FloatArray]:
        """And its derivatives (K, D + 1)."""
        logs = log_softmax(self.rows @ classifier.T, axis=1)
        wrong = np.exp(logs)
        wrong[np.arange(len(wrong)), self.labels] -= 1
        return self._loss(logs), wrong.T @ self.rows / len(wrong)

    def _loss(self, logs: FloatArray) -> float:
        return -float(np.take_along_axis(logs, self.labels[:, None], axis=1).mean())


@dataclass(frozen=True, eq=False)
class Ball:
    """The classifiers that are not further from the centre (K, D + 1) than the radius, over all their parameters."""

    centre: FloatArray
    radius: float

    def nearest(self, classifier: FloatArray) -> FloatArray:
        """The point of the ball next to a classifier."""
        offset = classifier - self.centre
        return self.centre + offset * min(1.0, self.radius / max(float(np.linalg.norm(offset)), self.radius))

    def promise(self, classifier: FloatArray, gradient: FloatArray) -> float:
        """How much the tangent at a point of the ball rises within it; 0 if and only if the point is stationary."""
        return float(((self.centre - classifier) * gradient).sum() + self.radius * np.linalg.norm(gradient))

    def starts(self, count: int, seed: int | None) -> Iterator[FloatArray]:
        """The centre, and points drawn from the ball."""
        yield self.centre
        draws = np.random.default_rng(seed)
        for _ in range(count - 1):
            direction = draws.normal(size=self.centre.shape)
            share = draws.uniform() ** (1 / direction.size)
            yield self.centre + direction * (self.radius * share / np.linalg.norm(direction))


@published("authors", search="adam", starts=1, steps=20, standardise=False)
@evidence(solver="iterative", spares=lambda settings: ["seed"] if settings["starts"] == 1 else [])
def transfer_measure(
    features: FloatArray,
    labels: IntArray,
    source_features: FloatArray,
    source_labels: IntArray,
    head_weight: FloatArray,
    head_bias: FloatArray,
    seed: int | None,
    *,
    delta: float = 2.0,
    search: str = "ascent",
    starts: int = 3,
    steps: int = 200,
    lr: float = 1e-3,
    standardise: bool = True,
) -> Score:
    """Minus the largest gap between target and source loss of any classifier near the candidate's head; at most 0.

    features (N, D), labels (N,), source_features (M, D), source_labels (M,), head_weight (K, D), head_bias (K,).
    Both sides have the head's K classes, in its order: the measure is for a shift of domain, Inapplicable otherwise. It
    is the supremum of |target loss - source loss|, mean cross-entropies in nats, over the ball of radius delta round
    the head. Terms: target above source and source above target, the largest gap of either sign that was found (the
    one-sided measures); gap of the head; and settled.

    The gap is no concave function, so what a search finds is a lower bound of the supremum. It has settled where the
    tangent promises no more than 1e-4 of the gap within the ball; otherwise SaturationWarning, and settled is 0.

    delta: the radius, euclidean over all weights and biases.
    search: ascent, by projected gradient steps as long as they raise the gap, for either sign; or adam, which raises
        the larger loss less the smaller one, and projects after every step.
    starts: the head, and further ones drawn from the ball. steps: of each ascent, at most. lr: of adam.
    standardise: to mean 0 and variance 1 over the source, the head's weights accordingly, so that delta means the
        same for all candidates.

    as=authors follows Gordon-Guojun-Zhang/Transferability-NeurIPS2021: Adam from the head, 10 epochs of at least two
    steps, here with full batches in float64. It ends well below the supremum. There, lr is 1e-3 for small images and
    5e-5 otherwise.
    """
    _refuse(delta, search, starts, steps, lr)
    own, theirs = class_labels(labels), class_labels(source_labels)
    classes = len(head_weight)
    if head_bias.shape != (classes,):
        raise EvidenceError(f"head_bias {head_bias.shape}, head_weight {head_weight.shape}; give one bias per class")
    if not own.max() == theirs.max() == classes - 1:
        told = f"{own.max() + 1} target classes, {theirs.max() + 1} source classes and {classes} classes of the head"
        raise Inapplicable(f"{told}: target and source must share the head's classes")
    rows, source_rows = (np.asarray(side, dtype=np.float64) for side in (features, source_features))
    weight, bias = (np.asarray(part, dtype=np.float64) for part in (head_weight, head_bias))
    if standardise:
        mean, spread = source_rows.mean(axis=0), source_rows.std(axis=0)
        spread = np.where(spread > ROUNDING * np.abs(source_rows).max(axis=0), spread, 1)
        rows, source_rows = (rows - mean) / spread, (source_rows - mean) / spread
        weight, bias = weight * spread, bias + weight @ mean
    domains = [Domain.of(source_rows, theirs), Domain.of(rows, own)]
    ball = Ball(np.hstack([weight, bias[:, None]]), delta)
    found = list(_found(domains, ball, search, ball.starts(starts, seed), steps, lr))
    gaps = [target - source for source, target in (losses(domains, classifier) for classifier in found)]
    best = int(np.argmax(np.abs(gaps)))
    sign = 1 if gaps[best] > 0 else -1
    settled = has_settled(domains[::sign], ball, found[best])
    if not settled:
        warnings.warn(f"transfer-measure: not settled after {steps} steps", SaturationWarning, stacklevel=2)
    terms = {
        "target above source": max(gaps),
        "source above target": -min(gaps),
        "gap of the head": domains[1].loss(ball.centre) - domains[0].loss(ball.centre),
        "settled": float(settled),
    }
    return Score(-abs(gaps[best]), terms)


def losses(domains: Sequence[Domain], classifier: FloatArray) -> list[float]:
    return [domain.loss(classifier) for domain in domains]


def ascent(low: Domain, high: Domain, ball: Ball, start: FloatArray, steps: int) -> FloatArray:
    """Where projected gradient steps from a start, each of which raises loss(high) - loss(low), end."""
    classifier = start
    gap, gradient = _gap(low, high, classifier)
    step = ball.radius / max(float(np.linalg.norm(gradient)), NOTHING)
    for _ in range(steps):
        if ball.promise(classifier, gradient) <= max(SETTLED * abs(gap), NOTHING):
            break
        for _ in range(HALVINGS):
            candidate = ball.nearest(classifier + step * gradient)
            rise = SUFFICIENT * float(((candidate - classifier) * gradient).sum())
            if high.loss(candidate) - low.loss(candidate) >= gap + rise:
                break
            step /= 2
        else:
            break  # no step raises it: rounding noise
        classifier = candidate
        gap, gradient = _gap(low, high, classifier)
        step *= 2
    return classifier


def adam(domains: Sequence[Domain], ball: Ball, start: FloatArray, lr: float) -> Iterator[FloatArray]:
    """Classifiers after each projected step of Adam (0.9, 0.999, 1e-8) up the largest loss less the smallest one."""
    classifier = start
    first, second = np.zeros_like(start), np.zeros_like(start)
    step = 0
    while True:
        step += 1
        values = losses(domains, classifier)
        _, gradient = _gap(domains[int(np.argmin(values))], domains[int(np.argmax(values))], classifier)
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        spread = np.sqrt(second / (1 - 0.999**step)) + 1e-8
        classifier = ball.nearest(classifier + lr * first / (1 - 0.9**step) / spread)
        yield classifier


def has_settled(pair: Sequence[Domain], ball: Ball, classifier: FloatArray) -> bool:
    """Whether no move in the ball promises much more of the second domain's loss less the first one's."""
    gap, gradient = _gap(pair[0], pair[1], classifier)
    return ball.promise(classifier, gradient) <= max(SETTLED * abs(gap), NOTHING)


def _found(
    domains: Sequence[Domain], ball: Ball, search: str, starts: Iterator[FloatArray], steps: int, lr: float
) -> Iterator[FloatArray]:
    for start in starts:
        if search == "ascent":
            yield from (ascent(low, high, ball, start, steps) for low, high in permutations(domains, 2))
        else:
            trail = adam(domains, ball, start, lr)
            yield [next(trail) for _ in range(steps)][-1]


def _gap(low: Domain, high: Domain, classifier: FloatArray) -> tuple[float, FloatArray]:
    (below, falling), (above, rising) = (side.loss_and_gradient(classifier) for side in (low, high))
    return above - below, rising - falling


def _refuse(delta: float, search: str, starts: int, steps: int, lr: float) -> None:
    if search not in ("ascent", "adam"):
        raise UsageError(f"transfer-measure: unknown search {search!r}; it is ascent or adam")
    if not (delta > 0 and lr > 0):
        raise UsageError(f"transfer-measure: delta and lr must be above 0, not {delta} and {lr}")
    if starts < 1 or steps < 1:
        raise UsageError(f"transfer-measure: starts and steps must be at least 1, not {starts} and {steps}")
