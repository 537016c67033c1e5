"""Evidence in its standard form, or a line that says what is wrong with it."""

from __future__ import annotations

import numpy as np
import pytest

from tbench.errors import EvidenceError
from tbench.evidence.admission import admit, check_lengths, check_widths


@pytest.mark.parametrize(
    ("given", "standard"),
    [
        ([7, 3, 7, 9], [1, 0, 1, 2]),
        (["cat", "ant", "cat", "dog"], [1, 0, 1, 2]),
        (np.array([[2], [0], [2], [5]]), [1, 0, 1, 2]),
        ([True, False, True, True], [1, 0, 1, 1]),
    ],
)
def test_classes_are_renumbered(given: object, standard: list[int]) -> None:
    labels = admit("labels", given)
    assert isinstance(labels, np.ndarray)
    assert labels.dtype == np.int64
    assert labels.tolist() == standard


def test_floats_are_regression_targets() -> None:
    labels = admit("labels", np.array([0.0, 1.0, 3.0]))
    assert isinstance(labels, np.ndarray)
    assert (labels.shape, labels.dtype) == ((3, 1), np.float64)


@pytest.mark.parametrize("kind", [np.int64, np.float64, np.bool_])
def test_several_columns_of_zero_and_one_are_multi_label(kind: type) -> None:
    labels = admit("labels", np.array([[0, 1], [1, 1], [0, 0]], dtype=kind))
    assert isinstance(labels, np.ndarray)
    assert (labels.shape, labels.dtype) == ((3, 2), np.int8)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("features", [[1.0, np.nan], [np.inf, 2.0]], "features: 2 values are NaN or infinite, the first in row 0"),
        ("features", [1.0, 2.0], "features must be a matrix"),
        ("features", np.zeros((0, 3)), "features must be a matrix"),
        ("features", [["a", "b"]], "features must be real numbers"),
        ("features", [[1j, 2]], "features must be real numbers"),
        ("labels", np.zeros((2, 2, 2), int), "labels must be one value, or one row, per sample"),
        ("labels", np.array([[0, 1], [2, 1]]), "labels with several columns must be 0/1"),
        ("labels", [0.5, np.nan], "labels: 1 values are NaN"),
        ("labels", np.array([1j, 2]), "labels must be integers, strings or floats"),
        ("source_probabilities", [[0.5, 0.5], [3.0, -2.0]], r"sum to 1 \(row 1 does not\); are these logits"),
        ("source_probabilities", [[0.5, 0.5], [0.7, 0.7]], r"sum to 1 \(row 1 does not\); are these logits"),
        ("source_probabilities", [[0.0, 0.0], [0.5, 0.5]], r"row 0 does not"),
        ("source_logits", [1.0, 2.0], "source_logits must be a matrix"),
        ("label_embeddings", np.ones((3, 2)), r"one matrix per language model, one row per sample; got \(3, 2\)"),
        ("label_embeddings", np.full((1, 2, 2), np.nan), "label_embeddings: 4 values are NaN or infinite"),
        ("source_features", [1.0, 2.0], "source_features must be a matrix"),
        ("source_labels", np.array([[0, 1], [2, 1]]), "source_labels with several columns must be 0/1"),
        ("head_bias", [[1.0, 2.0]], r"head_bias must be a vector of real numbers; got shape \(1, 2\), float64"),
        ("head_bias", [0.0, np.nan], "head_bias: 1 values are NaN or infinite, the first in row 1"),
        ("attributions", [1.0, 2.0], "attributions must be one array of numbers per sample"),
        (
            "attributions",
            np.full((2, 3, 2, 2), np.nan),
            "attributions: 24 values are NaN or infinite, the first in row",
        ),
    ],
)
def test_refused_in_one_line(name: str, value: object, told: str) -> None:
    with pytest.raises(EvidenceError, match=told) as caught:
        admit(name, value)
    assert "\n" not in str(caught.value)


def test_admitted_arrays_are_read_only_and_the_callers_stay_writeable() -> None:
    mine = np.ones((3, 2))
    admitted = admit("features", mine)
    assert isinstance(admitted, np.ndarray)
    assert not admitted.flags.writeable
    assert mine.flags.writeable


def test_lengths_are_compared() -> None:
    with pytest.raises(EvidenceError, match="features 3, labels 2"):
        check_lengths({"features": np.ones((3, 2)), "labels": np.zeros(2, int)})
    check_lengths({"features": np.ones((3, 2)), "labels": np.zeros(3, int), "seed": 1})


def test_lengths_of_the_source_are_their_own() -> None:
    given = {"features": np.ones((3, 2)), "source_features": np.ones((5, 2)), "source_labels": np.zeros(5, int)}
    check_lengths(given)
    with pytest.raises(EvidenceError, match="source_features 5, source_labels 4"):
        check_lengths(given | {"source_labels": np.zeros(4, int)})


def test_widths_of_one_network_are_compared() -> None:
    given = {"features": np.ones((3, 2)), "source_features": np.ones((5, 2)), "probe_features": np.ones((3, 7))}
    check_widths(given)
    with pytest.raises(EvidenceError, match="features 2, source_features 2, head_weight 4; give all from one layer"):
        check_widths(given | {"head_weight": np.ones((6, 4))})


def test_maps_keep_their_form() -> None:
    maps = admit("attributions", np.ones((4, 3, 2, 2), dtype=int))
    assert isinstance(maps, np.ndarray)
    assert (maps.shape, maps.dtype) == ((4, 3, 2, 2), np.float64)
