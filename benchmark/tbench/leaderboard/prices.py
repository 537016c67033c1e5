"""Tables of cost, as in TransRate (ICML 2022), and stricter."""

from __future__ import annotations

from collections.abc import Callable

from tbench.leaderboard.board import Board
from tbench.leaderboard.cost import Bill, Price, Seconds
from tbench.leaderboard.tables import ESTIMATED, Section, Table, about, counted, seconds, times

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
    if bill.estimated:
        tried = " / ".join(f"{steps} steps of one run by protocol {protocol}" for steps, protocol in bill.tried)
        said.append(
            f"{ESTIMATED} rests on estimates: {counted(bill.estimated, 'cell')} of {bill.cells:,} had no fine-tuning "
            f"here; what it would take is extrapolated from {tried}."
        )
    if bill.left_out:
        said.append(f"Left out here, measured elsewhere or without seconds: {counted(bill.left_out, 'record')}.")
    order = [line.metric for floors in (False, True) for line in board.whole.block(floors=floors)]
    shown = [price for price in bill.prices if price.metric in order]
    prices = sorted(shown, key=lambda price: order.index(price.metric))
    return Section(
        "cost",
        title,
        tuple(said),
        (
            ("Wall-clock seconds", _table(bill, prices, lambda spent: spent.wall)),
            ("CPU seconds", _table(bill, prices, lambda spent: spent.cpu)),
        ),
    )


def _table(bill: Bill, prices: list[Price], of: Callable[[Seconds], float]) -> Table:
    rows: list[tuple[str, ...]] = []
    cells = f"{bill.cells:,}"
    if bill.sweep and bill.best:
        sweep, best = (about(seconds(of(spent)), estimated=bill.estimated > 0) for spent in (bill.sweep, bill.best))
        rows.append(("fine-tuning, whole sweep", cells, sweep, "", "", "", "", "1×", "1×"))
        rows.append(("fine-tuning, best run alone", cells, best, "", "", "1×", "1×", "", ""))
    for node, (count, spent) in bill.extraction.items():
        rows.append((f"extraction: {node}", f"{count:,}", seconds(of(spent)), *[""] * 6))
    for price in prices:
        own = of(price.own)
        without = own + of(price.evidence)
        strict = without + of(price.extraction)
        tuned = [of(spent) if spent else None for spent in (price.best, price.sweep)]
        rows.append(
            (
                price.metric.label,
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
