"""The table of the ground truth: what fine-tuning came to."""

from __future__ import annotations

from collections import Counter
from statistics import fmean, stdev

from tbench.leaderboard.board import Board
from tbench.leaderboard.pool import stability
from tbench.leaderboard.tables import NOTHING, Section, Table, by_columns, counted, percent, tau, with_best
from tbench.leaderboard.truth import MeanTruth
from tbench.statistics import Mean

LETTERS = {"chance": "c", "diverged": "d"}
FEWER = "s"


def truth_section(board: Board) -> Section:
    """Candidates down, best first, datasets across: test results of the chosen runs."""
    datasets = [name for name in board.frame.datasets if name in board.means]
    title = "Ground truth (test results in %)"
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
            with_best([_cell(truth, len(board.seeds)) for truth in truths], [t.value if t else None for t in truths])
        )
    averages = [everywhere.get(name) for name in order]
    columns.append(with_best([NOTHING if value is None else percent(value) for value in averages], averages))
    spreads = [_spreads(list(board.means[dataset].values())) for dataset in datasets]
    rows = (*by_columns(*columns), ("sd of candidates", *(between for between, _ in spreads), ""))
    if len(board.seeds) > 1:
        rows += (("sd of seeds, mean", *(of_seeds for _, of_seeds in spreads), ""),)
        stable = [stability(board.truths, dataset, board.seeds) for dataset in datasets]
        for words, measure in (("Spearman", "spearman"), ("τ_w", "tau_w")):
            values = [getattr(one, measure) for one in stable]
            rows += ((f"{words} between seeds", *(map(tau, values)), tau(Mean.of(values).value)),)
    header = ("candidate", *(board.names[dataset] for dataset in datasets), "mean")
    table = Table(header, rows, "l" + "r" * (len(header) - 1))
    return Section("truth", title, _about(board, datasets), (("", table),))


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


def _about(board: Board, datasets: list[str]) -> tuple[str, ...]:
    runs = [run for truth in board.truths.values() for run in truth.runs]
    measures = {str(run.details.get("measure", "accuracy")) for run in runs}
    if len(measures) == 1:
        measured = f"Measure: {measures.pop()}."
    else:
        of = {run.key.dataset: str(run.details.get("measure", "accuracy")) for run in runs}
        measured = f"Measure: {', '.join(f'{board.names[name]} {of[name]}' for name in datasets)}."
    training = Counter(str(run.details.get("training", "ok")) for run in runs)
    said = [
        measured
        + (" Mean over seeds ± sd." if len(board.seeds) > 1 else "")
        + f" {counted(len(runs), 'run')}, of which {training['diverged']:,} diverged and "
        f"{training['chance']:,} stayed at chance."
        + (f" {training['stopped']:,} were stopped early, for better ones to go on." if training["stopped"] else "")
    ]
    legend = (
        "c: the chosen run stayed at chance (for one seed at least); d: it diverged; s: fewer seeds than elsewhere."
    )
    shown = [truth for dataset in datasets for truth in board.means[dataset].values()]
    if any(truth.training or truth.seeds < len(board.seeds) for truth in shown):
        said.append(legend)
    if failed := sum(len(truth.runs) < len(board.frame.runs) for truth in board.truths.values()):
        said.append(
            f"In {failed:,} of {counted(len(board.truths), 'sweep')} a run failed; the best of the others is taken."
        )
    return tuple(said)
