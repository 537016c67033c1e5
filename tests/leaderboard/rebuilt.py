"""A committed board as it follows from the tables beside its page, and the suites that are installed today."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

from tbench.garbage import uncollected
from tbench.leaderboard.board import Board, make_board
from tbench.leaderboard.cost import Bill, Price
from tbench.leaderboard.metrics import Metric
from tbench.leaderboard.seconds import Seconds
from tbench.leaderboard.spending import Kind, Spending
from tbench.metric import Catalogue
from tbench.suite import Suite, load_suite

from .readback import Row, records_of, rows_of

MADE_BY = re.compile(r"^This page was made .* by `tbench publish --suite (\S+) --protocol (\S+)`\.$", re.MULTILINE)


@dataclass(frozen=True)
class Rebuilt:
    """page: as it is committed. board: made anew. Its bill is that of cost.csv, counted: what scores and runs say."""

    folder: Path
    page: str
    suite: Suite
    board: Board
    counted: Bill

    @classmethod
    def of(cls, folder: Path) -> Rebuilt:
        page = (folder / "README.md").read_text(encoding="utf-8")
        made = MADE_BY.search(page)
        assert made, f"{folder.name}/README.md does not end with the command that made it"
        suite = load_suite(made[1])
        frame = suite.frame(made[2])
        with uncollected():
            board = make_board(records_of(folder, frame), frame)
        assert board.bill
        priced = replace(board, bill=_bill(rows_of(folder / "cost.csv"), board.bill, board.metrics))
        return cls(folder, page, suite, priced, board.bill)


def missing(of: Rebuilt) -> Iterator[str]:
    """What the suite asks for today and the tables lack; of mini that is every metric that tbench brings."""
    scores, catalogue = of.board.sifted.scores, Catalogue.installed()
    wanted = [*of.suite.metrics, *of.suite.floors]
    if of.suite.name == "mini":
        wanted += [name for name in catalogue.metrics.names() if not catalogue.metric(name).foreign]
    there = {*scores.texts("spec")}
    yield from (f"metric {label}" for label in dict.fromkeys(wanted) if catalogue.metric(label).spec not in there)
    pairs = {*zip(scores.texts("candidate"), scores.texts("dataset"), strict=True)}
    yield from (
        f"{candidate} on {dataset}"
        for dataset in of.suite.datasets
        for candidate in of.suite.pool(dataset)
        if (candidate, dataset) not in pairs
    )


def _bill(rows: list[Row], counted: Bill, metrics: tuple[Metric, ...]) -> Bill:
    """With the seconds of cost.csv; whose they were it does not tell where they are summed over metrics."""
    nodes: dict[str, dict[str, tuple[int, Seconds]]] = {"extraction": {}, "evidence": {}}
    spendings: list[Spending] = []
    prices: list[Price] = []
    known: Mapping[str, Metric] = {metric.spec: metric for metric in metrics}
    kinds: tuple[Kind, ...] = get_args(Kind)
    for row in rows:
        head, _, name = row["item"].partition(": ")
        cells = int(row["cells"])
        if head in nodes:
            nodes[head][name] = cells, _seconds(row, head)
        elif head == "spent":
            spendings.append(Spending(kinds[kinds.index(name)], (), cells, _seconds(row, "own")))
        else:
            parts = [_seconds(row, part) for part in ("own", "evidence", "extraction", "best_run", "sweep")]
            prices.append(Price(known[row["spec"]], cells, *parts, int(row["estimated_cells"]), nodes={}))
    return replace(counted, **nodes, spendings=tuple(spendings), prices=tuple(prices))


def _seconds(row: Row, part: str) -> Seconds:
    return Seconds(float(row[f"{part}_seconds"]), float(row[f"{part}_cpu_seconds"]))
