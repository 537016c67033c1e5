"""A suite: which candidates, datasets, metrics and protocols belong together, read from a TOML declaration."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from itertools import product
from pathlib import Path
from typing import Any

from tbench.citation import Citation
from tbench.errors import UsageError
from tbench.evidence import EXTRACTION, OTHER_PASSES, TRAINING
from tbench.leaderboard.claim import Claim, read_claims
from tbench.leaderboard.frame import Frame
from tbench.probe import Probe
from tbench.protocol import Protocol
from tbench.published import facts
from tbench.registry import Registry

LISTS = ("candidates", "datasets", "metrics", "floors")
TEXTS = ("title", "description", "reference", "protocol")
OPTIONS = (
    *("common", "seen", "boards", "claims", "notes", "score_seconds"),
    *("truth", "published", "scored_on", "several_labels"),
)


@dataclass(frozen=True)
class Suite:
    """What is run against what.

    reference: the dataset whose training images are the general reference set. common: the candidate through whose
    network tasks are compared, the same for all; none where it is empty. seen: pairs (candidate, dataset) that
    are left out, since the candidate was pre-trained on images of that very dataset. probe: which images of a dataset
    metrics see. notes: what a reader of the page must know. citation: the published truth that stands in for
    fine-tuning as long as no protocol is named. score_seconds: what extraction and scores of one candidate on one
    dataset are expected to take, where they are not as small as those of `mini`. claims: what others say of metrics,
    to be tested on the page.
    """

    name: str
    title: str
    description: str
    candidates: tuple[str, ...]
    datasets: tuple[str, ...]
    metrics: tuple[str, ...]
    floors: tuple[str, ...]
    reference: str
    protocols: Mapping[str, Protocol]
    default_protocol: str
    boards: Mapping[str, tuple[str, ...]]
    seen: frozenset[tuple[str, str]]
    probe: Probe
    notes: tuple[str, ...]
    citation: Citation | None
    score_seconds: float | None
    claims: tuple[Claim, ...]
    common: str = ""

    def frame(self, protocol_name: str | None) -> Frame:
        """What pages must be told of this suite and its published truth, or one of its protocols."""
        protocol = self.protocol(protocol_name)
        citation = self.cited(protocol_name)
        return Frame(
            suite=self.name,
            folder=self._folder(protocol_name),
            title=self.title,
            description=self.description,
            protocol="" if citation else protocol.name,
            settings={} if citation else protocol.settings(),
            runs=() if citation else tuple(run.spec for run in protocol.runs()),
            candidates=self.candidates,
            datasets=self.datasets,
            floors=self.floors,
            boards=self.boards,
            seen=self.seen,
            extraction=EXTRACTION,
            passes=OTHER_PASSES,
            training=TRAINING,
            calibration=protocol.calibration,
            probe=self.probe.words,
            notes=self.notes,
            published=citation.truth(self.candidates, self.datasets) if citation else None,
            claims=self.claims,
        )

    def pool(self, dataset: str) -> tuple[str, ...]:
        """The candidates that are ranked on a dataset: all that have not seen it."""
        return tuple(name for name in self.candidates if (name, dataset) not in self.seen)

    def cited(self, protocol_name: str | None) -> Citation | None:
        """Whose truth scores are held against; None where it is measured, by the protocol that is named."""
        return None if protocol_name else self.citation

    def _folder(self, protocol_name: str | None) -> str:
        """Not the suite's own where it has a published truth: what lies there says whether that adds up."""
        if self.citation is None:
            return self.name
        return f"{self.name}/{'run' if self.cited(protocol_name) else 'measured'}"

    def protocol(self, name: str | None) -> Protocol:
        name = name or self.default_protocol
        if name not in self.protocols:
            raise UsageError(f"suite {self.name} has no protocol {name!r}; it has {', '.join(self.protocols)}")
        return self.protocols[name]


