"""The sections of a published suite's page, as text in tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tbench.leaderboard.tables import NOTHING, PARTIAL, Section, Table, by_columns, marked, tau, with_best
from tbench.published.ceiling import ceiling_section
from tbench.published.cells import replay_section
from tbench.published.facts import Published
from tbench.published.findings import Findings
from tbench.published.following import worth_sections
from tbench.published.lineup import ranked as coverage
from tbench.published.printed import printed_section
from tbench.published.rankings import Board, Line, Truth
from tbench.published.spread import HEADER, spread
from tbench.published.sureness import sureness_sections

ELSEWHERE = "Measured by the authors on machines of theirs; not to be compared with seconds measured elsewhere."


def sections(findings: Findings) -> Iterator[Section]:
    """In the order in which they are read."""
    published, verdicts, pools = findings.published, findings.verdicts, findings.pools
    yield replay_section(verdicts)
    if any(board.lines for board in findings.boards):
        yield _agreement_section(findings.boards)
    if printed := printed_section(published, verdicts, pools):
        yield printed
    yield from sureness_sections(findings)
    yield from worth_sections(published, pools)
    if pools:
        yield ceiling_section(published, pools)
    yield _times_section(published)
    if published.truth:
        yield _truth_section(published)


def _agreement_section(ranked: Sequence[Board]) -> Section:
    before = (
        "Weighted Kendall τ (SciPy's default) of the published scores with the published truth, larger is better. "
        "Floors take no features: parameters, FLOPs (multiply-accumulates for one image) and ImageNet top-1 of the "
        "network as torchvision or timm list it, and each candidate's mean rank on the other datasets of its pool, "
        "which knows their truth. A constant, the same score for all, orders nothing: it has no τ_w. "
        f"{PARTIAL}: candidates or datasets are missing, so that the mean cannot be compared; bold: the best metric.",
    )
    tables = tuple((board.title, _agreement_table(board)) for board in ranked if board.lines)
    return Section("agreement", "How the scores rank", before, tables)


def _agreement_table(board: Board) -> Table:
    heads = [dataset if board.title else pool for pool, dataset in board.truths]
    columns = [[f"*floor:* {line.metric}" if line.floor else line.metric for line in board.lines]]
    for truth in board.truths:
        shown = [tau(line.rankings[truth].agreement.tau_w) for line in board.lines]
        columns.append(with_best(shown, [_competing(line, truth) for line in board.lines]))
    means = [marked(tau(line.mean.value), partial=not line.whole) for line in board.lines]
    rated = [line.mean.value if line.whole and not line.floor else None for line in board.lines]
    columns.append(with_best(means, rated))
    columns.append([coverage(line) for line in board.lines])
    null = tau(board.chance.quantile if board.chance else None)
    last = ("random orders, 95 % quantile of the mean", *[""] * len(heads), null, "")
    header = ("metric", *heads, "mean", "candidates")
    return Table(header, (*by_columns(*columns), last), "l" + "r" * (len(header) - 1))


def _competing(line: Line, truth: Truth) -> float | None:
    ranking = line.rankings[truth]
    return ranking.agreement.tau_w if ranking.of == ranking.total and not line.floor else None


def _truth_section(published: Published) -> Section:
    before = (
        "Spread is highest minus lowest. The narrower it is, and the more pairs are tied, the less an order can tell.",
    )
    rows = tuple(tuple(_figure(cell) for cell in spread(published, truth)) for truth in published.truth)
    return Section("truth", "The ground truth", before, (("", Table(HEADER, rows, "ll" + "r" * 7 + "l")),))


def _times_section(published: Published) -> Section:
    rows = tuple((time.setting, time.method, time.seconds, time.speedup or NOTHING) for time in published.times)
    if not rows:
        return Section("times", "What it cost", ("Not known: no seconds were published.",), ())
    table = Table(("setting", "method", "seconds", "speed-up over fine-tuning"), rows, "llrr")
    return Section("times", "Seconds, as printed", (ELSEWHERE,), (("", table),))


def _figure(cell: str | int | float) -> str:
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)
