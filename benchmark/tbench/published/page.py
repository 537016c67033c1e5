"""The page of a published suite: what is known of its numbers, whether they add up, and how its scores rank."""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, fields
from pathlib import Path

import numpy as np

from tbench.errors import TbenchError
from tbench.leaderboard.markdown import markdown, write
from tbench.leaderboard.tables import (
    NOTHING,
    PARTIAL,
    Section,
    Table,
    by_columns,
    counted,
    listed,
    marked,
    tau,
    with_best,
)
from tbench.published.ceiling import ceiling_section
from tbench.published.facts import Published
from tbench.published.following import worth_sections
from tbench.published.lineup import ranked as coverage
from tbench.published.printed import printed_section
from tbench.published.rankings import Board, Line, Truth, boards, by_pool
from tbench.published.rounding import numbers
from tbench.published.sureness import sureness_sections
from tbench.published.verdict import STATUSES, Verdict, counts
from tbench.statistics import Agreement

FILES = {
    "replay.csv": "every printed number beside ours",
    "agreement.csv": "how each score and each floor ranks the candidates, by dataset",
    "spread.csv": "the ground truth of each dataset in figures",
}
SPREAD = ("pool", "dataset", "candidates", "lowest", "median", "highest", "spread", "sd", "tied pairs", "measure")
DATA = "../../benchmark/tbench/published"  # from a page in leaderboards/<suite>


def publish(published: Published, verdicts: Sequence[Verdict], out: Path) -> Path:
    """Write <out>/<suite>/README.md and its CSV files; the path of the page. TbenchError where that cannot be."""
    folder = out / published.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents(published, verdicts).items():
            write(folder / name, content)
    except OSError as error:
        raise TbenchError(f"page {folder} cannot be written: {error.strerror or error}") from error
    return folder / "README.md"


def contents(published: Published, verdicts: Sequence[Verdict]) -> dict[str, str]:
    """File name -> text, of all that the page consists of; a table without rows has no file."""
    ranked = boards(published)
    tables = {
        "replay.csv": ([field.name for field in fields(Verdict)], [astuple(verdict) for verdict in verdicts]),
        "agreement.csv": (
            [
                "pool",
                "dataset",
                "metric",
                "floor",
                *(field.name for field in fields(Agreement)),
                "ranked",
                "candidates",
            ],
            list(_agreements(ranked)),
        ),
        "spread.csv": (list(SPREAD), [_spread(published, truth) for truth in published.truth]),
    }
    files = {name: _csv(header, rows) for name, (header, rows) in tables.items() if rows}
    return {"README.md": _page(published, verdicts, ranked, list(files)), **files}


def cells_section(verdicts: Sequence[Verdict]) -> Section:
    """Every printed number, table by table; how many there are of each status; why what is not exact is not."""
    several = len({verdict.pool for verdict in verdicts}) > 1
    tables = []
    for table, pool in dict.fromkeys((verdict.table, verdict.pool) for verdict in verdicts):
        cells = [verdict for verdict in verdicts if (verdict.table, verdict.pool) == (table, pool)]
        tables.append((f"{table}, {pool}" if several else table, _cells(cells)))
    return Section("replay", "Printed and recomputed", (), tuple(tables), (summary(verdicts), *_reasons(verdicts)))


def _cells(verdicts: Sequence[Verdict]) -> Table:
    columns: dict[str, list[str]] = {
        "dataset": [verdict.dataset for verdict in verdicts],
        "metric": [verdict.metric for verdict in verdicts],
        "statistic": [verdict.statistic for verdict in verdicts],
        "published": [verdict.published for verdict in verdicts],
        "recomputed": [_recomputed(verdict) for verdict in verdicts],
        "status": [verdict.status for verdict in verdicts],
    }
    return Table(tuple(columns), by_columns(*columns.values()), "lllrrl")


