"""Each core metric from its definition: covariances are D x D, kernels N x N, classes and pairs are loops.

Papers and code bases are named in the metric's own file. Made for ordinary features; degenerate ones (constant, one
class, two classes with one mean) are for the metrics to judge.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.special import softmax
from scipy.stats import spearmanr
from sklearn.covariance import ledoit_wolf
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

if TYPE_CHECKING:
    from tbench.api import FloatArray, IntArray

Features = NDArray[Any]


def nce(source_probabilities: Features, labels: IntArray) -> float:
    guesses = source_probabilities.argmax(axis=1)
    joint = np.zeros((labels.max() + 1, source_probabilities.shape[1]))
    for label, guess in zip(labels, guesses, strict=True):
        joint[label, guess] += 1 / len(labels)
    marginal = joint.sum(axis=0)
    return float(sum(joint[y, z] * np.log(joint[y, z] / marginal[z]) for y, z in np.argwhere(joint > 0)))


def leep(source_probabilities: Features, labels: IntArray) -> float:
    theta = _double(source_probabilities)
    joint = np.stack([theta[labels == c].sum(axis=0) for c in _classes(labels)]) / len(labels)
    marginal = joint.sum(axis=0)
    conditional = joint[:, marginal > 0] / marginal[marginal > 0]
    prediction = theta[:, marginal > 0] @ conditional.T
    return float(np.mean([np.log(row[label]) for row, label in zip(prediction, labels, strict=True)]))


def nleep(features: Features, labels: IntArray, seed: int) -> float:
    rows = _double(features)
    centred = rows - rows.mean(axis=0)
    left, singular, _ = np.linalg.svd(centred, full_matrices=False)
    share = np.cumsum(singular**2) / (singular**2).sum()
    kept = int((share <= 0.8).sum()) + 1
    components = min(5 * len(_classes(labels)), max(len(rows) // 2, 1))
    mixture = GaussianMixture(components, random_state=seed % 2**32)
    scores = left[:, :kept] * singular[:kept]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # at most 100 steps are part of the definition
        mixture.fit(scores)
    return leep(mixture.predict_proba(scores), labels)


def lfc(features: Features, labels: IntArray) -> float:
    rows = _double(features)
    kernel = rows @ rows.T
    kernel -= kernel.mean()
    same = np.where(labels[:, None] == labels, 1.0, -1.0)
    same -= same.mean()
    return float((kernel * same).sum() / (np.linalg.norm(kernel) * np.linalg.norm(same)))


def hscore(features: Features, labels: IntArray) -> float:
    covariance = np.cov(_double(features), rowvar=False)
    inverse = np.linalg.pinv(covariance, rtol=10 * max(features.shape) * np.finfo(np.float64).eps, hermitian=True)
    return float(np.trace(inverse @ _covariance_of_means(features, labels)))


def hscore_shrunk(features: Features, labels: IntArray) -> float:
    covariance, shrinkage = ledoit_wolf(_double(features))
    return float((1 - shrinkage) * np.trace(np.linalg.inv(covariance) @ _covariance_of_means(features, labels)))


def logme(features: Features, labels: IntArray) -> float:
    """Fixed point, with the determinant of all D eigenvalues."""
    rows = _double(features)
    samples, dims = rows.shape
    left, singular, _ = np.linalg.svd(rows, full_matrices=False)
    sigma = np.pad(singular**2, (0, dims - len(singular)))
    evidence = []
    for c in _classes(labels):
        target = (labels == c).astype(np.float64)
        x2 = np.pad((left.T @ target) ** 2, (0, dims - len(singular)))
        outside = (target**2).sum() - x2.sum()
        alpha = beta = 1.0
        for _ in range(11):
            ratio = alpha / beta
            gamma = (sigma / (sigma + ratio)).sum()
            m2 = (sigma * x2 / (sigma + ratio) ** 2).sum()
            r2 = (x2 / (1 + sigma / ratio) ** 2).sum() + outside
            alpha, beta = gamma / (m2 + 1e-5), (samples - gamma) / (r2 + 1e-5)
            if abs(alpha / beta - ratio) / ratio <= 1e-3:
                break
        evidence.append(_log_evidence(sigma, samples, alpha, beta, m2, r2))
    return float(np.mean(evidence) / samples)


def logme_icml(features: Features, labels: IntArray) -> float:
    """The loop of the first paper: weights m and residuals t - F m are formed in each step."""
    rows = _double(features)
    samples = len(rows)
    values, vectors = np.linalg.eigh(rows.T @ rows)
    sigma = values.clip(min=0)
    evidence = []
    for c in _classes(labels):
        target = (labels == c).astype(np.float64)
        projected = vectors.T @ (rows.T @ target)
        alpha = beta = 1.0
        for _ in range(11):
            ratio = alpha / beta
            weights = vectors @ (beta * projected / (alpha + beta * sigma))
            gamma = (beta * sigma / (alpha + beta * sigma)).sum()
            m2 = (weights**2).sum() + 1e-5
            r2 = ((target - rows @ weights) ** 2).sum() + 1e-5
            alpha, beta = gamma / m2, (samples - gamma) / r2
            if abs(alpha / beta - ratio) / ratio < 1e-2:
                break
        evidence.append(_log_evidence(sigma, samples, alpha, beta, m2, r2))
    return float(np.mean(evidence) / samples)


def _log_evidence(sigma: FloatArray, samples: int, alpha: float, beta: float, m2: float, r2: float) -> float:
    """Of one target column, given |m|^2 and |t - F m|^2 and all D eigenvalues of F^T F."""
    logdet = np.log(alpha + beta * sigma).sum()
    fit = len(sigma) * np.log(alpha) + samples * np.log(beta) - beta * r2 - alpha * m2
    return float((fit - logdet - samples * np.log(2 * np.pi)) / 2)


def transrate(features: Features, labels: IntArray) -> float:
    """The listing printed in the paper."""
    rows = _double(features)
    rows = rows - rows.mean(axis=0)

    def rate(part: FloatArray) -> float:
        matrix = np.eye(part.shape[1]) + part.T @ part / (len(part) * 1e-4)
        return float(np.linalg.slogdet(matrix)[1] / 2)

    return rate(rows) - float(np.mean([rate(rows[labels == c]) for c in _classes(labels)]))


def transrate_unit(features: Features, labels: IntArray) -> float:
    rows = _double(features)
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    rows = rows - rows.mean(axis=0)
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    covariance = rows.T @ rows / len(rows)
    parts = [rows[labels == c] for c in _classes(labels)]
    within = [part.T @ part / len(part) for part in parts]
    return _repository_rate(covariance, within, labels) / int(np.linalg.matrix_rank(covariance, hermitian=True))


def transrate_projected(features: Features, labels: IntArray) -> float:
    rows = _double(features)
    covariance = np.cov(rows, rowvar=False, ddof=0)
    between = np.cov(_means(rows, labels)[labels], rowvar=False, ddof=0)
    cut = 10 * max(rows.shape) * np.finfo(np.float64).eps
    projection = np.linalg.pinv(covariance, rtol=cut, hermitian=True) @ between
    within = [np.cov(rows[labels == c], rowvar=False, ddof=0) @ projection for c in _classes(labels)]
    rank = int(np.linalg.matrix_rank(between, hermitian=True, rtol=cut))  # that of covariance @ projection
    return _repository_rate(covariance @ projection, within, labels) / rank


def _repository_rate(whole: FloatArray, parts: list[FloatArray], labels: IntArray) -> float:
    """The rate of the singular values of all features less that of the classes, weighted by their shares."""
    spectrum = np.linalg.svd(whole, compute_uv=False)

    def rate(values: NDArray[np.floating[Any]]) -> float:
        return float(np.log1p(values / spectrum.sum() / 1e-4).sum() / 2)

    within = [np.mean(labels == c) * rate(np.linalg.svd(part, compute_uv=False)) for c, part in enumerate(parts)]
    return float(rate(spectrum) - sum(within))


def parc(features: Features, labels: IntArray) -> float:
    rows = _principal(_double(features), 32)
    if len(rows) > 5000:
        chosen = np.argsort(labels, kind="stable")[np.linspace(0, len(rows) - 1, 5000).astype(int)]
        rows, labels = rows[np.sort(chosen)], labels[np.sort(chosen)]
    rows = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    apart = 1 - np.corrcoef(rows)
    pairs = np.triu_indices(len(rows), 1)
    return float(100 * spearmanr(apart[pairs], (labels[:, None] != labels)[pairs]).statistic)


def lda(features: Features, labels: IntArray) -> float:
    """SFDA's first analysis."""
    rows = _double(features)
    return float(_own(_discriminant(rows, labels, _sfda_shrinkage(rows, labels)), labels).mean())


