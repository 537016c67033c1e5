"""Weighted tau of each metric on each dataset, as colours and numbers."""

from __future__ import annotations

from math import cos, pi, sin

from tbench.leaderboard.figures.letters import SIZE, widest, width
from tbench.leaderboard.html.canvas import canvas
from tbench.leaderboard.html.heatmap import WORDS, shade
from tbench.leaderboard.html.markup import Html, tag
from tbench.leaderboard.html.rows import Cell, Row, Rows
from tbench.leaderboard.tables import tau

WIDTH, LINE, GAP = 48, 16, 8  # pixels: of a cell, its height, between words and cells
SMALL = 9  # pixels, of letters
SLOPE = 45  # degrees, of names that are wider than a cell


def heatmap(rows: Rows) -> Html | None:
    """None where there is no metric."""
    if not rows.rows:
        return None
    heads = [*rows.datasets, "mean"]
    left = widest(row.label for row in rows.rows) + 2 * GAP
    sloping = any(width(head) > WIDTH - 4 for head in heads)
    rise, beyond = _reach(heads) if sloping else (SIZE, 0)
    top = rise + 2 * GAP
    return canvas(
        f"Weighted τ of each metric on each dataset. {WORDS}",
        left + WIDTH * len(heads) + GAP + beyond,
        top + LINE * len(rows.rows) + GAP,
        *(_head(head, left + WIDTH * (place + 0.5), top - GAP / 2, sloping) for place, head in enumerate(heads)),
        *(_row(row, rows, left, top + LINE * place) for place, row in enumerate(rows.rows)),
    )


def _reach(heads: list[str]) -> tuple[int, int]:
    """How high sloping names are, and how far they go beyond the last cell."""
    angle = SLOPE * pi / 180
    ends = [WIDTH * (place + 0.5 - len(heads)) + cos(angle) * width(head) + SIZE for place, head in enumerate(heads)]
    return round(sin(angle) * widest(heads)) + SIZE, max(0, round(max(ends)))


def _head(name: str, x: float, y: float, sloping: bool) -> Html:
    if sloping:
        return tag("text", name, transform=f"translate({x:.1f} {y:.1f}) rotate(-{SLOPE})")
    return tag("text", name, x=x, y=y, text_anchor="middle")


def _row(row: Row, rows: Rows, left: int, y: int) -> Html:
    cells = [*zip(rows.datasets, row.cells, strict=True), ("mean", Cell(row.mean, tau(row.mean)))]
    drawn = (
        _cell(f"{row.label}, {name}: {cell.shown}", cell, left + WIDTH * place, y)
        for place, (name, cell) in enumerate(cells)
    )
    label = tag("text", row.label, x=left - GAP, y=y + 12, text_anchor="end", class_=row.kind)
    return tag("g", label, *drawn, class_=row.kind)


def _cell(told: str, cell: Cell, x: int, y: int) -> Html:
    """A word that stands there instead of a number is small enough for its cell."""
    colour = shade(cell.tau)
    ground = tag("rect", class_=colour, x=x, y=y, width=WIDTH - 1, height=LINE - 1) if colour else None
    size = None if width(cell.shown) < WIDTH else SMALL
    number = tag("text", cell.shown, x=x + (WIDTH - 1) / 2, y=y + 12, text_anchor="middle", font_size=size)
    return tag("g", tag("title", told), ground, number)
