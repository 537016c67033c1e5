"""What the seconds of each metric go to, as bars of shares."""

from __future__ import annotations

from tbench.leaderboard.cost import Bill, Price
from tbench.leaderboard.html.markup import Html, tag
from tbench.leaderboard.html.rows import Rows
from tbench.leaderboard.html.table import boxed, figure
from tbench.leaderboard.tables import seconds

LEFT, LENGTH, ROOM = 180, 480, 120  # pixels: for names, of a bar, for seconds
ROW, GAP, TOP = 14, 5, 30
STEP = 200  # pixels from one word of the legend to the next
LEGEND = {"own": "the metric's own", "evidence": "evidence that it rests on", "extraction": "passes through networks"}


def spent(rows: Rows, bill: Bill | None) -> Html | None:
    """None where no seconds are known."""
    prices = [row.price for row in rows.rows if row.price is not None and row.seconds]
    if not prices or bill is None:
        return None
    prices.sort(key=lambda price: (_total(price) / price.cells, price.metric.label))
    width, height = LEFT + LENGTH + ROOM, TOP + (ROW + GAP) * len(prices)
    picture = tag(
        "svg",
        tag("title", "Shares of the seconds of each metric, cheapest first"),
        *_legend(),
        *(_bar(price, float(TOP + (ROW + GAP) * place)) for place, price in enumerate(prices)),
        role="img",
        class_="plot",
        viewBox=f"0 0 {width} {height}",
        width=width,
        height=height,
    )
    words = (
        f"Shares of the wall-clock seconds of each metric, with what one cell takes beside it, on {bill.machine}. What "
        "metrics share is charged to each of them. The sums, and each kind of evidence by name, stand in cost.csv."
    )
    return figure("spent", "What the seconds go to", [words], boxed("What the seconds go to", picture))


def _parts(price: Price) -> dict[str, float]:
    """Seconds, as in the legend."""
    return {"own": price.own.wall, "evidence": price.evidence.wall, "extraction": price.extraction.wall}


def _total(price: Price) -> float:
    return sum(_parts(price).values())


def _legend() -> list[Html]:
    found = []
    for place, (part, words) in enumerate(LEGEND.items()):
        x = float(LEFT + place * STEP)
        found.append(tag("rect", class_=part, x=x, y=6.0, width=12, height=12))
        found.append(tag("text", words, x=x + 16, y=16.0))
    return found


def _bar(price: Price, y: float) -> Html:
    total, x = _total(price), float(LEFT)
    pieces = []
    for part, taken in _parts(price).items():
        long = LENGTH * taken / total
        pieces.append(tag("rect", class_=part, x=x, y=y, width=long, height=ROW))
        x += long
    words = f"{seconds(total / price.cells)} s"
    name = tag("text", price.metric.label, x=float(LEFT - 6), y=y + 11, text_anchor="end")
    return tag(
        "g", tag("title", f"{price.metric.label}: {words}"), name, *pieces, tag("text", words, x=x + 6, y=y + 11)
    )
