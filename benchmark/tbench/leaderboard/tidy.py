"""The numbers behind a page as tidy CSV: sorted, floats as their shortest exact decimals."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence

from tbench.leaderboard.board import Board
from tbench.leaderboard.following import PICKS, random_pick, worth_of
from tbench.leaderboard.frame import Frame, PublishedTruth
from tbench.leaderboard.machine import machine_named, machine_of
from tbench.leaderboard.seconds import Seconds

Row = Sequence[object]

LOT = 10_000  # rows that are made at once


def tidy_files(board: Board) -> dict[str, str]:
    """File name -> content."""
    published = board.frame.published
    return {
        "scores.csv": _csv(SCORES, _scores(board)),
        "truth.csv": _csv(PUBLISHED, _published(published)) if published else _csv(TRUTH, _truth(board)),
        "agreement.csv": _csv(AGREEMENT, _agreement(board)),
        "worth.csv": _csv(WORTH, _worth(board)),
        "cost.csv": _csv(COST, _cost(board)),
    }


def descriptions(frame: Frame) -> dict[str, str]:
    """File name -> what is in it."""
    runs = "every fine-tuning run; chosen: the one that stands for its candidate"
    return {
        "scores.csv": "every score, and every cell that has none, with the reason",
        "truth.csv": "the published values, as shares" if frame.published else runs,
        "agreement.csv": "each metric on each dataset of each pool, mean over seeds",
        "worth.csv": "what following each metric, floor and a random pick comes to, by dataset and seed",
        "cost.csv": "the sums of the tables of cost, and those of variants",
    }


SCORES = (
    "dataset",
    "candidate",
    "metric",
    "seed",
    "status",
    "score",
    "saturated",
    "terms",
    "seconds",
    "cpu_seconds",
    "machine",
    "spec",
    "reason",
)


def _scores(board: Board) -> Iterator[Row]:
    labels, scores = board.labels, board.sifted.scores
    for start in range(0, len(scores), LOT):
        several = scores[start : start + LOT]
        specs = several.texts("spec")
        yield from zip(
            *(several.texts("dataset"), several.texts("candidate"), [labels[spec] for spec in specs]),
            *(several["seed"].tolist(), several.texts("status"), several.floats("value")),
            several.saturated.astype(int).tolist(),
            [json.dumps(terms, sort_keys=True, separators=(",", ":")) if terms else None for terms in several.terms()],
            *(several.floats("seconds"), several.floats("cpu_seconds")),
            several.each("provenance", machine_named),
            specs,
            several.each("reason", str),
            strict=True,
        )


TRUTH = (
    *("dataset", "candidate", "seed", "learning_rate", "weight_decay", "chosen", "status", "validation", "test"),
    *("measure", "training", "seconds", "cpu_seconds", "machine", "spec", "reason"),
)


def _truth(board: Board) -> Iterator[Row]:
    """Runs, and after them calibrations: status estimated, seconds those of a whole sweep."""
    chosen = {truth.best.key for truth in board.truths.values()}
    for record in board.sifted.runs:
        key, told = record.key, record.details
        grid = (told.get("learning_rate"), told.get("weight_decay"), int(key in chosen), record.status)
        yield (
            *(key.dataset, key.candidate, key.seed, *grid, told.get("validation"), record.value),
            *(told.get("measure"), told.get("training"), record.seconds, record.cpu_seconds),
            *(machine_of(record), key.spec, record.reason),
        )
    for record in board.sifted.estimates:
        key, sweep = record.key, record.details.get("sweep", {})
        status = "estimated" if record.status == "ok" else record.status
        yield (
            *(key.dataset, key.candidate, key.seed, None, None, 0, status, None, None, None, None),
            *(sweep.get("seconds"), sweep.get("cpu_seconds"), machine_of(record), key.spec, record.reason),
        )


PUBLISHED = ("dataset", "candidate", "truth", "measure")


def _published(published: PublishedTruth) -> Iterator[Row]:
    for dataset, values in published.values.items():
        for candidate, value in values.items():
            yield dataset, candidate, value, published.measures[dataset]


AGREEMENT = (
    *("pool", "dataset", "metric", "kind", "constant", "tau_w", "tau_w_sd", "tau", "pearson", "spearman"),
    *("seeds", "ranked", "candidates", "spec"),
)


def _agreement(board: Board) -> Iterator[Row]:
    for pool in board.pools:
        for line in sorted((*pool.lines, *pool.variants), key=lambda line: line.metric.label):
            metric = line.metric
            for dataset, ranking in sorted(line.rankings.items()):
                measures = [ranking.mean(measure) for measure in ("tau", "pearson", "spearman")]
                yield (
                    *(pool.title, dataset, metric.label, metric.kind, int(ranking.constant)),
                    *(ranking.tau_w, ranking.sd, *measures),
                    *(len(ranking.by_seed), len(ranking.ranked), ranking.total, metric.spec),
                )


WORTH = ("metric", "kind", "dataset", "seed", "k", "ranked", "candidates", "regret", "rel", "recall", "fidelity")


def _worth(board: Board) -> Iterator[Row]:
    truth = board.whole.truth
    for worth in (*board.worths, worth_of(random_pick(truth), truth)):
        for dataset, cells in worth.cells.items():
            for one in cells:
                for k, pick in zip(PICKS, one.picks, strict=True):
                    values = (pick.regret, pick.rel, pick.recall) if pick else (None, None, None)
                    yield (
                        *(worth.scorer.label, worth.scorer.kind, dataset, one.repeat, k),
                        *(len(one.ranked), worth.totals[dataset], *values, one.fidelity),
                    )


COST = (
    *("item", "cells", "own_seconds", "evidence_seconds", "extraction_seconds"),
    *("own_cpu_seconds", "evidence_cpu_seconds", "extraction_cpu_seconds"),
    *("best_run_seconds", "sweep_seconds", "best_run_cpu_seconds", "sweep_cpu_seconds", "machine", "spec"),
    *("estimated_cells", "trains"),
)


def _cost(board: Board) -> Iterator[Row]:
    bill = board.bill
    if bill is None:
        return
    ending = (*[None] * 4, bill.machine, *[None] * 3)
    for node, (cells, spent) in bill.extraction.items():
        yield f"extraction: {node}", cells, *(None, None, spent.wall), *(None, None, spent.cpu), *ending
    for node, (cells, spent) in bill.evidence.items():
        yield f"evidence: {node}", cells, *(None, spent.wall, None), *(None, spent.cpu, None), *ending
    for spending in bill.spendings:
        yield (
            f"spent: {spending.kind}",
            spending.cells,
            *(spending.seconds.wall, None, None),
            *(spending.seconds.cpu, None, None),
            *ending,
        )
    for price in bill.prices:
        parts = (price.own, price.evidence, price.extraction)
        tuned: list[Seconds | None] = [price.best, price.sweep]
        yield (
            *(price.metric.label, price.cells, *(part.wall for part in parts), *(part.cpu for part in parts)),
            *(spent.wall if spent else None for spent in tuned),
            *(spent.cpu if spent else None for spent in tuned),
            *(bill.machine, price.metric.spec, price.estimated, int(price.metric.trains)),
        )


def _csv(header: Sequence[str], rows: Iterable[Row]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([" ".join(value.split()) if isinstance(value, str) else value for value in row] for row in rows)
    return text.getvalue()
