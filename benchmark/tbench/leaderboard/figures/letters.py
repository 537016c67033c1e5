"""How much room words take, which nobody measures who writes a picture without drawing it."""

from __future__ import annotations

from collections.abc import Iterable
from unicodedata import east_asian_width

from tbench.leaderboard.html.markup import Html, joined, tag

SIZE = 12  # pixels
NARROW, WIDE = 0.35, 0.87  # shares of the size, of letters of Arial and of those that are as wide as they are high
USUAL = 0.58


def width(words: str) -> float:
    """Pixels, rather too many than too few."""
    return SIZE * sum(map(_share, words))


def widest(lines: Iterable[str]) -> int:
    return round(max(map(width, lines), default=0.0) + 0.5)


def tau_w(before: str, after: str = "") -> Html:
    """Weighted tau as papers set it, between these words."""
    drop = SIZE // 4
    low = tag("tspan", "w", dy=drop, font_size=SIZE - drop)
    return joined(f"{before}τ", low, tag("tspan", after, dy=-drop) if after else None)


def _share(letter: str) -> float:
    if letter in " ijltfrI.,:;!|'()[]/-":
        return NARROW
    if letter.isupper() or letter in "mw@%+<>=&\N{MULTIPLICATION SIGN}":
        return WIDE
    return 1.0 if east_asian_width(letter) in "WF" or ord(letter) > 0x2000 else USUAL
