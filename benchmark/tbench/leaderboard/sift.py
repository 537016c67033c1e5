"""Which records may stand on one page, and how many were left out for which reason."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass

from tbench.leaderboard.frame import Frame
from tbench.results import Record


@dataclass(frozen=True)
class Sifted:
    """Scores and fine-tuning runs that may be compared with one another, and reason -> records left out.

    estimates: of what fine-tuning would take.
    """

    scores: tuple[Record, ...]
    runs: tuple[Record, ...]
    estimates: tuple[Record, ...]
    left_out: Mapping[str, int]

    @property
    def records(self) -> tuple[Record, ...]:
        return self.scores + self.runs + self.estimates


def sift(records: Iterable[Record], frame: Frame) -> Sifted:
    """One suite, one protocol, whole sweeps, one set of weights for a candidate, one content for a dataset and seed.

    Where one name stands for several weights or contents, those that most records speak of stay (the newest, where
    that is a tie). Scores belong to no protocol; they stay for the seeds that the protocol's runs have.
    """
    left_out: Counter[str] = Counter()

    def keep(records: Iterable[Record], objection: Callable[[Record], str]) -> list[Record]:
        kept: list[Record] = []
        for record in records:
            if why := objection(record):
                left_out[why] += 1
            else:
                kept.append(record)
        return kept

    kept = keep(sorted(records, key=lambda record: record.key), lambda record: _foreign(record, frame))
    kept = keep(kept, _other_fingerprint(kept, "weights", lambda record: record.key.candidate))
    kept = keep(kept, _other_fingerprint(kept, "data", lambda record: (record.key.dataset, record.key.seed)))
    kept = keep(kept, _unfinished_sweep(kept, frame))
    seeds = {record.key.seed for record in kept if record.key.kind == "truth" and record.status == "ok"}

    def unseeded(record: Record) -> str:
        if not seeds or record.key.kind != "score" or record.key.seed in seeds:
            return ""
        return f"scores of seed {record.key.seed}, which no run of this protocol has"

    kept = keep(kept, unseeded)
    scores = tuple(record for record in kept if record.key.kind == "score")
    runs = tuple(record for record in kept if record.key.kind == "truth")
    estimates = tuple(record for record in kept if record.key.kind == "calibration")
    return Sifted(scores, runs, estimates, dict(sorted(left_out.items())))


def _foreign(record: Record, frame: Frame) -> str:
    key = record.key
    if key.suite != frame.suite:
        return f"of another suite ({key.suite})"
    if key.candidate not in frame.candidates:
        return f"of a candidate that the suite does not list ({key.candidate})"
    if key.dataset not in frame.datasets:
        return f"of a dataset that the suite does not list ({key.dataset})"
    if (key.candidate, key.dataset) in frame.seen:
        return f"of a candidate on images that it was pre-trained on ({key.candidate}, {key.dataset})"
    if key.kind == "score" and record.provenance.get("probe", "") != frame.probe:
        return "scores of other images of a dataset than the suite's today"
    if key.kind == "truth" and frame.published:
        return "fine-tuning, beside a truth that was published"
    if key.kind == "calibration" and key.spec != frame.calibration:
        return "estimate of what another protocol takes"
    if key.kind == "truth" and key.spec not in frame.runs:
        protocol = record.details.get("protocol")
        if protocol == frame.protocol:
            return f"fine-tuning by protocol {protocol} with other settings than today's"
        return f"fine-tuning by another protocol ({protocol})" if protocol else "fine-tuning by another protocol"
    if key.kind == "truth" and record.status == "ok" and not _number(record.details.get("validation")):
        return "fine-tuning without a finite validation result"
    return ""


def _unfinished_sweep(records: Iterable[Record], frame: Frame) -> Callable[[Record], str]:
    """An objection to runs of which others of the same grid are still to come: the best is not known yet."""
    done: dict[Hashable, set[str]] = defaultdict(set)
    for record in records:
        done[_cell(record)].add(record.key.spec)

    def objection(record: Record) -> str:
        unfinished = record.key.kind == "truth" and not done[_cell(record)] >= set(frame.runs)
        return "fine-tuning whose sweep is not finished" if unfinished else ""

    return objection


def _cell(record: Record) -> Hashable:
    return record.key.dataset, record.key.candidate, record.key.seed


def _other_fingerprint(
    records: Iterable[Record], what: str, name_of: Callable[[Record], Hashable]
) -> Callable[[Record], str]:
    """An objection to records that tell of other weights or data than most records under that name do."""
    told: dict[Hashable, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        if fingerprint := record.provenance.get(what):
            told[name_of(record)][fingerprint].append(record.time)
    chosen = {
        name: max(found, key=lambda fingerprint: (len(found[fingerprint]), max(found[fingerprint]), fingerprint))
        for name, found in told.items()
    }

    def objection(record: Record) -> str:
        fingerprint = record.provenance.get(what)
        if not fingerprint or fingerprint == chosen[name_of(record)]:
            return ""
        whose = record.key.candidate if what == "weights" else f"{record.key.dataset}, seed {record.key.seed}"
        return f"other {what} under the same name ({whose})"

    return objection


def _number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
