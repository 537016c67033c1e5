"""Bars with a name and a value each: blocks in a terminal, an SVG file on a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from tbench.plain import plain

EIGHTHS = " ▏▎▍▌▋▊▉"
FULL = "█"

ROW, GAP, LETTER = 18, 4, 7.3  # pixels: of a row, between two, of a letter of the names
LENGTH = 480  # pixels of the longest bar
ROOM = 90  # pixels for the values
INK, PALE, GREY = "#2f6f9f", "#b9c4cc", "#444444"


@dataclass(frozen=True)
class Bar:
    """value: None where there is none, and the bar is empty. pale: shown, but not of the others' kind."""

    name: str
    value: float | None
    text: str
    pale: bool = False


def in_blocks(bars: Sequence[Bar], width: int) -> list[str]:
    """Of each bar, its length in characters, to an eighth; the longest takes the width."""
    longest = _longest(bars)
    told = []
    for bar in bars:
        eighths = round(8 * width * (bar.value or 0) / longest)
        told.append((FULL * (eighths // 8) + EIGHTHS[eighths % 8]).rstrip())
    return told


def svg(title: str, bars: Sequence[Bar], mark: float | None = None) -> str:
    """A picture of horizontal bars from zero; mark: a value at which a dashed line stands."""
    longest = max(_longest(bars), mark or 0)
    left = round(LETTER * max(len(bar.name) for bar in bars)) + 2 * GAP
    top = 2 * ROW
    bottom = top + len(bars) * (ROW + GAP)
    width, height = left + LENGTH + ROOM, bottom + GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img" font-family="sans-serif" font-size="12" fill="{GREY}">',
        f"<title>{escape(plain(title))}</title>",
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{GAP}" y="{ROW}" font-size="14">{escape(plain(title))}</text>',
    ]
    for place, bar in enumerate(bars):
        y = top + place * (ROW + GAP)
        long = LENGTH * (bar.value or 0) / longest
        middle = y + 0.7 * ROW
        parts += [
            f'<text x="{left - GAP}" y="{middle:.1f}" text-anchor="end">{escape(plain(bar.name))}</text>',
            f'<rect x="{left}" y="{y}" width="{long:.1f}" height="{ROW}" fill="{PALE if bar.pale else INK}"/>',
            f'<text x="{left + long + GAP:.1f}" y="{middle:.1f}">{escape(plain(bar.text))}</text>',
        ]
    if mark is not None:
        x = left + LENGTH * mark / longest
        line = f'x1="{x:.1f}" y1="{top - GAP}" x2="{x:.1f}" y2="{bottom}"'
        parts.append(f'<line {line} stroke="{GREY}" stroke-dasharray="4 3"/>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _longest(bars: Sequence[Bar]) -> float:
    return max((bar.value for bar in bars if bar.value), default=1.0)
