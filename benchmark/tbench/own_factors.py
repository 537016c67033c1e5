"""The factors of a suite that was run: gap and variance from features, transferability from stored scores."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from tbench.domain import domain_gap, variance_within
from tbench.errors import Inapplicable, UsageError
from tbench.evidence.graph import Evidence, Node, Root
from tbench.evidence.shelf import Shelf
from tbench.factors import Row
from tbench.leaderboard.sift import sift
from tbench.precision import FLOAT32
from tbench.provenance import device_name
from tbench.results import Record
from tbench.stock import Stock
from tbench.suite import Suite

METRIC = "parameter-distance"
CPU = "cpu"


def rows_of_suite(
    suite: Suite, protocol: str | None, records: Iterable[Record], nodes: Mapping[str, Node], shelf: Shelf
) -> list[Row]:
    """One for each candidate and dataset that has a parameter distance; its T is the geometric mean over seeds.

    Gap and variance are those of the common network's features, of the training images of the first seed. What was not
    pre-trained has no source, hence no gap, and no row. UsageError where nothing is left, or the suite names no common
    network.
    """
    if not suite.common:
        raise UsageError(f"suite {suite.name} names no common network, through which to see gap and variance")
    stock = Stock(suite.probe)
    found: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)
    for record in sift(records, suite.frame(protocol)).scores:
        if record.details.get("label") == METRIC and record.status == "ok" and record.value:
            found[record.key.candidate, record.key.dataset][record.key.seed] = record.value
    rows = list(_rows(suite, stock, found, nodes, shelf))
    if not rows:
        told = f"no {METRIC} of a candidate with a known source"
        raise UsageError(f"suite {suite.name}: {told} is stored; `tbench run --suite {suite.name}` measures them")
    return rows


def _rows(
    suite: Suite,
    stock: Stock,
    found: Mapping[tuple[str, str], Mapping[int, float]],
    nodes: Mapping[str, Node],
    shelf: Shelf,
) -> Iterator[Row]:
    for (candidate, dataset), values in sorted(found.items()):
        roots = stock.roots(candidate, dataset, min(values)) | stock.common(suite.common)
        roots |= {"device": Root.of(CPU, device_name(CPU)), "precision": Root.of(FLOAT32, FLOAT32)}
        seen = Evidence(roots, nodes, shelf, f"{candidate} on {dataset}")
        try:
            gap = domain_gap(seen["common_source_features"], seen["common_features"])
        except Inapplicable:
            continue
        yield Row(
            f"{dataset} after {candidate}",
            gap,
            variance_within(seen["common_features"], seen["labels"]),
            len(seen["labels"]),
            float(np.exp(np.mean(np.log([*values.values()])))),
        )
