"""What evidence must look like before a metric sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tbench.errors import EvidenceError

PER_SAMPLE = (
    *("features", "labels", "source_probabilities", "source_labels_of_target", "common_features"),
    *("source_logits", "initial_features", "probe_features", "attributions", "probe_attributions"),
)
PER_SOURCE_SAMPLE = ("source_features", "source_labels", "source_members", "common_source_features")
OF_ONE_WIDTH = (("features", "source_features", "head_weight"), ("common_features", "common_source_features"))
STATES = ("initial_parameters", "pretrained_parameters", "finetuned_parameters")
ROW_SUM_TOLERANCE = 1e-4


def admit(name: str, value: object) -> object:
    """The evidence in its standard form, read-only; EvidenceError where it cannot be what it claims to be."""
    if name in STATES:
        return frozen(_state(name, value))
    form = _FORMS.get(name)
    return frozen(form(name, np.asarray(value)) if form else value)


def check_lengths(known: Mapping[str, object]) -> None:
    """All evidence given per sample speaks of the same samples; those of the source are others than the target's."""
    for names in (PER_SAMPLE, PER_SOURCE_SAMPLE):
        lengths = {name: len(array) for name in names if isinstance(array := known.get(name), np.ndarray)}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{name} {length}" for name, length in lengths.items())
            raise EvidenceError(f"evidence of different lengths: {told}; give one row per sample in each")


def check_widths(known: Mapping[str, object]) -> None:
    """What one network says of target and source, and its head, have the same columns."""
    for names in OF_ONE_WIDTH:
        widths = {name: array.shape[1] for name in names if isinstance(array := known.get(name), np.ndarray)}
        if len(set(widths.values())) > 1:
            told = ", ".join(f"{name} {width}" for name, width in widths.items())
            hint = "give all from one layer of one network"
            raise EvidenceError(f"evidence of different numbers of columns: {told}; {hint}")


def frozen(value: object) -> Any:
    """The value with every array in it read-only. Arrays are viewed, not copied."""
    if isinstance(value, np.ndarray):
        view = value.view()
        view.flags.writeable = False
        return view
    if isinstance(value, Mapping):
        return MappingProxyType({key: frozen(item) for key, item in value.items()})
    if is_dataclass(value):
        for item in fields(value):
            part = getattr(value, item.name)
            if isinstance(part, np.ndarray):
                part.flags.writeable = False
            elif is_dataclass(part):
                frozen(part)
    return value


def _matrix(name: str, array: NDArray[Any]) -> NDArray[Any]:
    if array.ndim != 2 or 0 in array.shape:
        raise EvidenceError(f"{name} must be a matrix, one row per sample; got shape {array.shape}")
    return _real(name, array)


def _real(name: str, array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype.kind not in "fiub":
        raise EvidenceError(f"{name} must be real numbers; got {array.dtype}")
    _finite(name, array)
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def _probabilities(name: str, array: NDArray[Any]) -> NDArray[Any]:
    array = _matrix(name, array)
    if (array < 0).any() or (off := np.abs(array.sum(axis=1, dtype=np.float64) - 1)).max() > ROW_SUM_TOLERANCE:
        row = int(np.argmax((array < 0).any(axis=1))) if (array < 0).any() else int(off.argmax())
        raise EvidenceError(
            f"{name} must be rows of probabilities that sum to 1 (row {row} does not); are these logits?"
        )
    return array


def _maps(name: str, array: NDArray[Any]) -> NDArray[Any]:
    if array.ndim < 2 or 0 in array.shape[1:]:
        raise EvidenceError(f"{name} must be one array of numbers per sample; got shape {array.shape}")
    return _real(name, array)


def _embeddings(name: str, array: NDArray[Any]) -> NDArray[Any]:
    if array.ndim != 3 or 0 in array.shape:
        raise EvidenceError(f"{name} must be one matrix per language model, one row per sample; got {array.shape}")
    return _real(name, array)


def _vector(name: str, array: NDArray[Any]) -> NDArray[Any]:
    if array.ndim != 1 or not array.size or array.dtype.kind not in "fiub":
        raise EvidenceError(f"{name} must be a vector of real numbers; got shape {array.shape}, {array.dtype}")
    _finite(name, array)
    return array.astype(np.float64, copy=False)


def _state(name: str, value: object) -> dict[str, NDArray[Any]]:
    if not isinstance(value, Mapping) or not value:
        raise EvidenceError(f"{name} must be arrays by name, such as a state dict; got {type(value).__name__}")
    arrays = {str(key): np.asarray(array) for key, array in value.items()}
    for key, array in arrays.items():
        if array.dtype.kind not in "fiub":
            raise EvidenceError(f"{name}: {key} must be real numbers; got {array.dtype}")
        if not np.isfinite(array).all():
            raise EvidenceError(f"{name}: {key} holds values that are NaN or infinite")
    return arrays


def _labels(name: str, array: NDArray[Any]) -> NDArray[Any]:
    """Classes become 0..K-1 (int64), multi-label 0/1 (int8), regression targets float64 (N, R)."""
    if array.ndim not in (1, 2) or 0 in array.shape:
        raise EvidenceError(f"{name} must be one value, or one row, per sample; got shape {array.shape}")
    if array.dtype.kind == "f":
        _finite(name, array)
        table = array.astype(np.float64).reshape(len(array), -1)
        return table.astype(np.int8) if table.shape[1] > 1 and np.isin(table, (0, 1)).all() else table
    if array.dtype.kind not in "iubUS":
        raise EvidenceError(f"{name} must be integers, strings or floats; got {array.dtype}")
    if array.ndim == 2 and array.shape[1] > 1:
        if not np.isin(array, (0, 1)).all():
            raise EvidenceError(f"{name} with several columns must be 0/1 (multi-label) or float (regression targets)")
        return array.astype(np.int8)
    return np.unique(array.ravel(), return_inverse=True)[1].astype(np.int64)


def _finite(name: str, array: NDArray[Any]) -> None:
    if not np.isfinite(array).all():
        bad = ~np.isfinite(array.reshape(len(array), -1)).all(axis=1)
        count = int((~np.isfinite(array)).sum())
        raise EvidenceError(f"{name}: {count} values are NaN or infinite, the first in row {int(bad.argmax())}")


_FORMS: Mapping[str, Callable[[str, NDArray[Any]], NDArray[Any]]] = {
    "features": _matrix,
    "reference_features": _matrix,
    "source_features": _matrix,
    "common_features": _matrix,
    "common_source_features": _matrix,
    "source_probabilities": _probabilities,
    "source_logits": _matrix,
    "label_embeddings": _embeddings,
    "source_own_probabilities": _probabilities,
    "source_labels": _labels,
    "labels": _labels,
    "source_members": _labels,
    "source_labels_of_target": _labels,
    "head_weight": _matrix,
    "head_bias": _vector,
    "initial_features": _matrix,
    "probe_features": _matrix,
    "attributions": _maps,
    "probe_attributions": _maps,
    "earlier_attributions": _maps,
    "auxiliary_scores": _matrix,
    "task_embedding": _vector,
    "source_embedding": _vector,
    "pool_losses": _matrix,
}