def _reasons(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """One line for each reason, with the numbers that it is about."""
    about: dict[tuple[str, str], list[str]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.why:
            about[verdict.status, verdict.why].append(f"{verdict.metric} {verdict.statistic} on {verdict.dataset}")
    for (status, why), cells in about.items():
        yield f"{status}: {why} ({listed(cells, most=4)})."


def summary(verdicts: Sequence[Verdict]) -> str:
    """One line."""
    if not verdicts:
        return "No printed numbers were taken over: there is nothing to recompute."
    told = ", ".join(f"{count} {status}" for status, count in counts(verdicts).items() if count)
    return f"{counted(len(verdicts), 'printed number')}: {told}."


def _page(published: Published, verdicts: Sequence[Verdict], ranked: Sequence[Board], files: Sequence[str]) -> str:
    links = [f"[{name}](https://github.com/{name}/tree/{at}) at {at[:12]}" for name, at in published.commits.items()]
    head = [
        f"- **From**: {published.reference}",
        *([f"- **Source of the numbers**: {'; '.join(links)}"] if links else []),
        f"- **What is ranked**: {published.ranked}",
        f"- **The numbers themselves**: [{published.name}]({DATA}/{published.name}), each with the file it comes from",
    ]
    remarks = "\n".join(f"- {remark}" for remark in published.remarks)
    parts = [
        f"# Published: {published.title}",
        "Nothing on this page was measured by tbench: it holds what others published against itself.",
        "\n".join(head),
        f"## What to know of these numbers\n\n{remarks}",
        *(markdown(section) for section in _sections(published, verdicts, ranked)),
    ]
    listing = "\n".join(f"- [{name}]({name}): {FILES[name]}" for name in files)
    parts.append(f"## Files\n\n{listing}\n\nMade by `tbench replay {published.name} --out leaderboards`.")
    return "\n\n".join(parts) + "\n"


def _sections(published: Published, verdicts: Sequence[Verdict], ranked: Sequence[Board]) -> Iterator[Section]:
    yield _replay_section(verdicts)
    pools = by_pool(published)
    if any(board.lines for board in ranked):
        yield _agreement_section(ranked)
    if printed := printed_section(published, verdicts, pools):
        yield printed
    yield from sureness_sections(published, pools)
    yield from worth_sections(published, pools)
    if pools:
        yield ceiling_section(published, pools)
    yield _times_section(published)
    if published.truth:
        yield _truth_section(published)


def _replay_section(verdicts: Sequence[Verdict]) -> Section:
    if not verdicts:
        return Section("replay", "Do the printed tables follow?", (summary(verdicts),), ())
    tables = []
    kinds = list(dict.fromkeys(verdict.table for verdict in verdicts))
    found = [counts(verdict for verdict in verdicts if verdict.table == kind) for kind in kinds]
    rows = tuple((kind, *(str(count) for count in each.values())) for kind, each in zip(kinds, found, strict=True))
    tables.append(("", Table(("table", *STATUSES), rows, "l" + "r" * len(STATUSES))))
    if unequal := [verdict for verdict in verdicts if verdict.status not in ("exact", "not computable")]:
        shown = _cells(unequal)
        places = [", ".join(filter(None, (verdict.table, verdict.pool))) for verdict in unequal]
        whole = by_columns(places, *zip(*shown.rows, strict=True), [verdict.why for verdict in unequal])
        tables.append(("Not equal", Table(("table", *shown.header, "why"), whole, f"l{shown.align}l")))
    missing = Counter(verdict.why for verdict in verdicts if verdict.status == "not computable")
    after = [f"Not computable: {', '.join(f'{why} ({count})' for why, count in missing.items())}."] if missing else []
    before = tuple(f"{status[:1].upper()}{status[1:]}: {words}." for status, words in STATUSES.items())
    return Section("replay", "Do the printed tables follow?", (" ".join(before),), tuple(tables), tuple(after))


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
    rows = tuple(tuple(_figure(cell) for cell in _spread(published, truth)) for truth in published.truth)
    return Section("truth", "The ground truth", before, (("", Table(SPREAD, rows, "ll" + "r" * 7 + "l")),))


def _times_section(published: Published) -> Section:
    rows = tuple((time.setting, time.method, time.seconds, time.speedup or NOTHING) for time in published.times)
    if not rows:
        return Section("times", "What it cost", ("Not known: no seconds were published.",), ())
    table = Table(("setting", "method", "seconds", "speed-up over fine-tuning"), rows, "llrr")
    before = ("Measured by the authors on machines of theirs; not to be compared with seconds measured elsewhere.",)
    return Section("times", "Seconds, as printed", before, (("", table),))


def _spread(published: Published, truth: Truth) -> tuple[str | int | float, ...]:
    values = numbers(published.truth[truth].values())
    _, sizes = np.unique(values, return_counts=True)
    ties = int((sizes * (sizes - 1) // 2).sum())
    figures = values.min(), np.median(values), values.max(), np.ptp(values), values.std(ddof=1)
    return (*truth, values.size, *(round(float(value), 6) for value in figures), ties, published.measures[truth])


def _agreements(ranked: Iterable[Board]) -> Iterator[tuple[object, ...]]:
    for board in ranked:
        for line in board.lines:
            for truth, ranking in line.rankings.items():
                found = ("" if value is None else f"{value:z.9g}" for value in astuple(ranking.agreement))
                yield (*truth, line.metric, int(line.floor), *found, ranking.of, ranking.total)


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([f"{cell:z.9g}" if isinstance(cell, float) else cell for cell in row] for row in rows)
    return text.getvalue()


def _recomputed(verdict: Verdict) -> str:
    """With one digit more than is printed."""
    if verdict.recomputed is None:
        return NOTHING
    digits = len(verdict.published.partition(".")[2])
    return f"{verdict.recomputed:z.{min(digits, 6) + 1}f}"


def _figure(cell: str | int | float) -> str:
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)
