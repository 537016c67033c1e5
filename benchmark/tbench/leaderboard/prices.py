"""Tables of cost, as in TransRate (ICML 2022), and stricter; and what the seconds went to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tbench.leaderboard.board import Board
from tbench.leaderboard.cost import Bill, Price
from tbench.leaderboard.seconds import Seconds
from tbench.leaderboard.tables import ESTIMATED, TRAINS, Section, Table, about, counted, seconds, times

DEAR = 0.05  # of the seconds of all extraction: evidence that took as much has a row of its own

HEADER = (
    "",
    "cells",
    "own s",
    "+ evidence s",
    "+ extraction s",
    "best run: speed-up",
    "strict",
    "sweep: speed-up",
    "strict",
)


def cost_section(board: Board) -> Section:
    bill = board.bill
    title = "What it costs"
    if bill is None:
        return Section("cost", title, ("No score with its seconds yet.",), ())
    datasets = len({dataset for dataset, _, _ in board.truths}) or len(board.frame.datasets)
    pool = f"{counted(len(board.frame.candidates), 'candidate')}, {counted(datasets, 'dataset')}"
    said = [
        f"Sums over {counted(bill.cells, 'cell')} (candidate × dataset × seed: {pool}, "
        f"{counted(len(board.seeds), 'seed')}), on one machine: {bill.machine}. Each cell is charged as if it stood "
        "alone: evidence that metrics share is charged to each of them.",
        "own: the metric's function alone. + evidence: and all that it rests on but the passes through the network. "
        "+ extraction: and those. Speed-up: fine-tuning seconds ÷ metric seconds over the metric's own cells, "
        "TransRate's way without extraction, strict with everything; for the best run of each sweep alone, and for the "
        "whole sweep.",
    ]
    dear = _dear(bill)
    if dear:
        said.append(
            f"Rows of evidence: what took at least {100 * DEAR:.0f} % of the seconds of all extraction, once "
            "for each cell, however many metrics share it. All of it is in cost.csv."
        )
    if bill.estimated:
        tried = " / ".join(f"{steps} steps of one run by protocol {protocol}" for steps, protocol in bill.tried)
        said.append(
            f"{ESTIMATED} rests on estimates: {counted(bill.estimated, 'cell')} of {bill.cells:,} had no fine-tuning "
            f"here; what it would take is extrapolated from {tried}."
        )
    if bill.left_out:
        said.append(f"Left out here, measured elsewhere or without seconds: {counted(bill.left_out, 'record')}.")
    order = [line.metric for line in board.whole.blocks]
    shown = [price for price in bill.prices if price.metric in order]
    prices = sorted(shown, key=lambda price: order.index(price.metric))
    if any(price.metric.trains for price in prices):
        said.append(f"{TRAINS} trains on the target: something is fitted to its labels, or to its images, on the way.")
    return Section(
        "cost",
        title,
        tuple(said),
        (
            ("Wall-clock seconds", _table(bill, prices, dear, lambda spent: spent.wall)),
            ("CPU seconds", _table(bill, prices, dear, lambda spent: spent.cpu)),
            ("What scores spend their seconds on", _spendings(bill, [price.metric.label for price in prices])),
        ),
        (
            "What scores spend their seconds on: evidence, once for each cell, however many metrics share it, and the "
            "metrics' own seconds, each under one head. Training on the target: also where the metric itself does it; "
            "losses of a whole pool come with the passes behind them. Optimal transport: own seconds of what asks for "
            "couplings. Optimisation: of what solves a convex or iterative programme. Closed form: of all others, and "
            "all other evidence.",
        ),
    )


def _dear(bill: Bill) -> list[str]:
    passes = Seconds.sum(spent for _, spent in bill.extraction.values())
    return [node for node, (_, spent) in bill.evidence.items() if spent.wall > 0 and spent.wall >= DEAR * passes.wall]


def _spendings(bill: Bill, everybody: Sequence[str]) -> Table:
    header = ("", "metrics", "cells", "s", "s per cell", "CPU s", "CPU s per cell")
    rows = []
    for spending in bill.spendings:
        parts = (
            part for total in (spending.seconds.wall, spending.seconds.cpu) for part in (total, total / spending.cells)
        )
        rows.append((spending.kind, _which(spending.metrics, everybody), f"{spending.cells:,}", *map(seconds, parts)))
    return Table(header, tuple(rows), "llrrrrr")


def _which(labels: Sequence[str], everybody: Sequence[str]) -> str:
    """Those, or all but the others, whichever is shorter."""
    others = sorted(set(everybody) - set(labels))
    if not others:
        return f"all {len(everybody)}"
    return ", ".join(labels) if len(labels) <= len(others) else f"all but {', '.join(others)}"


def _table(bill: Bill, prices: Sequence[Price], dear: Sequence[str], of: Callable[[Seconds], float]) -> Table:
    rows: list[tuple[str, ...]] = []
    cells = f"{bill.cells:,}"
    if bill.sweep and bill.best:
        sweep, best = (about(seconds(of(spent)), estimated=bill.estimated > 0) for spent in (bill.sweep, bill.best))
        rows.append(("fine-tuning, whole sweep", cells, sweep, "", "", "", "", "1×", "1×"))
        rows.append(("fine-tuning, best run alone", cells, best, "", "", "1×", "1×", "", ""))
    for node, (count, spent) in bill.extraction.items():
        rows.append((f"extraction: {node}", f"{count:,}", seconds(of(spent)), *[""] * 6))
    for node in dear:
        count, spent = bill.evidence[node]
        rows.append((f"evidence: {node}", f"{count:,}", seconds(of(spent)), *[""] * 6))
    for price in prices:
        own = of(price.own)
        without = own + of(price.evidence)
        strict = without + of(price.extraction)
        tuned = [of(spent) if spent else None for spent in (price.best, price.sweep)]
        rows.append(
            (
                f"{price.metric.label} {TRAINS}" if price.metric.trains else price.metric.label,
                f"{price.cells:,}",
                seconds(own),
                seconds(without),
                seconds(strict),
                *(
                    about(times(dear, cheap), estimated=price.estimated > 0)
                    for dear in tuned
                    for cheap in (without, strict)
                ),
            )
        )
    return Table(HEADER, tuple(rows), "l" + "r" * (len(HEADER) - 1))
