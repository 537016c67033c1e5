"""What the seconds go to, with the legend inside of the picture."""

from __future__ import annotations

from tbench.leaderboard.figures.letters import SIZE, widest, width
from tbench.leaderboard.html.markup import Html, tag
from tbench.leaderboard.html.rows import Rows
from tbench.leaderboard.html.spent import Space, bars, kinds_of, prices_of
from tbench.leaderboard.tables import seconds

LENGTH, GAP, LINE = 280, 8, 18  # pixels: of a bar, between words, of the legend


def cost(rows: Rows) -> Html | None:
    """None where no seconds are known."""
    prices = prices_of(rows)
    if not prices:
        return None
    kinds = kinds_of(prices)
    left = widest(price.metric.label for price in prices) + 2 * GAP
    room = widest(f"{seconds(price.strict.wall / price.cells)} s" for price in prices) + 2 * GAP
    length = max(LENGTH, widest(kinds) + SIZE + 4 * GAP - left - room)
    legend, lines = _legend(kinds, left + length + room)
    return bars(prices, Space(left, length, room, LINE * lines + GAP), *legend)


def _legend(kinds: dict[str, str], end: int) -> tuple[list[Html], int]:
    """Entries one after the other, and on how many lines."""
    x, line, shown = float(GAP), 0, []
    for words, colour in kinds.items():
        long = SIZE + GAP + width(words)
        if x + long > end and x > GAP:
            x, line = float(GAP), line + 1
        y = GAP + LINE * line
        swatch = tag("rect", class_=f"piece {colour}", x=x, y=y, width=SIZE, height=SIZE)
        shown += [swatch, tag("text", words, x=x + SIZE + GAP / 2, y=y + 10)]
        x += long + GAP
    return shown, line + 1
