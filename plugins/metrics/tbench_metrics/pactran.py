"""PACTran: Ding et al., PACTran: PAC-Bayesian metrics for estimating transferability, ECCV 2022."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import digamma, gammaln, logsumexp
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from tbench.api import Inapplicable, SaturationWarning, Score, UsageError, class_labels, evidence

if TYPE_CHECKING:
    from tbench.api import FloatArray, IntArray, Spectrum

SETTLED = 1e-3  # what the last round may change the score by
TINY = 1e-10  # added to probabilities and to concentrations, in the authors' code
STEPS = 2000
GRADIENT = 1e-7  # largest entry of the gradient at the optimum


@evidence(touches=["target training"], solver="iterative")
def dirichlet(source_probabilities: FloatArray, labels: IntArray, *, alpha: float = 1.0, rounds: int = 10) -> Score:
    """Minus the PAC-Bayesian bound of a head that gives each source class z a distribution P(y | z) of target classes.

    source_probabilities (N, S), labels (N,). P(. | z) has a Dirichlet prior; what is left of the bound once the best
    posterior is put in, per sample and target class. The paper's bound is lower = better: the sign is turned.

    The posterior is found by coordinate ascent. What the bound takes for P(z | x, y) is half a round ahead of it, as in
    the authors' code, which makes no difference once it rests. Where the last round still changed the score by more
    than 1e-3: SaturationWarning, and the term converged is 0.

    alpha: the prior's concentration, which classes share by their frequency; 1 in the authors' runs.
    rounds: 10 in google-research/pactran_metrics, whether it has settled or not.
    """
    own, prior = _prior("pactran-dirichlet", labels, alpha, rounds)
    classes, sources = len(prior), source_probabilities.shape[1]
    before = gammaln(prior.sum()) - gammaln(prior).sum()  # log of the prior's normaliser, the same for each z

    def bound(fit: _Fit) -> float:
        after = gammaln(fit.mass.sum(axis=0)) - gammaln(fit.mass).sum(axis=0)
        return float((after.sum() - sources * before + fit.divergence) / (len(own) * classes))

    def expected(mass: FloatArray) -> FloatArray:
        return np.asarray(digamma(mass) - digamma(mass.sum(axis=0)))

    fits = _rounds(source_probabilities, own, prior, expected, rounds)
    return _settled("pactran-dirichlet", [-bound(fit) for fit in fits[-2:]])


@evidence(touches=["target training"], solver="iterative")
def gamma(source_probabilities: FloatArray, labels: IntArray, *, alpha: float = 1.0, rounds: int = 10) -> Score:
    """Minus the PAC-Bayesian bound of a head whose weights from source to target classes are Gamma distributed.

    source_probabilities (N, S), labels (N,). Likelihood and sign as for pactran-dirichlet, but the weights of a source
    class need not sum to 1: an upper bound of the sum over target classes stands in for the normaliser. Per sample and
    target class, plus the constant 1 of google-research/pactran_metrics.

    The posterior is found as there. Where the last one still changed the score by more than 1e-3:
    SaturationWarning, and the term converged is 0.

    alpha: shape of the prior, which classes share by their frequency; its rate is 1. 1 in the authors' runs.
    rounds: 10 in that code, whether it has settled or not.
    """
    own, prior = _prior("pactran-gamma", labels, alpha, rounds)
    classes, sources = len(prior), source_probabilities.shape[1]

    def bound(fit: _Fit) -> float:
        normaliser = np.log(source_probabilities @ fit.mass.sum(axis=0)) - 1
        weights = sources * gammaln(prior).sum() - gammaln(fit.mass).sum()
        return float((weights + fit.divergence + normaliser.sum()) / (len(own) * classes) + 1)

    fits = _rounds(source_probabilities, own, prior, digamma, rounds)
    return _settled("pactran-gamma", [-bound(fit) for fit in fits[-2:]])


@evidence(touches=["target training"], solver="iterative")
def gauss(
    features: FloatArray, labels: IntArray, spectrum: Spectrum, *, prior: float = 1.0, weight: float = 100.0
) -> Score:
    """Minus the PAC-Bayesian bound of a linear head with Gaussian weights: what it loses, and how sharp its optimum is.

    features (N, D), labels (N,). The bound is lower = better: the sign is turned. Terms, as they stand in it: optimum,
    the least mean cross-entropy + |W|^2 / (2 prior N) of a softmax regression with a free bias; flatness,
    weight K / (2 N) log(prior N tr(H) / (K D)), where tr(H) sums the second derivatives of the losses of all N samples
    and of the prior. Unlike the optimum it grows with the number of samples inside its logarithm; it is the
    authors' code, google-research/pactran_metrics, that takes the sum there. The features are centred, not scaled.

    The optimum is found by L-BFGS to a gradient of 1e-7, where the authors' run stops after 100 steps or at 1e-6,
    from random weights. Not reached after 2000 steps: SaturationWarning, and the term converged is 0.

    prior: variance of the weights in units of N; 0.1, 1 and 10 in the authors' runs.
    weight: of the second term. 100 and 10 in the authors' code, which reads sigma^2 = 100 prior / D or 10 prior / D.
    """
    if not (prior > 0 and weight >= 0):
        raise UsageError(f"pactran-gauss: prior={prior} must be above 0 and weight={weight} not below")
    own = class_labels(labels)
    classes, samples = int(own.max()) + 1, len(own)
    if classes == 1:
        raise Inapplicable("one class")
    dims = features.shape[1]
    # Nothing here changes under rotation; along the principal axes there are at most N columns.
    rows = (features - features.mean(axis=0, dtype=np.float64)) @ spectrum.vectors
    # Of two classes scikit-learn fits the difference of their weights, whose square is twice that of both together.
    strength = 2 * prior if classes == 2 else prior
    model = LogisticRegression(C=strength, tol=GRADIENT, max_iter=STEPS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # told in our words
        model.fit(rows, own)
    if not (converged := int(model.n_iter_.max()) < STEPS):
        warnings.warn(f"pactran-gauss: the head did not converge in {STEPS} steps", SaturationWarning, stacklevel=2)
    said = model.predict_proba(rows)
    loss = -np.take_along_axis(model.predict_log_proba(rows), own[:, None], axis=1).mean()
    optimum = float(loss + (model.coef_**2).sum() / (2 * strength * samples))
    curvature = (said * (1 - said)).sum(axis=1)  # (N,) of the loss along the logits, summed over classes
    trace = ((rows**2).sum(axis=1) + 1) @ curvature + dims * classes / (prior * samples)
    flatness = float(weight * classes / (2 * samples) * np.log(trace * prior * samples / (dims * classes) + TINY))
    terms = {"optimum": optimum, "flatness": flatness, "converged": float(converged)}
    return Score(-(optimum + flatness), terms)


@dataclass(frozen=True)
class _Fit:
    """A posterior of weights, and what the responsibilities that follow from it cost."""

    mass: FloatArray  # (K, S) its concentrations
    divergence: float  # sum over samples of KL(q(z | x, y) || P(z | x))


def _prior(name: str, labels: IntArray, alpha: float, rounds: int) -> tuple[IntArray, FloatArray]:
    """(N,) classes, and (K,) concentrations."""
    if not alpha > 0 or rounds < 2:
        raise UsageError(f"{name}: alpha={alpha} must be above 0 and rounds={rounds} at least 2")
    own = class_labels(labels)
    return own, alpha * np.bincount(own) / len(own) + TINY


def _rounds(
    theta: FloatArray, own: IntArray, prior: FloatArray, expected: Callable[[FloatArray], FloatArray], rounds: int
) -> list[_Fit]:
    """After each round. expected: E log of the weights (K, S) under a posterior of these concentrations."""
    said = np.asarray(theta, dtype=np.float64)  # q(z | x, y)
    log_theta = np.log(said + TINY)
    fits = []
    for _ in range(rounds):
        mass = prior[:, None] + np.stack([said[own == c].sum(axis=0) for c in range(len(prior))])
        logits = log_theta + expected(mass)[own]
        log_said = logits - logsumexp(logits, axis=1, keepdims=True)
        said = np.exp(log_said)
        fits.append(_Fit(mass, float((said * (log_said - log_theta)).sum())))
    return fits


def _settled(name: str, values: list[float]) -> Score:
    """The last of two values, and whether the round before gave almost the same."""
    before, value = values
    if not (converged := abs(value - before) <= SETTLED):
        warnings.warn(f"{name}: the posterior had not settled in these rounds", SaturationWarning, stacklevel=3)
    return Score(value, {"converged": float(converged)})