def sfda(features: Features, labels: IntArray) -> float:
    rows = _double(features)
    shrinkage = _sfda_shrinkage(rows, labels)
    confidence = _own(softmax(_discriminant(rows, labels, shrinkage), axis=1), labels)
    means = _means(rows, labels)
    challenged = np.empty_like(rows)
    for i, (label, trust) in enumerate(zip(labels, confidence, strict=True)):
        others = np.delete(means, label, axis=0).mean(axis=0)
        challenged[i] = trust * rows[i] + (1 - trust) * others
    return float(_own(_discriminant(challenged, labels, shrinkage), labels).mean())


def _sfda_shrinkage(rows: FloatArray, labels: IntArray) -> float:
    """exp(-5 lambda), lambda the largest eigenvalue of the covariance within classes, by the power method."""
    within = _within(rows, labels)
    right = within.sum(axis=1)
    for _ in range(3):
        left = within @ right / np.linalg.norm(within @ right)
        right = within @ left / np.linalg.norm(within @ left)
    return float(max(np.exp(-5 * right @ within @ left), 1e-10))


def _discriminant(rows: FloatArray, labels: IntArray, shrinkage: float) -> FloatArray:
    """(N, K) probabilities, by the generalised eigenvectors of the covariances between and within classes."""
    within = _within(rows, labels)
    between = np.cov(rows, rowvar=False, ddof=0) - within
    dims = len(within)
    regular = (1 - shrinkage) * within + shrinkage * np.trace(within) / dims * np.eye(dims)
    vectors = eigh(between, regular)[1]
    means = _means(rows, labels)
    coefficients = means @ vectors @ vectors.T
    intercepts = np.log(np.bincount(labels) / len(labels)) - np.diag(means @ coefficients.T) / 2
    return np.asarray(softmax(rows @ coefficients.T + intercepts, axis=1))


