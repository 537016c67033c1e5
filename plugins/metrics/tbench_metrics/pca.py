"""Principal components: Pearson, On lines and planes of closest fit to systems of points in space, 1901."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tbench.api import UsageError

if TYPE_CHECKING:
    from tbench.api import Algebra, FloatArray


def pca(features: NDArray[Any], algebra: Algebra, *, dims: int = 64) -> FloatArray:
    """(N, min(dims, N, D)) the first principal components of the features, exact, centred, not scaled.

    features (N, D). Candidates of different width are then scored at one width, so that width alone moves no score.
    Components beyond the rank of the features are zero; the sign of a component is arbitrary.

    dims: 64 is what GBC (CVPR 2022), NCTI (ICCV 2023) and SA (WACV 2025) keep.
    """
    if dims < 1:
        raise UsageError(f"pca: dims must be at least 1, not {dims}")
    rows = features.astype(np.float64)
    rows -= rows[0]  # first, so that constant columns become exactly zero
    rows -= rows.mean(axis=0)
    return np.asarray(rows @ algebra.gram(rows).spectrum().vectors[:, :dims])
