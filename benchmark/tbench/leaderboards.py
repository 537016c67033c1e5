"""All pages that can be made without measuring: of a store's suites, and of what others published."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tbench.garbage import uncollected
from tbench.leaderboard.board import make_board
from tbench.leaderboard.facts import Facts
from tbench.leaderboard.frame import Frame
from tbench.leaderboard.html.index import Entry, index_page
from tbench.leaderboard.html.measured import rows_of
from tbench.leaderboard.page import publish_board, put
from tbench.published import facts, page
from tbench.published.findings import Findings
from tbench.published.pictured import boards_of
from tbench.registry import Registry
from tbench.store import Store
from tbench.suite import Suite, load_suite


def publish_all(store: Store, out: Path) -> Iterator[Path]:
    """Each page as it is written: suites that are installed and that the store knows, all published ones, an index."""
    entries = []
    for name in sorted(store.suites() & set(Registry.installed("suites"))):
        found = Facts.stored(store, name)
        for frame in frames(load_suite(name), found):
            with uncollected():
                board = make_board(found, frame)
                path = publish_board(board, out)
            entries.append(Entry.of(frame.folder, frame.title, frame.description, [rows_of(board)]))
            yield path
    others = []
    for published in map(facts.load, facts.names()):
        findings = Findings.of(published)
        boards = [rows for rows, _ in boards_of(findings)]
        others.append(Entry.of(published.name, published.title, published.reference, boards))
        yield page.publish(findings, out)
    put({"index.html": index_page(entries, others)}, out)
    yield out / "index.html"


def frames(suite: Suite, found: Facts) -> Iterator[Frame]:
    """Its published truth, where it has one; and of its protocols the one by which most was fine-tuned."""
    if suite.citation:
        yield suite.frame(None)
    specs = [record.key.spec for record in found.others if record.key.kind == "truth"]
    measured = [suite.frame(protocol) for protocol in suite.protocols]
    runs = [sum(spec in frame.runs for spec in specs) for frame in measured]
    if any(runs):
        yield measured[runs.index(max(runs))]
    elif not suite.citation:
        yield suite.frame(None)
