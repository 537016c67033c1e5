"""The three measures, against numbers worked out by hand."""

from __future__ import annotations

import numpy as np

from tbench.evaluation import accuracy, mean_average_precision, mean_per_class

LOGITS = np.array([[2.0, 1], [2, 1], [2, 1], [1, 2]])
LABELS = np.array([0, 0, 1, 1])


def test_accuracy_and_mean_per_class() -> None:
    assert accuracy(LOGITS, LABELS) == 3 / 4
    assert mean_per_class(LOGITS[:3], LABELS[:3]) == (1 + 0) / 2
    assert accuracy(LOGITS[:3], LABELS[:3]) == 2 / 3


def test_mean_average_precision_leaves_out_labels_without_a_positive() -> None:
    labels = np.array([[1, 0], [0, 0], [1, 0]])
    scores = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3]])
    assert np.isclose(mean_average_precision(scores, labels), (1 + 2 / 3) / 2)
