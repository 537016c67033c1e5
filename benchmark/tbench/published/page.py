"""The pages of a published suite: what is known of its numbers, whether they add up, and how its scores rank."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, fields
from pathlib import Path

from tbench.leaderboard.folder import publish_files
from tbench.leaderboard.html.entry import Entry
from tbench.leaderboard.html.lead import errata
from tbench.leaderboard.html.markup import Html, joined, tag
from tbench.leaderboard.html.page import Page, html_page
from tbench.leaderboard.markdown import markdown
from tbench.leaderboard.tables import Section
from tbench.published.facts import Published
from tbench.published.findings import Findings
from tbench.published.pictured import boards_of, pictured
from tbench.published.rankings import Board
from tbench.published.sections import sections
from tbench.published.spread import HEADER, spread
from tbench.published.verdict import Verdict
from tbench.statistics import Agreement

FILES = {
    "replay.csv": "every printed number beside ours",
    "agreement.csv": "how each score and each floor ranks the candidates, by dataset",
    "spread.csv": "the ground truth of each dataset in figures",
}
DATA = "../../benchmark/tbench/published"  # from a page in leaderboards/<suite>
ABOUT = "Nothing on this page was measured by tbench: it holds what others published against itself."


def publish(findings: Findings, out: Path) -> Path:
    """Write README.md, index.html and CSV files into <out>/<suite>, and the index over all pages there.

    The path of README.md. TbenchError where that cannot be.
    """
    return publish_files(contents(findings), findings.published.name, out) / "README.md"


def contents(findings: Findings) -> dict[str, str]:
    """File name -> text, of all that the page consists of; a table without rows has no file."""
    published, verdicts = findings.published, findings.verdicts
    tables = {
        "replay.csv": ([field.name for field in fields(Verdict)], [astuple(verdict) for verdict in verdicts]),
        "agreement.csv": (
            [
                "pool",
                "dataset",
                "metric",
                "floor",
                *(field.name for field in fields(Agreement)),
                "ranked",
                "candidates",
            ],
            list(_agreements(findings.boards)),
        ),
        "spread.csv": (list(HEADER), [spread(published, truth) for truth in published.truth]),
    }
    files = {name: _csv(header, rows) for name, (header, rows) in tables.items() if rows}
    told = {name: FILES[name] for name in files}
    made = tuple(sections(findings))
    return {
        "README.md": _in_markdown(published, made, told),
        "index.html": _in_html(findings, made, told),
        **files,
    }


def _in_markdown(published: Published, made: Sequence[Section], files: Mapping[str, str]) -> str:
    links = [f"[{name}]({_address(name, at)}) at {at[:12]}" for name, at in published.commits.items()]
    head = [
        f"- **From**: {published.reference}",
        *([f"- **Source of the numbers**: {'; '.join(links)}"] if links else []),
        f"- **What is ranked**: {published.ranked}",
        f"- **The numbers themselves**: [{published.name}]({DATA}/{published.name}), each with the file it comes from",
    ]
    remarks = "\n".join(f"- {remark}" for remark in published.remarks)
    parts = [
        f"# {_title(published)}",
        ABOUT,
        "\n".join(head),
        f"## What to know of these numbers\n\n{remarks}",
        *map(markdown, made),
    ]
    listing = "\n".join(f"- [{name}]({name}): {words}" for name, words in files.items())
    parts.append(f"## Files\n\n{listing}\n\n{_made(published)}")
    return "\n\n".join(parts) + "\n"


def _in_html(findings: Findings, made: Sequence[Section], files: Mapping[str, str]) -> str:
    published = findings.published
    links = [
        joined(tag("a", name, href=_address(name, at)), f" at {at[:12]}") for name, at in published.commits.items()
    ]
    numbers = tag("a", published.name, href=f"{DATA}/{published.name}")
    facts = [
        ("From", published.reference),
        *([("Source of the numbers", Html("; ".join(links)))] if links else []),
        ("What is ranked", published.ranked),
        ("The numbers themselves", joined(numbers, ", each with the file it comes from")),
    ]
    return html_page(
        Page(
            published.name,
            Entry.of(published.title, published.reference, [rows for rows, _ in boards_of(findings)], measured=False),
            _title(published),
            ABOUT,
            facts,
            [errata(published.remarks)],
            pictured(findings),
            made,
            files,
            _made(published),
            brief=True,
        )
    )


def _title(published: Published) -> str:
    return f"Published: {published.title}"


def _made(published: Published) -> str:
    return f"Made by `tbench replay {published.name} --out leaderboards`."


def _address(repository: str, commit: str) -> str:
    return f"https://github.com/{repository}/tree/{commit}"


def _agreements(ranked: Iterable[Board]) -> Iterator[tuple[object, ...]]:
    for board in ranked:
        for line in board.lines:
            for truth, ranking in line.rankings.items():
                found = ("" if value is None else f"{value:z.9g}" for value in astuple(ranking.agreement))
                yield (*truth, line.metric, int(line.floor), *found, ranking.of, ranking.total)


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([f"{cell:z.9g}" if isinstance(cell, float) else cell for cell in row] for row in rows)
    return text.getvalue()
