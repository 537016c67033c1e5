"""Records and frames made up for tests, with every number in plain sight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tbench.leaderboard.frame import Frame
from tbench.results import Key, Record, Status

CANDIDATES = ("m/a", "m/b", "m/c", "m/d")
DATASETS = ("t/x", "t/y")
RATES = (0.01, 0.1)
MACHINE = "a quiet one, 2 cores"
CALIBRATION = "calibration:learning_rates=0.01/0.1,steps=80"


def run_spec(rate: float, steps: int = 80) -> str:
    return f"finetune:learning_rate={rate},steps={steps}"


def frame(**changes: Any) -> Frame:
    told: dict[str, Any] = {
        "suite": "small",
        "folder": "small",
        "title": "small",
        "description": "four candidates on two targets",
        "protocol": "quick",
        "settings": {"optimizer": "sgd", "learning_rates": RATES, "steps": 80},
        "runs": tuple(run_spec(rate) for rate in RATES),
        "candidates": CANDIDATES,
        "datasets": DATASETS,
        "floors": ("random", "knn"),
        "boards": {},
        "seen": frozenset(),
        "extraction": ("forward", "reference_forward"),
        "calibration": CALIBRATION,
    }
    return Frame(**told | changes)


def provenance(candidate: str, dataset: str, seed: int, changes: Mapping[str, str] | None = None) -> dict[str, str]:
    known = {"tbench": "0.1", "plugin": "tbench 0.1", "torch": "2.15.0", "machine": MACHINE}
    return known | {"weights": f"of {candidate}", "data": f"of {dataset} {seed}"} | dict(changes or {})


def score(
    metric: str,
    dataset: str,
    candidate: str,
    value: float | None,
    seed: int = 0,
    *,
    status: Status = "ok",
    reason: str = "",
    spec: str | None = None,
    seconds: float | None = 0.5,
    evidence: Mapping[str, tuple[float, str]] | None = None,
    time: str = "2026-01-02T10:00:00+00:00",
    of: Mapping[str, str] | None = None,
    suite: str = "small",
    **told: Any,
) -> Record:
    """evidence: node -> seconds and machine; CPU seconds are twice the others everywhere. told: more details."""
    nodes = {"forward": (4.0, MACHINE)} if evidence is None else evidence
    return Record(
        Key("score", suite, dataset, candidate, spec or f"{metric}:x=1", seed),
        status,
        value,
        reason,
        seconds,
        None if seconds is None else 2 * seconds,
        {node: {"seconds": s, "cpu_seconds": 2 * s, "machine": machine} for node, (s, machine) in nodes.items()},
        {"label": metric, "repeats": 5, "spread": 0.0, **told},
        provenance(candidate, dataset, seed, of),
        time,
    )


def scores(metric: str, dataset: str, values: Sequence[float | None], seed: int = 0, **more: Any) -> list[Record]:
    """One for each of CANDIDATES in turn; None leaves it out."""
    pairs = zip(CANDIDATES, values, strict=True)
    return [score(metric, dataset, name, value, seed, **more) for name, value in pairs if value is not None]


def run(
    dataset: str,
    candidate: str,
    test: float | None,
    seed: int = 0,
    *,
    rate: float = 0.1,
    validation: float | None = 0.5,
    training: str = "ok",
    status: Status = "ok",
    reason: str = "",
    protocol: str = "quick",
    spec: str | None = None,
    seconds: float = 100.0,
    of: Mapping[str, str] | None = None,
    time: str = "2026-01-03T10:00:00+00:00",
    measure: str = "accuracy",
) -> Record:
    details = {"protocol": protocol, "learning_rate": rate, "weight_decay": 0.0005, "steps": 80, "measure": measure}
    return Record(
        Key("truth", "small", dataset, candidate, spec or run_spec(rate), seed),
        status,
        test,
        reason,
        seconds,
        2 * seconds,
        {},
        details | {"validation": validation, "training": training, "curve": [2.0, 1.0]},
        provenance(candidate, dataset, seed, of),
        time,
    )


def calibration(
    dataset: str,
    candidate: str,
    seconds: float,
    *,
    spec: str = CALIBRATION,
    tried: int = 40,
    of: Mapping[str, str] | None = None,
) -> Record:
    """seconds: of the whole sweep; a run takes half of it, CPU seconds are twice the others."""
    told = {
        what: {"seconds": s, "cpu_seconds": 2 * s}
        for what, s in (("step", 0.5), ("image", 0.25), ("run", seconds / 2), ("sweep", seconds))
    }
    return Record(
        Key("calibration", "small", dataset, candidate, spec, 0),
        "ok",
        seconds,
        seconds=20.0,
        cpu_seconds=40.0,
        details={"protocol": "quick", "tried": tried, "judged": 100, **told},
        provenance=provenance(candidate, dataset, 0, of),
        time="2026-01-03T10:00:00+00:00",
    )


def truth(dataset: str, tests: Sequence[float | None], seed: int = 0, **more: Any) -> list[Record]:
    """A whole sweep for each of CANDIDATES in turn, of which the second run is chosen; None leaves it out."""
    found: list[Record] = []
    for name, test in zip(CANDIDATES, tests, strict=True):
        if test is not None:
            found.append(run(dataset, name, test / 2, seed, rate=RATES[0], validation=0.1, seconds=60.0, **more))
            found.append(run(dataset, name, test, seed, rate=RATES[1], validation=0.9, seconds=100.0, **more))
    return found


def whole_store() -> list[Record]:
    """A bit of everything that may befall a store: two seeds, gaps, failures, strangers, two machines."""
    found: list[Record] = []
    for seed, shift in ((0, 0.0), (1, 0.02)):
        found += truth("t/x", [0.9 - shift, 0.7 + shift, 0.5, 0.3], seed)
        found += truth("t/y", [0.4, 0.5 + shift, 0.8, 0.6 - shift], seed)
        for dataset, good in (("t/x", [4, 3, 2, 1]), ("t/y", [1, 2, 4, 3])):
            ped = {"forward": (4.0, MACHINE), "reference_forward": (8.0, MACHINE), "features+ped": (1.5, MACHINE)}
            found += scores("good", dataset, good, seed, seconds=0.25)
            found += scores("good+ped", dataset, [2, 4, 1, 3], seed, evidence=ped)
            found += scores("turned", dataset, [-value for value in good], seed)
            found += scores("flat", dataset, [1, 1, 1, 1], seed)
            found += scores("partial", dataset, [None, *good[1:]], seed)
            found.append(score("partial", dataset, "m/a", None, seed, status="inapplicable", reason="m/a has no head"))
            found += scores("random", dataset, [2, 1, 4, 3] if seed else [1, 3, 2, 4], seed, evidence={})
    failed = run("t/y", "m/d", None, 1, rate=RATES[0], status="failed", reason="out | of memory")
    found = [failed if record.key == failed.key else record for record in found]
    found.append(run("t/x", "m/a", 0.99, protocol="full", spec=run_spec(0.1, 500)))
    found.append(score("good", "t/z", "m/a", 1.0))
    found.append(score("good", "t/x", "m/a", 7.0, spec="good:x=2", of={"weights": "others"}))
    found.append(score("slow", "t/x", "m/a", 1.0, of={"machine": "another"}, evidence={}))
    return found


def varied_store() -> list[Record]:
    """Two metrics with variants (one saturated, one whose default was not measured), terms, warnings, two devices."""
    found: list[Record] = []
    few = [f"good: N = {100 + place} samples are too few" for place in range(4)]
    for seed in (0, 1):
        found += truth("t/x", [0.9, 0.7, 0.5, 0.3], seed) + truth("t/y", [0.4, 0.5, 0.8, 0.6], seed)
        for dataset, good in (("t/x", [4, 3, 2, 1]), ("t/y", [1, 2, 4, 3])):
            poor = [good[1], good[0], *good[2:]] if seed else good[::-1]
            found += scores("good", dataset, good, seed)
            found += scores("good:as=old", dataset, poor, seed, spec="good:x=2")
            found += scores("good+ped", dataset, poor, seed)
            found += scores("good+ped:as=wide", dataset, good, seed, spec="good:x=1+ped:nsigma=2")
            found += scores("lost:as=b", dataset, [None, *good[1:]], seed, spec="lost:x=2", warnings=["only 3 of 4"])
            found += scores("lost:as=a", dataset, good, seed, spec="lost:x=1", terms={"sd": 0.25 * (1 + seed), "a": 1})
            found += [
                score("few", dataset, name, value, seed, saturated=[why] if dataset == "t/x" and name != "m/d" else [])
                for name, value, why in zip(CANDIDATES, poor, few, strict=True)
            ]
            found += scores("random", dataset, [2, 1, 4, 3], seed, of={"device": "cuda: big"}, evidence={})
    return found


def whole_frame() -> Frame:
    return frame(boards={"pair (the first two)": ("m/a", "m/b"), "without m/a": ("m/b", "m/c", "m/d")})
