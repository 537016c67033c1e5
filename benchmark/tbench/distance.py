"""How far pre-training and fine-tuning moved a network, block by block, and the page that says so."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tbench.bars import Bar, in_blocks, svg
from tbench.errors import Inapplicable, TbenchError, UsageError
from tbench.evidence.graph import Evidence, Root
from tbench.leaderboard.markdown import markdown, write
from tbench.leaderboard.tables import NOTHING, Section, Table
from tbench.metric import Catalogue
from tbench.statedict import read_state

METRIC = "parameter-distance"
HEAD = "head"  # the block that is in no mean
PLOT = "blocks.svg"
BAR = 30  # characters of the longest bar in a terminal
CAUTION = (
    "These ratios fall with every step of fine-tuning: compare them only between networks that were fine-tuned for the "
    "same number of steps, not of epochs."
)


@dataclass(frozen=True)
class Block:
    """ratio: how many times nearer pre-training has brought it; None where fine-tuning did not move it. growth: norm
    after fine-tuning over norm before. Of a head that the three networks do not share, nothing is known."""

    name: str
    from_initial: float | None = None
    from_pretrained: float | None = None
    growth: float | None = None
    ratio: float | None = None


@dataclass(frozen=True)
class Distances:
    """label: the spec of the metric that they come from. remarks: what is to be known of these blocks."""

    label: str
    names: tuple[str, str, str]
    blocks: tuple[Block, ...]
    mean: float
    log_mean: float | None
    remarks: tuple[str, ...]

    @property
    def bars(self) -> list[Bar]:
        return [Bar(block.name, block.ratio, _ratio(block), pale=block.name == HEAD) for block in self.blocks]


def measured(spec: str, checkpoints: Sequence[Path]) -> Distances:
    """What the metric says of three files: initial, pre-trained and fine-tuned weights.

    UsageError for another metric; TbenchError for files that hold no weights, or nothing that can be compared.
    """
    catalogue = Catalogue.installed()
    metric = catalogue.metric(spec)
    if metric.core.name != METRIC or metric.transforms:
        raise UsageError(f"distances come from {METRIC} and its settings, not from {metric.label}")
    states = zip(("initial", "pretrained", "finetuned"), map(read_state, checkpoints), strict=True)
    given = {f"{when}_parameters": Root.of(state) for when, state in states}
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            terms = metric.judge(Evidence(given, catalogue.nodes)).terms
        except Inapplicable as reason:
            raise TbenchError(f"{', '.join(map(str, checkpoints))}: {reason}") from reason
    initial, pretrained, finetuned = (path.name for path in checkpoints)
    blocks = tuple(
        Block(name, *(terms.get(f"{name}: {what}") for what in ("from initial", "from pretrained", "growth", "ratio")))
        for name in dict.fromkeys([*(term.rpartition(": ")[0] for term in terms if ": " in term), HEAD])
    )
    remarks = [str(warning.message) for warning in warned]
    if blocks[-1].from_initial is None:
        remarks.append("The head has no ratio: the three networks share none.")
    else:
        remarks.append("The head is in no mean: pre-training cannot move what is drawn afresh for fine-tuning.")
    return Distances(
        metric.label,
        (initial, pretrained, finetuned),
        blocks,
        terms["mean"],
        terms.get("log-mean"),
        (*remarks, CAUTION),
    )


def section(distances: Distances, *, bars: bool) -> Section:
    """One row for each block, with a bar where letters draw it."""
    header = ["block", "from initial", "from pre-trained", "growth", "ratio"]
    drawn = in_blocks(distances.bars, BAR)
    rows = []
    for block, bar in zip(distances.blocks, drawn, strict=True):
        row = (block.name, *map(_figure, (block.from_initial, block.from_pretrained, block.growth)), _ratio(block))
        rows.append((*row, bar) if bars else row)
    table = Table((*header, "") if bars else tuple(header), tuple(rows), "lrrrr" + "l" * bars)
    counted = sum(block.ratio is not None and block.name != HEAD for block in distances.blocks)
    log_mean = NOTHING if distances.log_mean is None else f"{distances.log_mean:.4f}"
    before = (
        "Distances of the fine-tuned weights of {2} from the initial ones of {0} and from the pre-trained ones of {1}. "
        "The ratio of the two says how many times nearer pre-training has brought a block; growth is its norm after "
        "fine-tuning over that before.".format(*distances.names),
    )
    means = f"Mean of {counted} blocks: {distances.mean:.4f}; mean of their logarithms: {log_mean}."
    after = (means, *distances.remarks)
    return Section("distance", f"Parameter distance ({distances.label})", before, (("", table),), after)


def publish(distances: Distances, out: Path) -> Path:
    """Write <out>/README.md and the picture beside it; the path of the page. TbenchError where that cannot be."""
    picture = svg(f"{distances.label} of {distances.names[2]}", distances.bars, mark=distances.mean)
    page = markdown(section(distances, bars=False)).removeprefix("#")  # the title of a page, not of a section
    try:
        out.mkdir(parents=True, exist_ok=True)
        write(out / PLOT, picture)
        write(out / "README.md", f"{page}\n\n![The ratio of each block; dashed: their mean]({PLOT})\n")
    except OSError as error:
        raise TbenchError(f"page {out} cannot be written: {error.strerror or error}") from error
    return out / "README.md"


def _ratio(block: Block) -> str:
    return "did not move" if block.ratio is None and block.from_pretrained == 0 else _figure(block.ratio)


def _figure(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.5g}"
