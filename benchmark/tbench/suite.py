"""A suite: which candidates, datasets, metrics and protocols belong together, read from a TOML declaration."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from itertools import product
from pathlib import Path
from typing import Any

from tbench.citation import Citation
from tbench.declaration import name as one_name
from tbench.declaration import names, number, table, text, texts
from tbench.errors import UsageError
from tbench.evidence import EXTRACTION, OTHER_PASSES, TRAINING
from tbench.leaderboard.claim import Claim, read_claims
from tbench.leaderboard.frame import Frame
from tbench.outside import parse_toml, read_text
from tbench.probe import Probe
from tbench.protocol import Protocol
from tbench.published import facts
from tbench.registry import Registry

LISTS = ("candidates", "datasets", "metrics", "floors")
TEXTS = ("title", "description", "reference", "protocol")
OPTIONS = (
    *("common", "seen", "boards", "families", "claims", "notes", "score_seconds"),
    *("truth", "published", "scored_on", "several_labels"),
)
CALLED = re.compile(r"(\w[\w.-]*/)?\w[\w. -]*")  # what a suite or a protocol may be called: it names a folder
MOST_PAIRS = 1_000_000  # of a candidate and a dataset; ten times the largest pool and all targets that were published


@dataclass(frozen=True)
class Suite:
    """What is run against what.

    reference: the dataset whose training images are the general reference set. common: the candidate through whose
    network tasks are compared, the same for all; none where it is empty. seen: pairs (candidate, dataset) that
    are left out, since the candidate was pre-trained on images of that very dataset. probe: which images of a dataset
    metrics see. notes: what a reader of the page must know. citation: the published truth that stands in for
    fine-tuning as long as no protocol is named. score_seconds: what extraction and scores of one candidate on one
    dataset are expected to take, where they are not as small as those of `mini`. claims: what others say of metrics,
    to be tested on the page. families: which candidates are of one kind; every one of them is in just one, or there
    are none.
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
    families: Mapping[str, tuple[str, ...]]
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
            families=self.families,
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
        return read_suite(path.stem, read_text(path, f"suite {name}"))
    installed = Registry.installed("suites")
    if name not in installed and name in facts.names():
        why = facts.load(name).unavailable
        raise UsageError(f"suite {name} cannot be run: {why}; `tbench replay {name}` recomputes what was published")
    return read_suite(name, installed.resource(name))


def read_suite(name: str, declared: str) -> Suite:
    """UsageError, one line, for a declaration that is none."""
    where = f"suite {name}"
    if not CALLED.fullmatch(name):
        raise UsageError(f"{where!r} cannot be called so; give its file a name of letters, digits and . _ - signs")
    told = parse_toml(declared, where)
    known = {*LISTS, *TEXTS, *OPTIONS, "protocols"}
    if wrong := sorted(set(told) - known):
        raise UsageError(f"{where}: unknown {', '.join(wrong)}; a suite has {', '.join(sorted(known))}")
    if missing := sorted({*LISTS, *TEXTS, "protocols"} - set(told)):
        raise UsageError(f"{where} does not say its {', '.join(missing)}")
    lists: dict[str, Any] = {key: names(told[key], f"{where}: {key}") for key in LISTS}
    if (pairs := len(lists["candidates"]) * len(lists["datasets"])) > MOST_PAIRS:
        raise UsageError(f"{where} has {pairs:,} pairs of a candidate and a dataset; {MOST_PAIRS:,} are the most")
    boards = _groups(where, told, "boards", "board")
    suite = Suite(
        name,
        title=one_name(told["title"], f"{where}: title"),
        description=text(told["description"], f"{where}: description"),
        reference=one_name(told["reference"], f"{where}: reference"),
        **lists,
        protocols=_protocols(where, told),
        default_protocol=text(told["protocol"], f"{where}: protocol"),
        boards=boards,
        families=_families(where, told),
        seen=frozenset(_seen(name, told)),
        probe=Probe.read(told, where),
        notes=texts(told.get("notes", []), f"{where}: notes"),
        citation=_citation(name, told),
        score_seconds=number(told["score_seconds"], f"{where}: score_seconds") if "score_seconds" in told else None,
        claims=read_claims(told.get("claims", []), boards, where),
        common=one_name(told.get("common", ""), f"{where}: common"),
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


def _protocols(where: str, told: Mapping[str, Any]) -> dict[str, Protocol]:
    tables = table(told["protocols"], f"{where}: protocols")
    if strange := [key for key in tables if not CALLED.fullmatch(key)]:
        raise UsageError(f"{where}: a protocol cannot be called {strange[0]!r}; letters, digits and . _ - signs can")
    return {key: Protocol.read(key, table(value, f"{where}: {key}"), where) for key, value in tables.items()}


def _citation(name: str, told: Mapping[str, Any]) -> Citation | None:
    if ("truth" in told) != ("published" in told):
        raise UsageError(f'suite {name}: truth = "<published suite>" and the table [published] go together')
    if "truth" not in told:
        return None
    where = f"suite {name}"
    citation = Citation.read(
        text(told["truth"], f"{where}: truth"), table(told["published"], f"{where}: published"), where
    )
    if strangers := sorted(set(citation.names) - {*told["candidates"], *told["datasets"]}):
        raise UsageError(f"{where}: [published] names {', '.join(strangers)}, which the suite does not have")
    return citation


def _families(where: str, told: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    families = _groups(where, told, "families", "family")
    of: dict[str, list[str]] = {name: [] for name in told["candidates"]}
    for family, members in families.items():
        if not members:
            raise UsageError(f"{where}: family {family} has none of its candidates")
        for name in dict.fromkeys(members):
            of[name].append(family)
    for name, several in of.items():
        if families and len(several) != 1:
            found = f"in the families {' and '.join(several)}" if several else "in none of its families"
            raise UsageError(f"{where}: {name} is {found}; let the patterns of one of them mean it")
    return families


def _groups(where: str, told: Mapping[str, Any], key: str, noun: str) -> dict[str, tuple[str, ...]]:
    """Title -> those candidates that any of its patterns means."""
    return {
        one_name(title, f"{where}: the title of a {noun}"): tuple(
            name
            for name in told["candidates"]
            if any(fnmatchcase(name, pattern) for pattern in names(patterns, f"{where}: {noun} {title}"))
        )
        for title, patterns in table(told.get(key, {}), f"{where}: {key}").items()
    }


def _seen(suite: str, told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    entries = told.get("seen", [])
    if not isinstance(entries, list):
        raise UsageError(f"suite {suite}: its seen is not a list of pairs [candidate, dataset]")
    for entry in entries:
        if not (isinstance(entry, list) and len(entry) == 2 and all(isinstance(pattern, str) for pattern in entry)):
            raise UsageError(f"suite {suite}: {entry!r} in its seen is not [candidate, dataset], two names or patterns")
        kinds = zip(("candidates", "datasets"), entry, strict=True)
        candidates, datasets = ([name for name in told[kind] if fnmatchcase(name, word)] for kind, word in kinds)
        if not (candidates and datasets):
            raise UsageError(f"suite {suite}: {entry!r} in its seen is no pair of its candidates and datasets")
        yield from product(candidates, datasets)
