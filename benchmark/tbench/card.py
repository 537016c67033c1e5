"""What a metric minds and what it does not, measured on made-up features: its invariance card."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tbench.contract import invented
from tbench.errors import Inapplicable
from tbench.evidence.changed import LABELS, SAMPLES_OF
from tbench.evidence.graph import Evidence, Root
from tbench.metric import Catalogue, Metric
from tbench.stopwatch import one_thread

SAMPLES, CLASSES = 400, 8
WIDTHS = (64, 128, 256, 512, 1024)  # of features that know nothing of the labels
SIGNAL = 2.0  # norm of the class means of features that do, in sd of their noise, at the first width
ROUNDING = 1e-9  # relative size below which a difference of scores is rounding noise
WRONG = 0.2  # share of labels that are drawn anew

OF_COLUMNS = ("features", "source_features", "reference_features")  # what has the columns of the candidate's features
OF_SAMPLES, OF_LABELS = tuple(SAMPLES_OF), (LABELS,)

Arrays = Mapping[str, object]
Rows = NDArray[np.float64]


@dataclass(frozen=True)
class Cell:
    """A number, or why there is none."""

    value: float | None = None
    why: str = ""


def _ratio(part: float, whole: float, why: str) -> Cell:
    return Cell(part / abs(whole)) if whole else Cell(0.0) if not part else Cell(why=why)


@dataclass(frozen=True)
class Card:
    """changes: by how much of itself the score of features with a signal changes, by the name of the change. wrong: the
    share that some wrong labels take of what labels are worth, the score less that for labels without any meaning.
    noise: the score of features that know nothing, by their width. signal: what signal is worth, the score of features
    that know something less that of those that do not, at the first width. draws: it asks for a seed.
    """

    changes: Mapping[str, Cell]
    wrong: Cell
    noise: Mapping[int, Cell]
    signal: Cell
    draws: bool

    @property
    def width(self) -> Cell:
        """How far width alone moves the score, in units of what signal is worth."""
        missing = [cell for cell in (*self.noise.values(), self.signal) if cell.value is None]
        if missing:
            return missing[0]
        scores = [cell.value or 0.0 for cell in self.noise.values()]
        return _ratio(max(scores) - min(scores), self.signal.value or 0.0, "signal is worth nothing")

    @property
    def remarks(self) -> tuple[str, ...]:
        """Why cells are empty, each reason once, and whether draws move the score."""
        found = dict.fromkeys(cell.why for cell in (*self.changes.values(), self.wrong, self.width) if cell.why)
        return (*found, *(["draws at random"] if self.draws else []))


class Bench:
    """The made-up evidence that metrics are tried on, shared by all of them. Always the same."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._noise = {width: self._graph(_made(width, 0.0)) for width in WIDTHS}
        base = _made(WIDTHS[0], SIGNAL)
        self._base = self._graph(base)
        self._changed = {name: self._graph(change(base)) for name, (change, _) in CHANGES.items()}
        self._wrong = self._graph(labels_drawn(base, WRONG))
        self._meaningless = self._graph(labels_drawn(base, 1.0))

    def card(self, metric: Metric) -> Card:
        """Whatever the metric raises but Inapplicable is raised."""
        roots = {root for need in metric.asked for root in self._base.below(need)}
        with one_thread(), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            before = self._score(metric, self._base)
            changes = {
                name: NOT_ASKED[touched]
                if roots.isdisjoint(touched)
                else _change(before, self._score(metric, self._changed[name]))
                for name, (_, touched) in CHANGES.items()
            }
            wrong = noise = signal = None
            if LABELS in roots:
                wrong = _lost(before, self._score(metric, self._wrong), self._score(metric, self._meaningless))
            if "features" in roots:
                noise = {width: self._score(metric, self._noise[width]) for width in WIDTHS}
                signal = _difference(before, noise[WIDTHS[0]])
        none = NOT_ASKED[OF_COLUMNS]
        return Card(changes, wrong or NOT_ASKED[OF_LABELS], noise or {}, signal or none, "seed" in roots)

    def _graph(self, arrays: Arrays) -> Evidence:
        roots = {name: Root.of(value) for name, value in arrays.items()}
        return Evidence(roots, self._catalogue.nodes, whose="made-up evidence")

    def _score(self, metric: Metric, evidence: Evidence) -> Cell:
        try:
            return Cell(metric.judge(evidence).value)
        except Inapplicable as answer:
            return Cell(why=str(answer))


