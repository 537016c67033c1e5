"""Which records may stand on one page, and how many were left out for which reason."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from tbench.leaderboard.facts import Facts
from tbench.leaderboard.frame import Frame
from tbench.leaderboard.ledger import Groups, Ledger
from tbench.results import Record


@dataclass(frozen=True)
class Sifted:
    """Scores and fine-tuning runs that may be compared with one another, and reason -> records left out.

    estimates: of what fine-tuning would take.
    """

    scores: Ledger
    runs: tuple[Record, ...]
    estimates: tuple[Record, ...]
    left_out: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.scores) + len(self.runs) + len(self.estimates)


@dataclass(frozen=True)
class Alike:
    """A record, and how many there are that are like it in all that is asked here; newest: the last of their times."""

    record: Record
    count: int
    newest: str
    number: int = -1  # of the group of scores


def sift(records: Iterable[Record] | Facts, frame: Frame) -> Sifted:
    """One suite, one protocol, whole sweeps, one set of weights for a candidate, one content for a dataset and seed,
    one precision of features.

    Where there are several, those that most records speak of stay (the newest, where that is a tie). Scores belong to
    no protocol, unless they look at fine-tuned weights; they stay for the seeds that the protocol's runs have.
    """
    left_out: Counter[str] = Counter()

    def keep(alike: Iterable[Alike], objection: Callable[[Record], str]) -> list[Alike]:
        kept: list[Alike] = []
        for one in alike:
            if why := objection(one.record):
                left_out[why] += one.count
            else:
                kept.append(one)
        return kept

    facts = Facts.of(records)
    groups = facts.scores.groups("suite", "dataset", "candidate", "seed", "status", "provenance")
    others = sorted(facts.others, key=lambda record: record.key)
    kept = [*_alike(facts.scores, groups), *(Alike(record, 1, record.time) for record in others)]
    kept = keep(kept, lambda record: _foreign(record, frame))
    for claim in (_weights, _data, _precision):
        kept = keep(kept, _minority(kept, claim))
    kept = keep(kept, _unfinished_sweep((one.record for one in kept), frame))
    tuned = {one.record.key.seed for one in kept if one.record.key.kind == "truth" and one.record.status == "ok"}

    def unseeded(record: Record) -> str:
        if not tuned or record.key.kind != "score" or record.key.seed in tuned:
            return ""
        return f"scores of seed {record.key.seed}, which no run of this protocol has"

    kept = keep(kept, unseeded)
    scores = facts.scores.where(np.isin(groups.which, [one.number for one in kept if one.number >= 0]))
    runs = tuple(one.record for one in kept if one.record.key.kind == "truth")
    estimates = tuple(one.record for one in kept if one.record.key.kind == "calibration")
    return Sifted(scores, runs, estimates, dict(sorted(left_out.items())))


def _alike(scores: Ledger, groups: Groups) -> Iterable[Alike]:
    """Nothing that is asked of a score here differs between those of one cell with the same provenance."""
    times = scores.times()
    newest = [""] * len(groups)
    for number, time in zip(groups.which.tolist(), times, strict=True):
        newest[number] = max(newest[number], time)
    for number, (first, count) in enumerate(zip(groups.first, groups.counts, strict=True)):
        yield Alike(scores[first], count, newest[number], number)


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
    if key.kind == "score" and record.provenance.get("finetuning", "") not in ("", *frame.runs):
        return "scores of weights that another protocol fine-tuned"
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


@dataclass(frozen=True)
class Claim:
    """What a record says of something on which all records must agree; told: how those that do not are called."""

    of: Hashable
    value: str
    told: str


def _weights(record: Record) -> Claim:
    name = record.key.candidate
    return Claim(name, record.provenance.get("weights", ""), f"other weights under the same name ({name})")


def _data(record: Record) -> Claim:
    dataset, seed = record.key.dataset, record.key.seed
    told = f"other data under the same name ({dataset}, seed {seed})"
    return Claim((dataset, seed), record.provenance.get("data", ""), told)


def _precision(record: Record) -> Claim:
    """Of features; before it could be chosen it was float32."""
    if record.key.kind != "score" or record.status != "ok":
        return Claim(None, "", "")
    precision = record.provenance.get("precision", "float32")
    return Claim(None, precision, f"scores of features in {precision}")


def _minority(alike: Iterable[Alike], claim_of: Callable[[Record], Claim]) -> Callable[[Record], str]:
    """An objection to records that claim another value than most records do; who claims nothing may stay."""
    claimed: dict[Hashable, dict[str, tuple[int, str]]] = defaultdict(dict)
    for one in alike:
        claim = claim_of(one.record)
        if claim.value:
            count, newest = claimed[claim.of].get(claim.value, (0, ""))
            claimed[claim.of][claim.value] = count + one.count, max(newest, one.newest)
    chosen = {name: max(found, key=lambda value: (*found[value], value)) for name, found in claimed.items()}

    def objection(record: Record) -> str:
        claim = claim_of(record)
        return claim.told if claim.value and claim.value != chosen[claim.of] else ""

    return objection


def _number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
