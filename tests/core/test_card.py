"""A card says what a score minds: what is known of a metric by its formula is what is measured."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tbench.api import Inapplicable
from tbench.card import CHANGES, CLASSES, SAMPLES, WIDTHS, Bench, Card, Cell
from tbench.metric import Applied, Catalogue, Metric

COLUMNS = {"columns permuted", "times 10", "plus 3", "rotated"}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.installed()


@pytest.fixture(scope="module")
def bench(catalogue: Catalogue) -> Bench:
    return Bench(catalogue)


def stranger(bench: Bench, function) -> Card:
    return bench.card(Metric("spec", "label", "tests 1", Applied("stranger", function, {}, "stranger")))


def moved(card: Card) -> set[str]:
    return {name for name, cell in card.changes.items() if cell.value is not None and cell.value > 1e-6}


@pytest.mark.parametrize(
    ("spec", "minds"),
    [
        ("hscore", set()),
        ("gbc:dims=none", set()),
        ("lfc", {"plus 3"}),
        ("transrate", {"times 10"}),
        ("hscore-shrunk", {"rows doubled"}),
        ("logme", {"times 10", "plus 3", "rows doubled"}),
        ("logme+pca", {"times 10", "rows doubled"}),
    ],
)
def test_what_is_known_by_the_formula_is_measured(
    catalogue: Catalogue, bench: Bench, spec: str, minds: set[str]
) -> None:
    card = bench.card(catalogue.metric(spec))
    assert moved(card) == minds
    assert card.remarks == ()
    assert 0 < (card.wrong.value or 0) < 2


def test_changes_are_of_the_score_before_them(bench: Bench) -> None:
    def length(features: NDArray[np.float64]) -> float:
        return -float(np.abs(features).sum())

    card = stranger(bench, length)
    assert card.changes["times 10"].value == pytest.approx(9)
    assert card.changes["rows doubled"].value == pytest.approx(1)
    assert card.changes["columns permuted"].value == pytest.approx(0, abs=1e-12)
    assert card.changes["classes renamed"] == card.wrong == Cell(why="asks for no labels")
    widths = [-(cell.value or 0) / (SAMPLES * width) for width, cell in card.noise.items()]
    assert widths == pytest.approx([np.sqrt(2 / np.pi)] * len(WIDTHS), rel=0.02)
    spread = max(abs(cell.value or 0) for cell in card.noise.values()) - min(
        abs(cell.value or 0) for cell in card.noise.values()
    )
    assert card.width.value == pytest.approx(spread / abs(card.signal.value or 0))


def test_wrong_labels_take_their_share_of_what_labels_are_worth(bench: Bench) -> None:
    def first_class(labels: NDArray[np.int64]) -> float:
        return float((labels == np.arange(len(labels)) % CLASSES).mean())

    card = stranger(bench, first_class)
    assert card.wrong.value == pytest.approx(0.2, abs=0.01)
    assert {card.changes[name].why for name in COLUMNS} == {"asks for no features"}
    assert card.changes["classes renamed"].value == 1.0
    assert card.noise == {}
    assert card.width == Cell(why="asks for no features")


def test_who_asks_for_nothing_has_an_empty_card(catalogue: Catalogue, bench: Bench) -> None:
    card = bench.card(catalogue.metric("random"))
    assert {cell.value for cell in (*card.changes.values(), card.wrong, card.width)} == {None}
    assert card.remarks[-1] == "draws at random"
    assert set(card.changes) == set(CHANGES)


def test_where_a_metric_is_not_defined_the_card_says_why(bench: Bench) -> None:
    def narrow(features: NDArray[np.float64]) -> float:
        if features.shape[1] > 64:
            raise Inapplicable("too wide")
        return float(features[0, 0])

    card = stranger(bench, narrow)
    assert card.width == Cell(why="too wide")
    assert card.remarks == ("asks for no labels", "too wide")


def test_a_score_of_zero_has_no_relative_change(bench: Bench) -> None:
    def mean_sign(features: NDArray[np.float64]) -> float:
        return float(features.min() > 0)

    card = stranger(bench, mean_sign)
    assert card.changes["times 10"].value == 0.0
    assert card.width == Cell(0.0)
    assert stranger(bench, lambda features: float(len(features) - SAMPLES)).changes["rows doubled"] == Cell(
        why="the score is 0"
    )


def test_what_a_metric_raises_is_raised(bench: Bench) -> None:
    def broken(features: NDArray[np.float64]) -> float:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stranger(bench, broken)


def test_on_noise_of_growing_width_calibrated_logme_stays_at_zero_and_logme_does_not(
    catalogue: Catalogue, bench: Bench
) -> None:
    for form in ("logme", "logme:as=thuml"):
        calibrated = bench.card(catalogue.metric(f"{form}+calibrated"))
        assert all(abs(cell.value or np.inf) < 2 for cell in calibrated.noise.values())
        raw = bench.card(catalogue.metric(form))
        sd = (raw.signal.value or 0) / (calibrated.signal.value or np.inf)  # about that of the null of 64 columns
        away = [abs((cell.value or 0) - (raw.noise[WIDTHS[0]].value or 0)) / sd for cell in raw.noise.values()]
        assert away[-1] > 50
