"""What several stores know, in one: nothing is lost, and no contradiction is settled unless somebody says how."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from tbench.results import Key, Record

Preference = Literal["first", "newest"]


@dataclass(frozen=True)
class Conflict:
    """Two outcomes of one cell that are not the same; here: what the earlier stores say."""

    here: Record
    there: Record

    def __str__(self) -> str:
        key = self.here.key
        cell = f"{key.spec} of {key.candidate} on {key.dataset}, seed {key.seed}, suite {key.suite} ({key.kind})"
        return f"{cell}: {_told(self.here)}; {_told(self.there)}"


@dataclass(frozen=True)
class Merged:
    """added: records that the first store lacks, in the order of their keys. same: keys that were known already."""

    added: tuple[Record, ...]
    same: int
    conflicts: tuple[Conflict, ...]


def merged(first: Iterable[Record], *others: Iterable[Record], prefer: Preference | None = None) -> Merged:
    """Each: the last record of each key of one store. A failure is no outcome, and gives way to one.

    Equal outcomes are one, and the earlier store's record stays. newest: the outcome that was
    measured last, by the times that records tell, the earlier store's where these are the same. Without a preference
    what contradicts is in no list but that of conflicts.
    """
    known: dict[Key, Record] = {record.key: record for record in first}
    added: dict[Key, Record] = {}
    conflicts: list[Conflict] = []
    said: dict[Key, str] = {}  # when the outcome that is known was measured last
    same = 0
    for other in others:
        for record in other:
            here = known.get(record.key)
            if here is not None and (record.status == "failed" or _outcome(here) == _outcome(record)):
                same += 1
                if record.status != "failed":
                    said[record.key] = max(said.get(record.key, here.time), record.time)
                continue
            if here is not None and here.status != "failed":
                conflicts.append(Conflict(here, record))
                if not (prefer == "newest" and record.time > said.get(record.key, here.time)):
                    continue
            known[record.key] = added[record.key] = record
            said[record.key] = record.time
    return Merged(tuple(added[key] for key in sorted(added)), same, tuple(conflicts))


def _outcome(record: Record) -> tuple[str, float | None]:
    return record.status, record.value


def _told(record: Record) -> str:
    machine = record.provenance.get("machine", "an unknown machine")
    device = record.provenance.get("device", "cpu")
    value = repr(record.value) if record.status == "ok" else record.status
    return f"{value} on {machine}{'' if device == 'cpu' else f', {device}'} at {record.time or 'an unknown time'}"
