"""Scores against fine-tuned accuracy, of any metric on any dataset; the script draws what is chosen."""

from __future__ import annotations

import json

from tbench.leaderboard.board import Board
from tbench.leaderboard.html.markup import Html, joined, tag
from tbench.leaderboard.html.rows import Row, Rows
from tbench.leaderboard.html.table import boxed, figure
from tbench.plain import plain
from tbench.statistics import Mean

DIGITS = 5  # of scores, significant
MOST = 200_000  # scores, some two megabytes
UNSAFE = {sign: f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}  # none of them may end the block


def scatter(board: Board, rows: Rows) -> Html | None:
    """None where nothing can be ranked."""
    if not board.whole.truth or not rows.rows:
        return None
    if len(rows.rows) * len(board.whole.truth) * len(board.whole.candidates) > MOST:
        return figure("scatter", "Score and accuracy", [f"Left out: more than {MOST:,} scores."])
    words = (
        "Each point is a candidate: its score, mean over seeds, across; what fine-tuning reached, up. Point at one, or "
        "walk through them by the tabulator, for its name."
    )
    svg = tag("svg", id="scatter-plot", class_="plot", role="group", viewBox="0 0 640 420", width=640, height=420)
    chosen = tag(
        "div",
        _choice("metric", "Metric ", [row.label for row in rows.rows]),
        _choice("dataset", "Dataset ", [board.names[name] for name in board.whole.truth]),
        tag("output", id="chosen", aria_live="polite"),
        class_="controls",
        hidden=True,
    )
    tip = tag("p", id="tip", aria_live="polite")
    data = tag("script", Html(block(_points(board, rows))), type="application/json", id="points")
    hint = tag("noscript", tag("p", "This picture takes scripts."))
    return figure(
        "scatter", "Score and accuracy", [words], joined(chosen, boxed("Score and accuracy", svg), tip, hint, data)
    )


def block(content: object) -> str:
    """JSON that is nothing but JSON inside of HTML."""
    written = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return "".join(UNSAFE.get(sign, sign) for sign in written)


def _choice(name: str, words: str, options: list[str]) -> Html:
    listed = [tag("option", label, value=place) for place, label in enumerate(options)]
    return tag("label", words, tag("select", *listed, id=name, aria_controls="scatter-plot"))


def _points(board: Board, rows: Rows) -> dict[str, object]:
    """By candidate, dataset and metric, in the order of the table; null where there is none."""
    truth = board.whole.truth
    names = board.whole.candidates
    return {
        "candidates": [plain(board.names[name]) for name in names],
        "measure": _measure(board),
        "truth": [[_short(of.get(name)) for name in names] for of in truth.values()],
        "scores": [[[_score(board, row, name, one) for one in names] for name in truth] for row in rows.rows],
        "taus": [[_short(row.line.rankings[name].tau_w) for name in truth] for row in rows.rows],
    }


def _measure(board: Board) -> list[str]:
    if published := board.frame.published:
        return [plain(published.measures[name]) for name in board.whole.truth]
    found = {
        truth.best.key.dataset: str(truth.best.details.get("measure", "accuracy")) for truth in board.truths.values()
    }
    return [plain(found.get(name, "accuracy")) for name in board.whole.truth]


def _score(board: Board, row: Row, dataset: str, candidate: str) -> float | None:
    spec = row.line.metric.spec
    return _short(Mean.of(board.scored(spec, dataset, seed).get(candidate) for seed in board.seeds).value)


def _short(value: float | None) -> float | None:
    """Infinite scores have no place in a picture."""
    if value is None or value in (float("inf"), float("-inf")):
        return None
    return float(f"{value:.{DIGITS}g}")