def load_suite(name: str) -> Suite:
    """An installed suite by name, or one of your own by the path of its TOML file."""
    if name.endswith(".toml"):
        path = Path(name)
        try:
            return read_suite(path.stem, path.read_text(encoding="utf-8"))
        except OSError as error:
            raise UsageError(f"suite {name} cannot be read: {error.strerror or error}") from error
    installed = Registry.installed("suites")
    if name not in installed and name in facts.names():
        why = facts.load(name).unavailable
        raise UsageError(f"suite {name} cannot be run: {why}; `tbench replay {name}` recomputes what was published")
    return read_suite(name, installed.resource(name))


def read_suite(name: str, text: str) -> Suite:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"suite {name} is not TOML: {error}") from error
    known = {*LISTS, *TEXTS, *OPTIONS, "protocols"}
    if wrong := sorted(set(table) - known):
        raise UsageError(f"suite {name}: unknown {', '.join(wrong)}; a suite has {', '.join(sorted(known))}")
    if missing := sorted({*LISTS, *TEXTS, "protocols"} - set(table)):
        raise UsageError(f"suite {name} does not say its {', '.join(missing)}")
    texts: dict[str, Any] = {key: table[key] for key in TEXTS if key != "protocol"}
    lists: dict[str, Any] = {key: tuple(table[key]) for key in LISTS}
    suite = Suite(
        name,
        **texts,
        **lists,
        protocols={key: Protocol.read(key, value, f"suite {name}") for key, value in table["protocols"].items()},
        default_protocol=table["protocol"],
        boards=_boards(table),
        seen=frozenset(_seen(name, table)),
        probe=Probe.read(table, f"suite {name}"),
        notes=tuple(table.get("notes", ())),
        citation=_citation(name, table),
        score_seconds=table.get("score_seconds"),
        claims=read_claims(table.get("claims", []), table.get("boards", {}), f"suite {name}"),
        common=table.get("common", ""),
    )
    suite.protocol(None)
    return suite


def chosen(kind: str, wanted: str, offered: tuple[str, ...], suite: str) -> tuple[str, ...]:
    """The offered names that a comma list of names and patterns picks, in the order in which they are offered."""
    if wanted == "all":
        return offered
    picked: set[str] = set()
    for wish in filter(None, wanted.split(",")):
        matches = [name for name in offered if fnmatchcase(name, wish)]
        if not matches:
            close = get_close_matches(wish, offered, n=2)
            hint = f"; did you mean {' or '.join(close)}?" if close else f"; it has {', '.join(offered)}"
            raise UsageError(f"suite {suite} has no {kind} {wish!r}{hint}")
        picked.update(matches)
    return tuple(name for name in offered if name in picked)


def _citation(name: str, table: Mapping[str, Any]) -> Citation | None:
    if ("truth" in table) != ("published" in table):
        raise UsageError(f'suite {name}: truth = "<published suite>" and the table [published] go together')
    if "truth" not in table:
        return None
    citation = Citation.read(table["truth"], table["published"], f"suite {name}")
    if strangers := sorted(set(citation.names) - {*table["candidates"], *table["datasets"]}):
        raise UsageError(f"suite {name}: [published] names {', '.join(strangers)}, which the suite does not have")
    return citation


def _boards(table: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {
        title: tuple(name for name in table["candidates"] if any(fnmatchcase(name, pattern) for pattern in patterns))
        for title, patterns in table.get("boards", {}).items()
    }


def _seen(suite: str, table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for entry in table.get("seen", []):
        if not (isinstance(entry, list) and len(entry) == 2 and all(isinstance(pattern, str) for pattern in entry)):
            raise UsageError(f"suite {suite}: {entry!r} in its seen is not [candidate, dataset], two names or patterns")
        kinds = zip(("candidates", "datasets"), entry, strict=True)
        candidates, datasets = ([name for name in table[kind] if fnmatchcase(name, word)] for kind, word in kinds)
        if not (candidates and datasets):
            raise UsageError(f"suite {suite}: {entry!r} in its seen is no pair of its candidates and datasets")
        yield from product(candidates, datasets)