def _made(width: int, signal: float) -> Arrays:
    """Features of unit variance whose class means have one norm, and all other evidence."""
    draws = np.random.default_rng(width)
    made = invented(SAMPLES, width, CLASSES, CLASSES)
    rows, means = draws.normal(size=(SAMPLES, width)), draws.normal(size=(CLASSES, width))
    means *= signal / np.linalg.norm(means, axis=1, keepdims=True)
    return {**made, "features": rows + means[np.asarray(made[LABELS])]}


def columns_permuted(arrays: Arrays) -> Arrays:
    order = np.random.default_rng(0).permutation(WIDTHS[0])
    return _by_columns(arrays, lambda rows: rows[:, order], head=True)


def scaled(arrays: Arrays) -> Arrays:
    return _by_columns(arrays, lambda rows: 10 * rows)


def offset(arrays: Arrays) -> Arrays:
    return _by_columns(arrays, lambda rows: rows + 3)


def rotated(arrays: Arrays) -> Arrays:
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(WIDTHS[0], WIDTHS[0])))[0]
    return _by_columns(arrays, lambda rows: rows @ turn, head=True)


def rows_permuted(arrays: Arrays) -> Arrays:
    return _by_samples(arrays, np.random.default_rng(0).permutation(SAMPLES))


def rows_doubled(arrays: Arrays) -> Arrays:
    return _by_samples(arrays, np.tile(np.arange(SAMPLES), 2))


def classes_renamed(arrays: Arrays) -> Arrays:
    return {**arrays, LABELS: np.roll(np.arange(CLASSES), 3)[np.asarray(arrays[LABELS])]}


def labels_drawn(arrays: Arrays, share: float) -> Arrays:
    """That share of the labels drawn anew; some of them come out as they were."""
    draws = np.random.default_rng(0)
    labels = np.array(arrays[LABELS])
    drawn = draws.permutation(SAMPLES)[: round(share * SAMPLES)]
    labels[drawn] = draws.integers(CLASSES, size=len(drawn))
    return {**arrays, LABELS: labels}


CHANGES: Mapping[str, tuple[Callable[[Arrays], Arrays], tuple[str, ...]]] = {
    "rows permuted": (rows_permuted, OF_SAMPLES),
    "columns permuted": (columns_permuted, OF_COLUMNS),
    "times 10": (scaled, OF_COLUMNS),
    "plus 3": (offset, OF_COLUMNS),
    "rotated": (rotated, OF_COLUMNS),
    "rows doubled": (rows_doubled, OF_SAMPLES),
    "classes renamed": (classes_renamed, OF_LABELS),
}
"""What is done to the evidence, and the evidence that it changes."""
NOT_ASKED: Mapping[tuple[str, ...], Cell] = {
    OF_SAMPLES: Cell(why="asks for nothing per sample"),
    OF_COLUMNS: Cell(why="asks for no features"),
    OF_LABELS: Cell(why="asks for no labels"),
}


def _by_columns(arrays: Arrays, change: Callable[[Rows], Rows], *, head: bool = False) -> Arrays:
    """head: whether the head, which has these columns, too, follows."""
    names = (*OF_COLUMNS, "head_weight") if head else OF_COLUMNS
    return {**arrays, **{name: change(np.asarray(arrays[name])) for name in names}}


def _by_samples(arrays: Arrays, rows: NDArray[np.int64]) -> Arrays:
    found = {name: np.take(np.asarray(arrays[name]), rows, axis) for name, axis in SAMPLES_OF.items() if name in arrays}
    return {**arrays, **found}


def _difference(one: Cell, other: Cell) -> Cell:
    if one.value is None or other.value is None:
        return one if one.value is None else other
    found = one.value - other.value
    return Cell(found if abs(found) > ROUNDING * max(abs(one.value), abs(other.value)) else 0.0)


def _change(before: Cell, after: Cell) -> Cell:
    """Of the score before."""
    change = _difference(after, before)
    if before.value is None or change.value is None:
        return change
    return _ratio(abs(change.value), before.value, "the score is 0")


def _lost(before: Cell, after: Cell, meaningless: Cell) -> Cell:
    worth, lost = _difference(before, meaningless), _difference(before, after)
    if worth.value is None or lost.value is None:
        return worth if worth.value is None else lost
    return Cell(lost.value / worth.value) if worth.value else Cell(why="labels are worth nothing")
