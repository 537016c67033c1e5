"""Invariance cards: what each metric minds, as it was measured, and what the width of features does to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tbench.curves import Panel, svg
from tbench.errors import TbenchError
from tbench.leaderboard.markdown import markdown, write
from tbench.leaderboard.tables import NOTHING, Section, Table

if TYPE_CHECKING:
    from tbench.card import Card, Cell

FOLDER, PICTURE = "cards", "width.svg"
ROUNDING = 1e-12
UNMOVED = 1e-6  # of the score: what reordered sums may differ by
SMALL, LARGE = 0.005, 1e6
WRONG, WIDTH = "labels wrong", "width ÷ signal"
RAW = ("logme", "logme:as=thuml")  # whose growth with width the picture shows, and what calibration makes of it
CALIBRATED = tuple(f"{label}+calibrated" for label in RAW)
BAND = 2.0  # sd of a calibrated score that noise seldom leaves
LEGEND = (
    "A row is what was measured on 400 made-up samples in 8 classes: features of 64 columns, normal noise of unit "
    "variance about class means of norm 2, and made-up evidence of every other kind. Always the same, so that pages "
    "can be compared.",
    "Columns of changes: by how much of itself the score changes when the rows are permuted, the columns permuted, all "
    "features multiplied by 10, or 3 added to them, when they are rotated, when every sample is there twice, and when "
    "the classes change names. **0**: by less than a millionth. A metric that draws at random moves by its draws alone "
    "where samples come in another order.",
    f"**{WRONG}**: the share that is lost when a fifth of the labels is drawn anew, of what labels are worth: the "
    "score less that for labels all drawn anew. It is negative where wrong labels score higher.",
    f"**{WIDTH}**: how far width alone moves the score: the spread of the scores of 64, 128, 256, 512 and 1024 columns "
    "of noise that knows nothing of the labels, divided by what signal is worth, the score of the features above less "
    "that of 64 columns of noise. Above 1 the number of columns counts for more than what is in them, and candidates "
    "of different width do not compare.",
)


def sections(cards: Mapping[str, Card]) -> tuple[Section, ...]:
    """By the labels of the metrics."""
    header = ("metric", *next(iter(cards.values())).changes, WRONG, WIDTH, "remarks")
    rows = tuple(
        (
            label,
            *(_shown(cell) for cell in (*card.changes.values(), card.wrong, card.width)),
            "; ".join(card.remarks) or NOTHING,
        )
        for label, card in cards.items()
    )
    align = "l" + "r" * (len(header) - 2) + "l"
    return (Section("cards", "What each metric minds", LEGEND, (("", Table(header, rows, align)),)),)


def noise_section(cards: Mapping[str, Card]) -> Section:
    """The scores of noise, width by width; of metrics that ask for features."""
    shown = {label: card for label, card in cards.items() if card.noise}
    widths = next((tuple(card.noise) for card in shown.values()), ())
    rows = tuple(
        (label, *(NOTHING if cell.value is None else f"{_sound(cell.value):.4g}" for cell in card.noise.values()))
        for label, card in shown.items()
    )
    table = Table(("metric", *(f"D = {width}" for width in widths)), rows, "l" + "r" * len(widths))
    before = ("The scores of 400 samples of D columns of noise.",)
    return Section("noise", "Width under pure noise", before, (("", table),))


def _sound(value: float) -> float:
    return value if abs(value) > ROUNDING else 0.0


def picture(cards: Mapping[str, Card]) -> str:
    """The scores of noise over its width, raw and calibrated."""

    def curves(labels: Sequence[str]) -> dict[str, list[float | None]]:
        return {label: [cell.value for cell in cards[label].noise.values()] for label in labels}

    steps = [str(width) for width in cards[RAW[0]].noise]
    panels = (
        Panel("score", curves(RAW)),
        Panel(f"calibrated, in sd of the null; shaded: ± {BAND:g}", curves(CALIBRATED), (-BAND, BAND)),
    )
    return svg("Pure noise: 400 samples, 8 classes, 64 to 1024 columns", steps, panels)


def publish(cards: Mapping[str, Card], out: Path) -> Path:
    """Write <out>/cards/README.md and its picture; the path of the page. TbenchError where that cannot be."""
    folder = out / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write(folder / PICTURE, picture(cards))
        write(folder / "README.md", page(cards))
    except OSError as error:
        raise TbenchError(f"page {folder} cannot be written: {error.strerror or error}") from error
    return folder / "README.md"


def page(cards: Mapping[str, Card]) -> str:
    intro = (
        "What should not matter to a score sometimes does. Nothing here is filled in by hand: every metric is tried "
        "on the same made-up features, and on what is left of them after a change that says nothing about a candidate."
    )
    figure = f"![Scores of pure noise over its width, raw and calibrated]({PICTURE})"
    words = (
        "In-sample scores rise, or fall, with the number of columns, whatever these know of the labels. The transform "
        "`calibrated` sets a score against those of permuted labels, which rise with it: what is left is within two of "
        "their standard deviations but for chance, which 20 permutations leave 7 in 100 cases."
    )
    end = "This page was made from the installed metrics, by `tbench card --out leaderboards`."
    parts = ["# Invariance cards", intro, *map(markdown, sections(cards)), markdown(noise_section(cards))]
    return "\n\n".join([*parts, words, figure, end]) + "\n"


def _shown(cell: Cell) -> str:
    """Two digits, which any machine gives."""
    if cell.value is None:
        return NOTHING
    size = abs(cell.value)
    if size < UNMOVED:
        return "0"
    if size < SMALL:
        return "<0.01"
    if size >= LARGE:
        return f"{cell.value:.1e}"
    return f"{cell.value:,.0f}" if size >= 10 else f"{cell.value:.1f}" if size >= 1 else f"{cell.value:.2f}"
