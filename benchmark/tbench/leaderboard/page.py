"""Writing a leaderboard: one page to read, and the tidy numbers that it shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePath

from tbench.errors import TbenchError
from tbench.garbage import uncollected
from tbench.leaderboard.absences import absences_section
from tbench.leaderboard.accuracies import truth_section
from tbench.leaderboard.board import Board, make_board
from tbench.leaderboard.certainty import certainty_section
from tbench.leaderboard.claims import claims_section
from tbench.leaderboard.elsewhere import elsewhere_section
from tbench.leaderboard.facts import Facts
from tbench.leaderboard.folder import publish_files
from tbench.leaderboard.frame import Frame
from tbench.leaderboard.html.entry import Entry
from tbench.leaderboard.html.lead import errata, reading
from tbench.leaderboard.html.markup import Html
from tbench.leaderboard.html.measured import points_of, rows_of
from tbench.leaderboard.html.page import Page, html_page
from tbench.leaderboard.html.pictures import pictures
from tbench.leaderboard.markdown import inline, markdown
from tbench.leaderboard.measures import datasets_section, pools_section
from tbench.leaderboard.prices import cost_section
from tbench.leaderboard.rankings import agreement_section, boards_section, yardsticks
from tbench.leaderboard.tables import NOTHING, PARTIAL, Section, counted
from tbench.leaderboard.tidy import descriptions, tidy_files
from tbench.leaderboard.variants import variants_section
from tbench.leaderboard.worth import worth_section
from tbench.results import Record


def publish(records: Iterable[Record] | Facts, frame: Frame, out: Path) -> Path:
    """`publish_board` of records: those of one suite, of any protocol."""
    with uncollected():
        return publish_board(make_board(records, frame), out)


def publish_board(board: Board, out: Path) -> Path:
    """Write README.md, index.html and CSV files into the frame's folder of out, and the index over all pages there.

    The same records give the same bytes. The path of README.md. TbenchError where nothing can be written.
    """
    if ".." in (inside := PurePath(board.frame.folder)).parts or inside.is_absolute():
        raise TbenchError(f"leaderboard {board.frame.folder!r} would not lie in {out}; give the suite another name")
    made = sections(board)
    files = tidy_files(board) | {"README.md": _in_markdown(board, made), "index.html": _in_html(board, made)}
    return publish_files(files, board.frame.folder, out) / "README.md"


SECTIONS: Mapping[str, Callable[[Board], Section]] = {
    "agreement": agreement_section,
    "certainty": lambda board: certainty_section(board.lineup, board.standings),
    "worth": worth_section,
    "elsewhere": elsewhere_section,
    "boards": boards_section,
    "claims": claims_section,
    "variants": variants_section,
    "cost": cost_section,
    "truth": truth_section,
    "datasets": datasets_section,
    "pools": pools_section,
    "absences": absences_section,
}


def sections(board: Board, names: Iterable[str] = tuple(SECTIONS)) -> tuple[Section, ...]:
    """In the order in which they are read; only those that are asked for are made."""
    asked = set(names)
    return tuple(make(board) for name, make in SECTIONS.items() if name in asked)


def render(board: Board) -> str:
    """The page, in Markdown."""
    return _in_markdown(board, sections(board))


def _in_html(board: Board, made: Sequence[Section]) -> str:
    frame, rows = board.frame, rows_of(board)
    return html_page(
        Page(
            frame.folder,
            Entry.of(frame.title, frame.description, [rows], measured=True),
            _title(frame),
            _about(frame),
            facts(board),
            [_errata(frame), reading(_reading(frame))],
            pictures(rows, points_of(board), board.bill),
            made,
            descriptions(frame),
            _made(frame),
        )
    )


def _errata(frame: Frame) -> Html | None:
    return errata(frame.published.remarks, "the published truth") if frame.published else None


def _in_markdown(board: Board, made: Sequence[Section]) -> str:
    frame = board.frame
    parts = [f"# {inline(_title(frame))}", inline(_about(frame))]
    parts.append("\n".join(f"- **{name}**: {inline(words)}" for name, words in facts(board)))
    parts.append("## How to read this\n\n" + "\n".join(f"- {line}" for line in _reading(frame)))
    parts += [markdown(section) for section in made]
    files = "\n".join(f"- [{name}]({name}): {words}" for name, words in descriptions(frame).items())
    parts.append(f"## The numbers\n\n{files}\n\n{_made(frame)}")
    return "\n\n".join(parts) + "\n"


def _title(frame: Frame) -> str:
    return f"Leaderboard: {frame.title}"


def _about(frame: Frame) -> str:
    return f"{frame.description[:1].upper()}{frame.description[1:]}."


def _made(frame: Frame) -> str:
    protocol = f" --protocol {frame.protocol}" if frame.protocol else ""
    return f"This page was made from stored records alone, by `tbench publish --suite {frame.suite}{protocol}`."


def facts(board: Board) -> list[tuple[str, str]]:
    """What stands at the head of a page: protocol, records, provenance, yardsticks."""
    frame = board.frame
    seeds = board.seeds
    machines = [f"{name} ({counted(count, 'record')})" for name, count in board.machines]
    versions = ", ".join(f"{name} {' / '.join(of)}" for name, of in board.versions.items() if name != "plugin")
    plugins = ", ".join(board.versions.get("plugin", [])) or NOTHING
    return [
        (
            "Suite",
            f"{frame.suite}, {counted(len(frame.candidates), 'candidate')} × {counted(len(frame.datasets), 'dataset')}",
        ),
        ("Ground truth", _truth(frame)),
        *([("Scored on", frame.probe)] if frame.probe else []),
        *([("Notes", " ".join(frame.notes))] if frame.notes else []),
        ("Records", f"{len(board.sifted):,}, measured {' to '.join(board.days) or NOTHING} (UTC)"),
        ("Seeds", f"{len(seeds)} ({', '.join(map(str, seeds))})" if seeds else "none"),
        ("Machine", "; ".join(machines) or NOTHING),
        ("Versions", versions or NOTHING),
        ("Plug-ins", plugins),
        *_seen(board),
        *yardsticks(board),
    ]


def _seen(board: Board) -> list[tuple[str, str]]:
    frame = board.frame
    pairs = [(candidate, dataset) for dataset in frame.datasets for candidate in frame.candidates]
    seen = [
        f"{board.names[candidate]} on {board.names[dataset]}"
        for candidate, dataset in pairs
        if (candidate, dataset) in frame.seen
    ]
    why = "pre-trained on images of that very dataset (the oracle fits these gaps)"
    return [("Left out", f"{', '.join(seen)}: {why}")] if seen else []


def _truth(frame: Frame) -> str:
    if frame.published:
        return f"published, not measured here: {frame.published.reference}"
    settings = ", ".join(f"{name.replace('_', ' ')} {_setting(value)}" for name, value in frame.settings.items())
    return (
        f"protocol {frame.protocol}: {settings}; every point of the grid is one run, the run with the best "
        "validation result stands for its candidate, and only its test result is read"
    )


def _reading(frame: Frame) -> list[str]:
    truth = "published truth" if frame.published else "truth averaged over seeds"
    ceiling = (
        "The noise ceiling says how well one repetition of the fine-tuning predicts another; a metric is held against "
        "the mean of all, which is less noisy, and may pass it. "
    )
    return [
        "A score is worth as much as the order that it puts the candidates in. τ_w is the weighted Kendall "
        "correlation of that order with the order by fine-tuning (SciPy's `weightedtau`): 1 the same, 0 unrelated, "
        "-1 reversed; the top of the order counts most.",
        f"Each seed's scores are held against the {truth}; shown is the mean over seeds, ± the sd "
        "between seeds where there are several.",
        f"Only candidates with a truth are ranked. {PARTIAL} marks a mean that cannot be compared with the others: the "
        "metric says nothing about some candidates, datasets or seeds, and is ranked over what it has. Nothing is "
        f"filled in; {NOTHING} means not defined.",
        "Bold is the best metric of its column, floors and analyses aside, among those that miss nothing there.",
        ("" if frame.published else ceiling) + "The oracle ranks by how "
        "candidates did on the other datasets: what a metric must beat to know anything about this dataset.",
    ]


def _setting(value: object) -> str:
    return " / ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
