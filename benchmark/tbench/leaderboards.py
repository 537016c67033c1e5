"""All pages that can be made without measuring: of a store's suites, and of what others published."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tbench.leaderboard.facts import Facts
from tbench.leaderboard.frame import Frame
from tbench.leaderboard.html.page import INDEX
from tbench.leaderboard.page import publish
from tbench.published import facts, page
from tbench.published.findings import Findings
from tbench.registry import Registry
from tbench.store import Store
from tbench.suite import Suite, load_suite


def publish_all(store: Store, out: Path) -> Iterator[Path]:
    """Each page as it is written: suites that are installed and that the store knows, all published ones, the index."""
    for name in sorted(store.suites() & set(Registry.installed("suites"))):
        found = Facts.stored(store, name)
        for frame in frames(load_suite(name), found):
            yield publish(found, frame, out)
    for published in map(facts.load, facts.names()):
        yield page.publish(Findings.of(published), out)
    yield out / INDEX


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