def nearest_mean(features: Features, labels: IntArray) -> float:
    rows = _double(features)
    means = _means(rows, labels)
    squared = np.stack([((rows - mean) ** 2).sum(axis=1) for mean in means], axis=1)
    return float(_own(softmax(np.log(np.bincount(labels) / len(labels)) - squared / 2, axis=1), labels).mean())


def gbc(features: Features, labels: IntArray) -> float:
    rows = _principal(_double(features), 64)
    means = _means(rows, labels)
    variances = [np.maximum(rows[labels == c].var(axis=0), 1e-4).mean() for c in _classes(labels)]
    total = 0.0
    for i in _classes(labels):
        for j in _classes(labels):
            if i != j:
                middle = (variances[i] + variances[j]) / 2
                logdets = rows.shape[1] * np.log(middle / np.sqrt(variances[i] * variances[j]))
                total -= np.exp(-((means[i] - means[j]) ** 2).sum() / (8 * middle) - logdets / 2)
    return float(total)


def sfda_ped(features: Features, labels: IntArray, reference_features: Features) -> float:
    return sfda(_ped(features, labels, reference_features), labels)


def logme_ped(features: Features, labels: IntArray, reference_features: Features) -> float:
    return logme(_ped(features, labels, reference_features), labels)


def _ped(features: Features, labels: IntArray, reference_features: Features) -> FloatArray:
    """The motion of all samples, with the class statistics and the K x K x D directions of each step."""
    origin = _double(reference_features).mean(axis=0)
    unit = np.maximum(_double(reference_features).std(axis=0), 1e-3)
    rows = (_double(features) - origin) / unit
    first = 0.0
    for number in range(6):
        means = _means(rows, labels)
        radii = np.sqrt([rows[labels == c].var(axis=0).sum() for c in _classes(labels)])
        away = means[:, None] - means
        distance = np.linalg.norm(away, axis=2)
        overlap = np.maximum(0.6 * (radii[:, None] + radii) - distance, 0)
        push = np.minimum(0.1**2 / 2 * overlap, overlap)
        np.fill_diagonal(distance, 1.0)
        step = (away / distance[:, :, None] * push[:, :, None]).sum(axis=1)
        length = np.abs(step).sum()
        first = length if number == 0 else first
        if not length > 0.5 * first:
            break
        rows = rows + step[labels]
    return np.asarray(rows * unit + origin)


