"""What the seconds of each metric go to, as bars of shares: the dearest nodes of evidence by name."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

from tbench.leaderboard.cost import Bill, Price
from tbench.leaderboard.html.canvas import canvas
from tbench.leaderboard.html.markup import Html, tag
from tbench.leaderboard.html.rows import Rows
from tbench.leaderboard.html.table import boxed, figure
from tbench.leaderboard.tables import seconds

LEFT, LENGTH, ROOM = 180, 480, 120  # pixels: for names, of a bar, for seconds
ROW, GAP = 14, 5
OWN, OTHER, PASSES = "the metric's own", "other evidence", "passes through networks"


@dataclass(frozen=True)
class Space:
    """Pixels for names, of a bar, for seconds, and above all bars."""

    left: int = LEFT
    length: int = LENGTH
    room: int = ROOM
    top: int = 0


PAGE = Space()


def spent(rows: Rows, bill: Bill | None) -> Html | None:
    """None where no seconds are known."""
    prices = prices_of(rows)
    if not prices or bill is None:
        return None
    words = (
        f"Shares of the wall-clock seconds of each metric, with what one cell takes beside it, on {bill.machine}. What "
        "metrics share is charged to each of them. The sums, and those of all evidence by name, stand in cost.csv."
    )
    title = rows.titled("What the seconds go to")
    return figure(rows.id("spent"), title, [words], _legend(kinds_of(prices)), boxed(title, bars(prices)))


def prices_of(rows: Rows) -> list[Price]:
    """Cheapest first; none where no seconds are known."""
    prices = [row.price for row in rows.rows if row.price is not None and row.seconds]
    return sorted(prices, key=lambda price: (price.strict.wall / price.cells, price.metric.label))


def bars(prices: list[Price], space: Space = PAGE, *above: Html) -> Html:
    """The picture alone. above: what stands over the bars."""
    kinds = kinds_of(prices)
    return canvas(
        "Shares of the seconds of each metric, cheapest first",
        space.left + space.length + space.room,
        space.top + GAP + (ROW + GAP) * len(prices),
        *above,
        *(
            _bar(price, kinds, space, float(space.top + GAP + (ROW + GAP) * place))
            for place, price in enumerate(prices)
        ),
    )


def kinds_of(prices: list[Price]) -> dict[str, str]:
    """What is told apart in all bars, and its colour's name; of evidence, what any of these metrics rests on."""
    found = {node: f"node{place}" for place, node in enumerate(prices[0].nodes, 1)}
    used = {node: colour for node, colour in found.items() if any(price.nodes[node].wall for price in prices)}
    return {OWN: "own"} | used | {OTHER: "other", PASSES: "passes"}


def _parts(price: Price) -> dict[str, float]:
    """Seconds of each kind."""
    named = {node: spent.wall for node, spent in price.nodes.items()}
    other = max(0.0, price.evidence.wall - sum(named.values()))
    return {OWN: price.own.wall} | named | {OTHER: other, PASSES: price.extraction.wall}


def _legend(kinds: dict[str, str]) -> Html:
    swatches = ((tag("span", class_=f"swatch {colour}"), words) for words, colour in kinds.items())
    return tag("ul", *(tag("li", swatch, words) for swatch, words in swatches), class_="legend")


def _bar(price: Price, kinds: dict[str, str], space: Space, y: float) -> Html:
    parts, total = _parts(price), price.strict.wall
    taken = [parts[kind] for kind in kinds]
    starts = [0.0, *accumulate(taken)]
    pieces = [
        tag(
            "rect",
            tag("title", f"{price.metric.label}, {kind}: {seconds(part / price.cells)} s ({part / total:.0%})"),
            class_=f"piece {colour}",
            x=space.left + space.length * start / total,
            y=y,
            width=space.length * part / total,
            height=ROW,
        )
        for (kind, colour), part, start in zip(kinds.items(), taken, starts, strict=False)
        if part > 0
    ]
    words = f"{seconds(total / price.cells)} s"
    name = tag("text", price.metric.label, x=float(space.left - 6), y=y + 11, text_anchor="end")
    return tag("g", name, *pieces, tag("text", words, x=float(space.left + space.length + 6), y=y + 11))
