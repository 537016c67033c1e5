"""Whether the bound of `tta` bounds: fixed maps against last layers that are fitted to real features of mini.

The bound is of what the best head loses. So it must hold for a head fitted to the same images, and for one that carries
over to other images; a head that fits a hundred images by heart loses more on others than any bound of the best says.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from tbench.evidence.graph import Evidence, Root
from tbench.metric import Catalogue
from tbench.stock import Stock
from tbench_metrics.tta.head import Head

CANDIDATES = ("mini/resnet-mix", "mini/resnet-texture")  # of a hundred source classes, and of twenty
TARGETS = ("mini/digits", "mini/letters", "mini/typeface", "mini/texture")
CEILING = 0.2
BY_HEART = {  # where a last layer that is hardly held back loses more on images it has not seen
    ("mini/resnet-mix", "mini/digits"),
    ("mini/resnet-mix", "mini/typeface"),
    ("mini/resnet-texture", "mini/digits"),
    ("mini/resnet-texture", "mini/letters"),
    ("mini/resnet-texture", "mini/typeface"),
}


@dataclass(frozen=True)
class Cell:
    """What tta says of a candidate on a target, and the target's features, as the bound has them standardised."""

    terms: dict[str, float]
    rows: np.ndarray
    labels: np.ndarray
    unseen: np.ndarray  # the target's own test split, standardised as the training images are
    classes: np.ndarray  # of these

    def losses(self, penalty: float) -> tuple[float, float]:
        """Mean cross-entropies in nats, on the images it is fitted to and on others, of a last layer with its bias."""
        tuned = LogisticRegression(C=1 / penalty, max_iter=5000).fit(self.rows, self.labels)
        seen, unseen = (tuned.predict_proba(rows) for rows in (self.rows, self.unseen))
        return log_loss(self.labels, seen), log_loss(self.classes, unseen)


@pytest.fixture(scope="module")
def cells() -> dict[tuple[str, str], Cell]:
    stock, catalogue = Stock(), Catalogue.installed()

    def made(candidate: str, target: str) -> Cell:
        source = stock.split(stock.candidate(candidate).source, "val", 0)  # a thousand, where a run has two thousand
        test = stock.split(target, "test", 0)
        roots = stock.roots(candidate, target, 0) | {
            "source_images": Root.of(source.images),
            "source_labels": Root.of(source.labels),
            **{name: Root.of(value) for name, value in {"device": "cpu", "precision": "float32", "seed": 0}.items()},
        }
        known = Evidence(roots, catalogue.nodes, whose=candidate)
        others = Evidence(roots | {"images": Root.of(test.images)}, catalogue.nodes, whose=candidate)
        rows = known["features"].astype(np.float64)
        mean, spread = rows.mean(axis=0), rows.std(axis=0)
        assert spread.all()
        unseen = (others["features"] - mean) / spread
        terms = dict(catalogue.metric("tta:form=fixed").judge(known).terms)
        return Cell(terms, (rows - mean) / spread, known["labels"], unseen, test.labels)

    return {(candidate, target): made(candidate, target) for candidate in CANDIDATES for target in TARGETS}


def test_terms_make_up_the_bound(cells: dict[tuple[str, str], Cell]) -> None:
    for cell in cells.values():
        terms = cell.terms
        assert terms["converged"] == 1
        assert terms["conditional_entropy"] == 0
        parts = terms["weighted_source_loss"] + terms["gradient_norm"] * terms["wasserstein"]
        assert terms["bound"] == pytest.approx(parts, rel=1e-12)
        assert terms["target_loss"] < terms["bound"]  # of the source's head, which the bound is derived for


@pytest.mark.parametrize("penalty", [1.0, 0.01])
def test_the_bound_holds_for_a_last_layer_on_the_images_it_is_fitted_to(
    cells: dict[tuple[str, str], Cell], penalty: float
) -> None:
    assert all(cell.losses(penalty)[0] < cell.terms["bound"] for cell in cells.values())


def test_the_bound_holds_on_the_test_split_for_last_layers_that_are_held_back(
    cells: dict[tuple[str, str], Cell],
) -> None:
    for cell in cells.values():
        assert 0.6 < cell.losses(1.0)[1] < 2.9
        assert cell.losses(1.0)[1] < cell.terms["bound"]
        assert 2.2 < cell.terms["bound"] < 3.4
        published = Head.fitted(cell.rows, cell.labels, CEILING)  # as long a gradient as the bound's own head may have
        assert published.converged
        assert published.losses(cell.unseen, cell.classes).mean() < cell.terms["bound"]


def test_the_bound_fails_on_the_test_split_where_the_last_layer_knows_its_images_by_heart(
    cells: dict[tuple[str, str], Cell],
) -> None:
    broken = {pair for pair, cell in cells.items() if cell.losses(0.01)[1] > cell.terms["bound"]}
    assert broken == BY_HEART
    for pair in BY_HEART:
        seen, unseen = cells[pair].losses(0.01)
        assert 10 * seen < unseen
