"""The core metrics as their definitions are written down, in plain NumPy: slow, and independent of the fast forms.

Functions by the spec whose score they give. Each asks, by parameter name, for evidence as a user gives it, and for
nothing computed from it: features (N, D) of any float type, labels (N,) classes 0..K-1 that all occur,
source_probabilities (N, S), reference_features (M, D), seed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from tbench_metrics.literal import forms

CORE: Mapping[str, Callable[..., float]] = MappingProxyType(
    {
        "nce": forms.nce,
        "leep": forms.leep,
        "lfc": forms.lfc,
        "hscore": forms.hscore,
        "hscore-shrunk": forms.hscore_shrunk,
        "logme": forms.logme,
        "logme:method=icml": forms.logme_icml,
        "transrate": forms.transrate,
        "transrate:form=unit": forms.transrate_unit,
        "transrate:form=projected": forms.transrate_projected,
        "sfda": forms.sfda,
        "lda": forms.lda,
        "gbc": forms.gbc,
        "sfda+ped": forms.sfda_ped,
        "logme+ped": forms.logme_ped,
    }
)
# Dear by nature, or floors rather than scores: measured, but no part of the set that shares its evidence.
OTHERS: Mapping[str, Callable[..., float]] = MappingProxyType(
    {
        "nearest-mean": forms.nearest_mean,
        "nleep": forms.nleep,
        "parc": forms.parc,
        "knn": forms.knn,
        "linear-probe": forms.linear_probe,
    }
)
