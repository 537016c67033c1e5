"""The pictures of a published suite: of each of its boards, and of the seconds that were printed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from tbench.leaderboard.html.duration import duration
from tbench.leaderboard.html.markup import Html
from tbench.leaderboard.html.pictures import pictures
from tbench.leaderboard.html.rows import Cell, Row, Rows
from tbench.leaderboard.html.scatter import Points
from tbench.leaderboard.tables import NOTHING, marked, tau
from tbench.published.facts import Published
from tbench.published.findings import Findings
from tbench.published.following import worths
from tbench.published.lineup import ranked
from tbench.published.printed import comparable
from tbench.published.rankings import Board, Line
from tbench.published.sections import ELSEWHERE
from tbench.published.sheet import Sheet, sheets

FLOORS = "No scores of these candidates are public: nothing but floors can be ranked."
SEVERAL = "Each dataset is a pool with candidates of its own; intervals stand below, pool by pool."
PRINTED = (
    "Metrics as their authors print them: nobody else can see their scores, so that they have no interval. Floors are "
    "those of the same datasets."
)


def pictured(findings: Findings) -> list[Html]:
    drawn = [picture for rows, points in boards_of(findings) for picture in pictures(rows, points)]
    settings: dict[str, dict[str, float]] = defaultdict(dict)
    for time in findings.published.times:
        settings[time.setting][time.method] = float(time.seconds)
    seconds = duration(settings, ELSEWHERE)
    return [*drawn, seconds] if seconds else drawn


def boards_of(findings: Findings) -> list[tuple[Rows, Points]]:
    """Boards of scores; where only correlations are printed, boards of these; where there is neither, of floors."""
    found = [*_boards(findings)]
    if len(found) == 1:
        return [(replace(rows, title=""), points) for rows, points in found]
    return [(replace(rows, place=place), points) for place, (rows, points) in enumerate(found, 1)]


def _boards(findings: Findings) -> Iterator[tuple[Rows, Points]]:
    published = findings.published
    printed = [sheet for sheet in sheets(findings.verdicts) if comparable(published, sheet)]
    for board in findings.boards:
        own = [sheet for sheet in printed if sheet.pool == board.title]
        if board.lines and not (own and all(line.floor for line in board.lines)):
            yield _of_scores(findings, board), _points(published, board)
        for sheet in own:
            part = board.on(sheet.datasets)
            yield _of_print(findings, sheet, part), _points(published, part)


def _of_scores(findings: Findings, board: Board) -> Rows:
    several = len({pool for pool, _ in board.truths}) > 1
    heads = tuple(pool if several else dataset for pool, dataset in board.truths)
    note = FLOORS if all(line.floor for line in board.lines) else SEVERAL if several else ""
    return Rows(
        _best_first(_rows(findings, board)), heads, _candidates(findings.published, board), note=note, title=board.title
    )


def _of_print(findings: Findings, sheet: Sheet, board: Board) -> Rows:
    """board: of the same datasets."""
    heads = tuple(dataset for _, dataset in board.truths)
    floors = [row for row in _rows(findings, board) if row.kind == "floor"]
    return Rows(
        _best_first([*(_printed(sheet, metric, heads) for metric in sheet.metrics), *floors]),
        heads,
        _candidates(findings.published, board),
        note=PRINTED,
        title=sheet.title,
    )


def _rows(findings: Findings, board: Board) -> list[Row]:
    whole = any((each.title, each.truths) == (board.title, board.truths) for each in findings.boards)
    known = findings.sure.get(board.title) if whole else findings.sure_of(board)
    standings = {row.entry.label: row for row in known[1].rows} if known else {}
    regrets = {worth.scorer.label: worth.means["regret@1"] for worth in worths(findings.published, board)}

    def row(line: Line) -> Row:
        standing = standings.get(line.metric)
        ends = (standing.low, standing.high) if standing else (None, None)
        return Row(
            line.metric,
            "floor" if line.floor else "metric",
            line.whole,
            line.mean.value,
            marked(tau(line.mean.value), partial=not line.whole),
            ranked(line),
            tuple(_cell(line.rankings[truth].agreement.tau_w) for truth in board.truths),
            (ends[0], ends[1]) if ends[0] is not None and ends[1] is not None else None,
            standing.group if standing else None,
            regrets.get(line.metric),
        )

    return [row(line) for line in board.lines]


def _printed(sheet: Sheet, metric: str, datasets: tuple[str, ...]) -> Row:
    values, mean = sheet.values, sheet.mean(metric)
    texts = [values.get((metric, name)) for name in datasets]
    cells = tuple(Cell(float(text), text) if text is not None else _cell(None) for text in texts)
    whole = mean.count == mean.total
    return Row(metric, "metric", whole, mean.value, marked(tau(mean.value), partial=not whole), NOTHING, cells)


def _points(published: Published, board: Board) -> Points:
    columns = [published.truth[truth] for truth in board.truths]
    candidates = list(dict.fromkeys(name for column in columns for name in column))
    lines = {line.metric: line for line in board.lines}

    def scores(label: str, place: int) -> list[float | None]:
        known = lines[label].scores[board.truths[place]]
        return [known.get(name) for name in candidates]

    truths = [{name: float(text) for name, text in column.items()} for column in columns]
    return Points(
        candidates,
        [published.measures[truth] for truth in board.truths],
        [[truth.get(name) for name in candidates] for truth in truths],
        [*lines],
        scores,
    )


def _candidates(published: Published, board: Board) -> str:
    """How many; of pools of their own, the fewest and the most."""
    counts = sorted({len(published.truth[truth]) for truth in board.truths})
    return "–".join(map(str, dict.fromkeys((counts[0], counts[-1]))))


def _best_first(rows: list[Row]) -> tuple[Row, ...]:
    return tuple(sorted(rows, key=lambda row: (not row.whole, -(row.mean or 0.0), row.label)))


def _cell(value: float | None) -> Cell:
    return Cell(value, tau(value))
