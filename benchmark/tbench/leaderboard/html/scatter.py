"""Scores against fine-tuned accuracy, of any metric on any dataset; the script draws what is chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tbench.leaderboard.html.markup import Html, data, joined, tag
from tbench.leaderboard.html.rows import Row, Rows
from tbench.leaderboard.html.table import boxed, figure
from tbench.plain import plain

DIGITS = 5  # of scores, significant
MOST = 200_000  # scores, some two megabytes
WORDS = (
    "Each point is a candidate: its score{means} across; what fine-tuning reached, up. Point at one, or walk through "
    "them by the tabulator, for its name."
)

Column = Sequence[float | None]  # of all candidates


@dataclass(frozen=True)
class Points:
    """measures, truth: of each dataset. scores: of one of these labels on the dataset at this place.

    means: over what scores are means, said in passing.
    """

    candidates: Sequence[str]
    measures: Sequence[str]
    truth: Sequence[Column]
    labels: Sequence[str]
    scores: Callable[[str, int], Column]
    means: str = ""


def scatter(rows: Rows, points: Points) -> Html | None:
    """None where nothing can be ranked."""
    shown = [row for row in rows.rows if row.label in points.labels]
    if not points.truth or not shown:
        return None
    title = rows.titled("Score and accuracy")
    if len(shown) * len(points.truth) * len(points.candidates) > MOST:
        return figure(rows.id("scatter"), title, [f"Left out: more than {MOST:,} scores."])
    plot = rows.id("scatter-plot")
    svg = tag("svg", id=plot, class_="plot scatter", role="group", viewBox="0 0 640 420", width=640, height=420)
    chosen = tag(
        "div",
        _choice("metric", "Metric ", [row.label for row in shown], rows),
        _choice("dataset", "Dataset ", rows.datasets, rows),
        tag("output", id=rows.id("chosen"), class_="chosen", aria_live="polite"),
        class_="controls",
        hidden=True,
    )
    tip = tag("p", id=rows.id("tip"), class_="tip", aria_live="polite")
    hint = tag("noscript", tag("p", "This picture takes scripts."))
    content = joined(chosen, boxed(title, svg), tip, hint, data(rows.id("points"), _told(shown, points)))
    return figure(rows.id("scatter"), title, [WORDS.format(means=points.means)], content)


def _choice(name: str, words: str, options: Sequence[str], rows: Rows) -> Html:
    listed = [tag("option", label, value=place) for place, label in enumerate(options)]
    chooser = tag("select", *listed, id=rows.id(name), name=name, aria_controls=rows.id("scatter-plot"))
    return tag("label", words, chooser)


def _told(rows: Sequence[Row], points: Points) -> dict[str, object]:
    """By candidate, dataset and metric, in the order of the table; null where there is none."""
    places = range(len(points.truth))
    return {
        "candidates": [*map(plain, points.candidates)],
        "measure": [*map(plain, points.measures)],
        "truth": [_short(column) for column in points.truth],
        "scores": [[_short(points.scores(row.label, place)) for place in places] for row in rows],
        "taus": [_short([cell.tau for cell in row.cells]) for row in rows],
    }


def _short(values: Column) -> list[float | None]:
    """Infinite scores have no place in a picture."""
    return [
        None if value is None or value in (float("inf"), float("-inf")) else float(f"{value:.{DIGITS}g}")
        for value in values
    ]
