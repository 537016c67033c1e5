"""How far a target lies from its source, and how wide its classes are: the factors of transferability, from features.

Chen, Li, Ding, Liu (arXiv 2022) tell neither how they measure the domain gap nor the variance within classes, and their
code is without both; these definitions are ours.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from tbench.errors import TbenchError

Array = NDArray[np.float64]


def domain_gap(source: Array, target: Array) -> float:
    """The squared Frechet distance of two clouds of features (M, D), (N, D) of one network; 0 where moments are equal.

    |mean - mean'|^2 + tr(C + C' - 2 (C^1/2 C' C^1/2)^1/2), covariances unbiased: the squared Wasserstein distance of
    two Gaussians. In the squared unit of the features. TbenchError for fewer than two samples or widths that differ.
    """
    if source.shape[1:] != target.shape[1:]:
        raise TbenchError(f"features of {source.shape[1]} and {target.shape[1]} columns are not of one network")
    shift = source.mean(axis=0, dtype=np.float64) - target.mean(axis=0, dtype=np.float64)
    (one, directions), (other, across) = _axes(source), _axes(target)
    # The singular values of C^1/2 C'^1/2 need no root of a matrix.
    shared = linalg.svdvals((one[:, None] * directions) @ (other[:, None] * across).T).sum()
    return max(float(shift @ shift + one @ one + other @ other - 2 * shared), 0.0)


def variance_within(features: Array, labels: NDArray[np.int64]) -> float:
    """Of features (N, D), classes (N,): a class's variance over that of all, summed over columns; mean over classes.

    In units of no scale, and not the smaller the more classes there are. Unbiased; classes of one sample are left out.
    TbenchError where there is no other, or all features are the same.
    """
    rows = np.asarray(features, dtype=np.float64)
    classes, counts = np.unique(labels, return_counts=True)
    whole = rows.var(axis=0, ddof=1).sum() if len(rows) > 1 else 0.0
    if not (counts > 1).any() or whole == 0:
        raise TbenchError("no class has two different samples: there is no variance within classes to speak of")
    of_classes = [rows[labels == each].var(axis=0, ddof=1).sum() for each in classes[counts > 1]]
    return float(np.mean(of_classes) / whole)


def _axes(rows: Array) -> tuple[Array, Array]:
    """Standard deviations (R,) along the principal axes, and these (R, D)."""
    if len(rows) < 2:
        raise TbenchError(f"{len(rows)} samples have no covariance; give two or more")
    centred = np.asarray(rows, dtype=np.float64) - rows.mean(axis=0, dtype=np.float64)
    _, values, vectors = linalg.svd(centred, full_matrices=False)
    return values / np.sqrt(len(rows) - 1), vectors
