"""The table of the ground truth: what fine-tuning came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from statistics import fmean, stdev

from tbench.leaderboard.board import Board
from tbench.leaderboard.frame import PublishedTruth
from tbench.leaderboard.pool import stability
from tbench.leaderboard.tables import NOTHING, Section, Table, by_columns, counted, percent, tau, with_best
from tbench.leaderboard.truth import MeanTruth
from tbench.statistics import Mean

LETTERS = {"chance": "c", "diverged": "d"}
FEWER = "s"


def truth_section(board: Board) -> Section:
    """Candidates down, best first, datasets across: test results of the chosen runs."""
    datasets = [name for name in board.frame.datasets if name in board.means]
    published = board.frame.published
    title = "Ground truth (published, in %)" if published else "Ground truth (test results in %)"
    if not datasets:
        return Section("truth", title, ("Nothing has been fine-tuned by this protocol yet.",), ())
    everywhere = {
        name: fmean(board.means[dataset][name].value for dataset in datasets)
        for name in board.frame.candidates
        if all(name in board.means[dataset] for dataset in datasets)
    }
    somewhere = [name for name in board.frame.candidates if any(name in board.means[dataset] for dataset in datasets)]
    order = sorted(somewhere, key=lambda name: (name not in everywhere, -everywhere.get(name, 0.0), name))
    columns = [[board.names[name] for name in order]]
    for dataset in datasets:
        truths = [board.means[dataset].get(name) for name in order]
        columns.append(
            with_best([_cell(truth, board.repetitions) for truth in truths], [t.value if t else None for t in truths])
        )
    averages = [everywhere.get(name) for name in order]
    columns.append(with_best([NOTHING if value is None else percent(value) for value in averages], averages))
    spreads = [_spreads(list(board.means[dataset].values())) for dataset in datasets]
    rows = (*by_columns(*columns), ("sd of candidates", *(between for between, _ in spreads), ""))
    if board.repetitions > 1:
        rows += (("sd of seeds, mean", *(of_seeds for _, of_seeds in spreads), ""),)
        stable = [stability(board.truths, dataset, board.seeds) for dataset in datasets]
        for words, measure in (("Spearman", "spearman"), ("τ_w", "tau_w")):
            values = [getattr(one, measure) for one in stable]
            rows += ((f"{words} between seeds", *(map(tau, values)), tau(Mean.of(values).value)),)
    header = ("candidate", *(board.names[dataset] for dataset in datasets), "mean")
    table = Table(header, rows, "l" + "r" * (len(header) - 1))
    about = _citing(board, published, datasets) if published else _about(board, datasets)
    return Section("truth", title, about, (("", table),))


def _cell(truth: MeanTruth | None, seeds: int) -> str:
    if truth is None:
        return NOTHING
    flags = "".join(LETTERS.get(training, training) for training in truth.training)
    flags += FEWER if truth.seeds < seeds else ""
    return percent(truth.value, truth.sd) + (f" {flags}" if flags else "")


def _spreads(truths: list[MeanTruth]) -> tuple[str, str]:
    """Between the candidates, and of the seeds (mean over candidates)."""
    values = [truth.value for truth in truths]
    of_seeds = [truth.sd for truth in truths if truth.sd is not None]
    return (
        percent(stdev(values)) if len(values) > 1 else NOTHING,
        percent(fmean(of_seeds)) if of_seeds else NOTHING,
    )


def _citing(board: Board, published: PublishedTruth, datasets: list[str]) -> tuple[str, ...]:
    """Where the values come from, and what is wrong with them."""
    return (
        f"Nothing was fine-tuned here. The values are those of {published.reference}: {published.source}.",
        f"{_measured(board, published.measures, datasets)} One value for each cell, so that there is no noise "
        "ceiling; no seconds of fine-tuning were published.",
        *published.remarks,
        *(f"Published, but not in this suite: {name} ({why})." for name, why in published.left_out.items()),
    )


def _measured(board: Board, measures: Mapping[str, str], datasets: list[str]) -> str:
    if len(kinds := {measures[name] for name in datasets}) == 1:
        return f"Measure: {kinds.pop()}."
    return f"Measure: {', '.join(f'{board.names[name]} {measures[name]}' for name in datasets)}."


def _about(board: Board, datasets: list[str]) -> tuple[str, ...]:
    runs = [run for truth in board.truths.values() for run in truth.runs]
    measures = {run.key.dataset: str(run.details.get("measure", "accuracy")) for run in runs}
    training = Counter(str(run.details.get("training", "ok")) for run in runs)
    said = [
        _measured(board, measures, datasets)
        + (" Mean over seeds ± sd." if board.repetitions > 1 else "")
        + f" {counted(len(runs), 'run')}, of which {training['diverged']:,} diverged and "
        f"{training['chance']:,} stayed at chance."
        + (f" {training['stopped']:,} were stopped early, for better ones to go on." if training["stopped"] else "")
    ]
    legend = (
        "c: the chosen run stayed at chance (for one seed at least); d: it diverged; s: fewer seeds than elsewhere."
    )
    shown = [truth for dataset in datasets for truth in board.means[dataset].values()]
    if any(truth.training or truth.seeds < board.repetitions for truth in shown):
        said.append(legend)
    if failed := sum(len(truth.runs) < len(board.frame.runs) for truth in board.truths.values()):
        said.append(
            f"In {failed:,} of {counted(len(board.truths), 'sweep')} a run failed; the best of the others is taken."
        )
    return tuple(said)
