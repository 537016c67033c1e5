"""Eigen-decompositions of the features' scatter and of their Gram, by way of the smaller side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tbench.api import Moments, Spectrum


def spectrum(groups: Moments) -> Spectrum:
    """Of the total scatter, the sum over samples of (f - mean)(f - mean)^T."""
    return groups.total.spectrum()


def gram_spectrum(groups: Moments) -> Spectrum:
    """Of the uncentred Gram F^T F: the total scatter and that of the mean, which is added, never subtracted."""
    return groups.total.spread(groups.mean[None], np.array([groups.samples])).spectrum()
