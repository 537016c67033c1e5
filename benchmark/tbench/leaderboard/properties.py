"""The property table: what each metric is free of and works for, beside what TransRate's slides print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tbench.errors import TbenchError
from tbench.leaderboard.markdown import markdown, write
from tbench.leaderboard.tables import NOTHING, Section, Table, listed
from tbench.published.facts import Claims, Disagreement

if TYPE_CHECKING:
    from tbench.properties import Properties

FOLDER = "properties"
COLUMNS = {
    "source_free": "free of source",
    "training_free": "free of training",
    "optimisation_free": "free of optimising",
    "unsupervised": "unsupervised pre-training",
    "layers": "layer selection",
}
LABELS = "labelled source"
HEADER = (*COLUMNS.values(), LABELS)
RULES = {
    "free of source": "it touches source data or source labels: images or classes of what a candidate was pre-trained "
    "on, or of a general reference set",
    "free of training": "it touches target training (a predictor or a density fitted to the target: a head, a "
    "discriminant, a mixture; counts, means and scatters of classes are none), a target probe (a network trained on "
    "the target), fine-tuned weights, or the pool (heads of all other candidates)",
    "free of optimising": "it, or evidence that it asks for, searches for its value: convex (linear and quadratic "
    "programmes, transport) or iterative (descent, fixed points); fits to the target aside, which are training",
    "unsupervised pre-training": "it touches the source head: the candidate's own classifier, or classes in its place",
    "layer selection": "it touches the source head, which inner layers have not; it rests on nothing of the candidate, "
    "so that all layers are one to it; or it says that its values do not compare between layers",
}


def sections(
    derived: Mapping[str, Properties], claims: Sequence[Claims], disagreements: Sequence[Disagreement]
) -> tuple[Section, ...]:
    """derived: of every metric, by its label. Claims about a metric that is not among them are left out."""
    held = [claim for claim in claims if set(claim.metrics) <= derived.keys()]
    return (printed_section(derived, held, disagreements), metrics_section(derived), rules_section())


def publish(told: Sequence[Section], out: Path) -> Path:
    """Write <out>/properties/README.md; its path. TbenchError where that cannot be."""
    folder = out / FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write(folder / "README.md", page(told))
    except OSError as error:
        raise TbenchError(f"page {folder} cannot be written: {error.strerror or error}") from error
    return folder / "README.md"


def page(told: Sequence[Section]) -> str:
    intro = (
        "What a metric needs decides where it can be used, and what it costs. Nothing here is filled in by hand: a "
        "metric names the evidence that it asks for, evidence says what it touches, and a metric says how it finds its "
        "value. **o**: it has the property. **x**: it has not."
    )
    end = "This page was made from the installed metrics, by `tbench properties --out leaderboards`."
    return "\n\n".join(["# What each metric needs", intro, *map(markdown, told), end]) + "\n"


def printed_section(
    derived: Mapping[str, Properties], claims: Sequence[Claims], disagreements: Sequence[Disagreement]
) -> Section:
    """The printed rows beside the derived ones, and why they differ where they do."""
    known = {(one.metric, one.column): one for one in disagreements}
    rows, reasons = [], []
    for claim in claims:
        for place, metric in enumerate(claim.metrics):
            found = _cells(derived[metric])
            shown = [
                cell if cell == claim.cells[column] else f"**{cell} ({claim.cells[column]})**"
                for column, cell in found.items()
            ]
            rows.append((NOTHING if place else claim.measure, metric, *shown, _labels(derived[metric])))
            for column in differing(derived[metric], claim):
                why = known[metric, column].why if (metric, column) in known else "not explained"
                reasons.append((claim.measure, metric, COLUMNS[column], found[column], claim.cells[column], why))
    header = ("measure", "metric", *HEADER)
    differences = ("measure", "metric", "property", "derived", "printed", "why")
    before = (
        "TransRate (Huang et al., ICML 2022) prints five properties of thirteen measures on its slides. In bold: what "
        "follows from the needs of the metric is not what is printed, which stands in brackets. Whether labelled data "
        "of a source are needed is ours to add.",
        _count(derived, claims, disagreements),
    )
    tables = (
        ("", Table(header, tuple(rows), "l" * len(header))),
        ("Where they differ", Table(differences, tuple(reasons), "l" * len(differences))),
    )
    return Section("printed", "As printed and as derived", before, tables)


def metrics_section(derived: Mapping[str, Properties]) -> Section:
    """All metrics, with what brings each x."""
    rows = tuple(
        (label, *_cells(properties).values(), _labels(properties), "; ".join(_reasons(properties)) or NOTHING)
        for label, properties in derived.items()
    )
    header = ("metric", *HEADER, "x because of")
    before = (
        "At default settings, unless others are written. Beside each touch stand the names of the evidence that the "
        "metric asks for and that brings it, or the metric's own.",
    )
    return Section("metrics", "Every metric", before, (("", Table(header, rows, "l" * len(header))),))


def rules_section() -> Section:
    after = (
        f"{LABELS.capitalize()}: needed where source labels are touched. A property says that a metric can be computed "
        "and compared, not that it ranks well.",
    )
    table = Table(("property", "x where"), tuple(RULES.items()), "ll")
    return Section("rules", "How a cell follows", (), (("", table),), after)


def differing(properties: Properties, claim: Claims) -> list[str]:
    """The columns in which the derived row is not the printed one."""
    return [column for column, cell in _cells(properties).items() if cell != claim.cells[column]]


def _count(derived: Mapping[str, Properties], claims: Sequence[Claims], disagreements: Sequence[Disagreement]) -> str:
    """How many printed rows follow, judged by the metric that stands for the measure."""
    forms = {(one.metric, one.column) for one in disagreements if one.cause == "form"}
    columns = {}
    for claim in claims:
        metric = claim.metrics[0]
        columns[claim.measure] = {(metric, column) for column in differing(derived[metric], claim)}
    other = [measure for measure, cells in columns.items() if cells and cells <= forms]
    against = [measure for measure, cells in columns.items() if not cells <= forms]
    follow = len(claims) - len(against)
    told = f"{follow} of {len(claims)} printed rows follow from what the measures need"
    if other:
        equal = follow - len(other)
        told += f" ({equal} from tbench's metrics cell by cell; "
        told += f"{listed(other)} as published, of which tbench has another form)"
    return told + (f", and {len(against)} do not: {listed(against)}." if against else ".")


def _cells(properties: Properties) -> dict[str, str]:
    return {column: "x" if reasons else "o" for column, reasons in properties.against().items()}


def _labels(properties: Properties) -> str:
    return "needed" if properties.labelled_source else NOTHING


def _reasons(properties: Properties) -> list[str]:
    """Each once, for a source head counts in two columns."""
    return list(dict.fromkeys(reason for reasons in properties.against().values() for reason in reasons))