def knn(features: Features, labels: IntArray) -> float:
    rows = _double(features)
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    similarity = rows @ rows.T
    np.fill_diagonal(similarity, -np.inf)
    right = 0
    for own, row in zip(labels, similarity, strict=True):
        nearest = list(labels[np.argsort(-row)[: min(5, len(row) - 1)]])
        right += max(nearest, key=nearest.count) == own  # at a tie the first, which is the nearest
    return right / len(rows)


def linear_probe(features: Features, labels: IntArray) -> float:
    """The hat matrix at each penalty of the grid; the mean of the targets is known to the sample that is left out."""
    rows = _double(features)
    samples, dims = rows.shape
    rows = rows - rows.mean(axis=0)
    scatter = rows.T @ rows
    targets = np.eye(labels.max() + 1)[labels]
    deviations = targets - targets.mean(axis=0)
    trials = []
    for penalty in np.logspace(-6, 3, 19) * np.trace(scatter) / min(samples, dims):
        inverse = np.linalg.inv(scatter + penalty * np.eye(dims))
        leverage = 1 / samples + ((rows @ inverse) * rows).sum(axis=1)
        residuals = deviations - rows @ (inverse @ (rows.T @ deviations))
        # The fit without sample i errs by residual / (1 - leverage), of which N / (N - 1) deviation is the moved mean.
        guesses = deviations * samples / (samples - 1) - residuals / (1 - leverage)[:, None]
        trials.append((((deviations - guesses) ** 2 / deviations.var(axis=0)).sum(), guesses))
    guesses = min(trials, key=lambda trial: trial[0])[1]
    return float(((targets.mean(axis=0) + guesses).argmax(axis=1) == labels).mean())


def _double(array: Features) -> FloatArray:
    return np.asarray(array, dtype=np.float64)


def _classes(labels: IntArray) -> range:
    return range(int(labels.max()) + 1)


def _means(rows: FloatArray, labels: IntArray) -> FloatArray:
    return np.stack([rows[labels == c].mean(axis=0) for c in _classes(labels)])


def _covariance_of_means(features: Features, labels: IntArray) -> FloatArray:
    """Of the mean of its class, for each sample."""
    return np.cov(_means(_double(features), labels)[labels], rowvar=False)


def _within(rows: FloatArray, labels: IntArray) -> FloatArray:
    """The covariances of the classes, weighted by their shares."""
    total = np.zeros((rows.shape[1], rows.shape[1]))
    for c in _classes(labels):
        total += np.mean(labels == c) * np.cov(rows[labels == c], rowvar=False, ddof=0)
    return total


def _principal(rows: FloatArray, dims: int) -> FloatArray:
    """Coordinates along the first axes, each with its largest entry positive."""
    centred = rows - rows.mean(axis=0)
    axes = np.linalg.svd(centred, full_matrices=False)[2][:dims]
    signs = [np.sign(axis[np.abs(axis).argmax()]) for axis in axes]
    return np.asarray(centred @ (axes * np.reshape(signs, (-1, 1))).T)


def _own(table: FloatArray, labels: IntArray) -> FloatArray:
    return table[np.arange(len(labels)), labels]
