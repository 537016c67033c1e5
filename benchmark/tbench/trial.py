"""Fine-tuning the best few of a ranking, to see which of them wins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tbench.checkpoint import Checkpoints
from tbench.errors import TbenchError
from tbench.plan import Task
from tbench.protocol import Protocol
from tbench.provenance import device_name, machine, versions
from tbench.rank import Listener
from tbench.results import Key, Record
from tbench.stock import Stock
from tbench.sweep import Sweep

SUITE = "rank"  # of the keys, which tell these runs from those of other suites


@dataclass(frozen=True)
class Trial:
    """How a candidate did when it was fine-tuned: the run of the protocol's grid with the best validation result."""

    candidate: str
    validation: float
    test: float
    seconds: float


def try_out(
    dataset: str,
    candidates: Sequence[str],
    *,
    stock: Stock,
    protocol: Protocol,
    checkpoints: Checkpoints,
    device: str,
    seed: int,
    tell: Listener | None = None,
) -> tuple[Trial, ...]:
    """Fine-tune each by every point of the grid; the best by validation first. What was killed goes on where it was.

    With all cores, since nothing else is done meanwhile. TbenchError where no run of a candidate could be made.
    """
    runs = protocol.runs()
    trials: list[Trial] = []
    for number, name in enumerate(candidates):
        about = {
            **versions(),
            "machine": machine(),
            "device": device_name(device),
            "weights": stock.candidate(name).fingerprint,
            "data": stock.fingerprint(dataset, seed),
        }
        cells = tuple(Key("truth", SUITE, dataset, name, run.spec, seed) for run in runs)
        task = Task(cells, whole=protocol.halving)
        records: list[Record] = []
        if tell:
            tell(name, number * len(runs), len(candidates) * len(runs))
        for said in Sweep(task, protocol, stock, checkpoints, device, lambda about=about: about).records():  # type: ignore[misc]
            if isinstance(said, Record):
                records.append(said)
            if tell:
                what = name if isinstance(said, Record) else said.text
                tell(what, number * len(runs) + len(records), len(candidates) * len(runs))
        trials.append(_best(name, records))
    return tuple(sorted(trials, key=lambda trial: -trial.validation))


def _best(candidate: str, records: Sequence[Record]) -> Trial:
    done = [record for record in records if record.status == "ok"]
    if not done:
        reasons = "; ".join(dict.fromkeys(record.reason for record in records))
        raise TbenchError(f"{candidate} could not be fine-tuned ({reasons})")
    best = max(done, key=lambda record: record.details["validation"])
    assert best.value is not None
    spent = sum(record.seconds or 0.0 for record in records)
    return Trial(candidate, best.details["validation"], best.value, spent)
