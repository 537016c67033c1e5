"""The runs of a grid: each a record, each can be killed, and with halving the worse are stopped early."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tbench.api import Network, Split
from tbench.checkpoint import Checkpoints
from tbench.executors import Notice
from tbench.halving import work
from tbench.plan import Task
from tbench.protocol import Protocol, Run
from tbench.results import Key, Record, from_json, to_json
from tbench.sweep import Sweep
from tbench.training import Target, Training

from .test_finetune import finetune, network, splits

RATES = (0.001, 1e30, 0.03, 0.1)  # too little, too much, and two to choose from
PLAIN = Protocol("tiny", "sgd", 0.9, RATES, (5e-4,), 16, 16, 0.1, 1, (0,), 0.1)
HALVED = replace(PLAIN, halving=True)
MADE_OF = {"machine": "this", "device": "cpu"}


class Stock:
    """One candidate and one dataset. broken: the load that fails, counted from 1."""

    measure = "accuracy"
    classes = 2
    broken = 0
    loads = 0

    def candidate(self, name: str) -> Stock:
        assert name == "m/a"
        return self

    def load(self) -> Network:
        self.loads += 1
        if self.loads == self.broken:
            raise MemoryError("no room")
        return network()

    def dataset(self, name: str) -> Stock:
        assert name == "d/x"
        return self

    def split(self, name: str, part: str, seed: int) -> Split:
        return splits()[part]


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the house catches it."""


@pytest.fixture
def stock() -> Stock:
    return Stock()


@pytest.fixture
def kill_after(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """kill_after(n): the training step after the next n is never made. A negative number: all are."""
    learn = Training._learn

    def arm(count: int) -> None:
        left = iter(range(count)) if count >= 0 else None

        def step(self: Training, number: int) -> float:
            if left is not None and next(left, None) is None:
                raise Killed
            return learn(self, number)

        monkeypatch.setattr(Training, "_learn", step)

    return arm


def sweep(
    protocol: Protocol, stock: Any, folder: Path, every: float = 0.0, **changes: str
) -> Iterator[Record | Notice]:
    cells = tuple(Key("truth", "s", "d/x", "m/a", run.spec, 0) for run in protocol.runs())
    task = Task(cells, protocol.halving)
    return Sweep(task, protocol, stock, Checkpoints(folder, every=0.0), "cpu", lambda: MADE_OF | changes).records()


def told(walk: Iterator[Record | Notice]) -> tuple[list[Record], list[str]]:
    said = list(walk)
    return [one for one in said if isinstance(one, Record)], [one.text for one in said if isinstance(one, Notice)]


def timeless(records: list[Record]) -> list[Record]:
    return [replace(record, seconds=None, cpu_seconds=None, time="") for record in records]


def alone(run: Run) -> tuple[float, float, tuple[float, ...]]:
    fresh = network()
    made = finetune(fresh, Target.prepare(fresh, splits(), 2, "accuracy"), run, 0)
    return made.validation, made.test, made.curve


def test_each_run_is_a_record_and_leaves_nothing_behind(stock: Stock, tmp_path: Path) -> None:
    records, notices = told(sweep(PLAIN, stock, tmp_path))
    assert notices == []
    assert [record.key.spec for record in records] == [run.spec for run in PLAIN.runs()]
    for record, run in zip(records, PLAIN.runs(), strict=True):
        assert record.status == "ok"
        assert (record.details["validation"], record.value, tuple(record.details["curve"])) == alone(run)
        assert (record.details["learning_rate"], record.details["steps"]) == (run.learning_rate, 16)
        assert record.provenance == MADE_OF
        assert min(record.seconds or 0, record.cpu_seconds or 0) > 0
    assert [record.details["training"] for record in records][1:] == ["diverged", "ok", "ok"]
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("protocol", [PLAIN, HALVED], ids=["plain", "halved"])
@pytest.mark.parametrize("steps", [0, 3, 9, 21, 25])
def test_killed_anywhere_it_ends_as_if_nothing_had_been(
    protocol: Protocol, steps: int, tmp_path: Path, kill_after: Callable[[int], None]
) -> None:
    whole, _ = told(sweep(protocol, Stock(), tmp_path / "whole"))
    kill_after(steps)
    walk = sweep(protocol, Stock(), tmp_path)
    before: list[Record] = []
    with pytest.raises(Killed):
        before += [said for said in walk if isinstance(said, Record)]
    kill_after(-1)
    after, notices = told(sweep(protocol, Stock(), tmp_path))
    assert timeless(after) == timeless(whole)
    assert len(notices) >= (steps > 0)
    assert all(", seed 0, learning rate " in text and ": goes on at step " in text for text in notices)
    assert [path for path in tmp_path.iterdir() if path.is_file()] == []


def test_what_was_spent_before_counts(stock: Stock, tmp_path: Path, kill_after: Callable[[int], None]) -> None:
    one = replace(PLAIN, learning_rates=(0.1,))
    kill_after(10)
    with pytest.raises(Killed):
        told(sweep(one, stock, tmp_path))
    kill_after(-1)
    clock, learn = [], Training._learn

    def counted(self: Training, number: int) -> float:
        clock.append(self.clock.seconds)
        return learn(self, number)

    Training._learn = counted
    try:
        (record,), (notice,) = told(sweep(one, stock, tmp_path))
    finally:
        Training._learn = learn
    assert notice.endswith("goes on at step 10 of 16")
    assert len(clock) == 6
    assert clock[0] > 0
    assert (record.seconds or 0) > clock[-1]


def test_a_damaged_checkpoint_is_told_and_the_run_starts_anew(
    stock: Stock, tmp_path: Path, kill_after: Callable[[int], None]
) -> None:
    one = replace(PLAIN, learning_rates=(0.1,))
    kill_after(5)
    with pytest.raises(Killed):
        told(sweep(one, stock, tmp_path))
    kill_after(-1)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-1])
    (record,), (notice,) = told(sweep(one, stock, tmp_path))
    assert notice.endswith(f"learning rate 0.1, weight decay 0.0005: checkpoint {path} is damaged; the run starts anew")
    assert (record.details["validation"], record.value, tuple(record.details["curve"])) == alone(one.runs()[0])


def test_a_checkpoint_of_other_weights_is_told_and_the_run_starts_anew(
    stock: Stock, tmp_path: Path, kill_after: Callable[[int], None]
) -> None:
    one = replace(PLAIN, learning_rates=(0.1,))
    kill_after(5)
    with pytest.raises(Killed):
        told(sweep(one, stock, tmp_path, weights="old"))
    kill_after(-1)
    (record,), (notice,) = told(sweep(one, stock, tmp_path, weights="new"))
    assert notice.endswith("is of a run with other weights; the run starts anew")
    assert record.status == "ok"


def test_halving_stops_the_worse_half_and_the_last_is_as_if_alone(stock: Stock, tmp_path: Path) -> None:
    records, notices = told(sweep(HALVED, stock, tmp_path))
    assert notices == []
    by_rate = {record.details["learning_rate"]: record for record in records}
    assert [*by_rate] == [*RATES]
    finished = [record for record in records if record.status == "ok"]
    assert len(finished) == 1
    (best,) = finished
    alike = replace(PLAIN, learning_rates=(best.details["learning_rate"],)).runs()[0]
    assert (best.details["validation"], best.value, tuple(best.details["curve"])) == alone(alike)
    stopped = [record for record in records if record is not best]
    assert sorted(record.details["steps"] for record in stopped if record.details["learning_rate"] < 1) == [4, 8]
    assert by_rate[1e30].details["steps"] < 4
    for record in stopped:
        assert (record.status, record.value, record.details["training"]) == ("inapplicable", None, "stopped")
        assert "of 16: the better half of the grid went on (halving)" in record.reason
        assert 0 <= record.details["validation"] <= 1
        assert min(record.seconds or 0, record.cpu_seconds or 0) > 0
    assert [*tmp_path.iterdir()] == []


def test_halving_makes_as_many_steps_as_it_says(
    stock: Stock, tmp_path: Path, kill_after: Callable[[int], None]
) -> None:
    sane = replace(HALVED, learning_rates=(0.001, 0.01, 0.03, 0.1))
    steps = work(sane).steps
    kill_after(steps)
    assert len(told(sweep(sane, stock, tmp_path))[0]) == 4
    kill_after(steps - 1)
    with pytest.raises(Killed):
        told(sweep(sane, stock, tmp_path))


def test_a_calibration_is_a_record_of_its_own(stock: Stock, tmp_path: Path) -> None:
    task = Task((Key("calibration", "s", "d/x", "m/a", PLAIN.calibration, 0),), tried=8)
    ((record,), notices) = told(Sweep(task, PLAIN, stock, Checkpoints(tmp_path), "cpu", lambda: MADE_OF).records())
    assert notices == []
    assert (record.key, record.status, record.provenance) == (task.cells[0], "ok", MADE_OF)
    assert record.value == record.details["sweep"]["seconds"] > record.details["run"]["seconds"] > 0
    assert (record.details["protocol"], record.details["tried"], record.details["judged"]) == ("tiny", 8, 50)
    assert 0 < (record.seconds or 0) < record.value
    assert from_json(to_json(record)) == record
    stock.broken = stock.loads + 1
    ((failed,), _) = told(Sweep(task, PLAIN, stock, Checkpoints(tmp_path), "cpu", lambda: MADE_OF).records())
    assert (failed.status, failed.reason) == ("failed", "MemoryError: no room")


@pytest.mark.parametrize("broken", [1, 2, 4, 5, 7])
def test_a_run_that_fails_costs_itself_and_the_others_are_remembered(
    stock: Stock, tmp_path: Path, broken: int, kill_after: Callable[[int], None]
) -> None:
    stock.broken = broken
    records, _ = told(sweep(HALVED, stock, tmp_path))
    (failed,) = [record for record in records if record.status == "failed"]
    assert failed.reason == "MemoryError: no room"
    assert len(records) == 4
    assert len([*tmp_path.iterdir()]) >= 3  # until it is tried again
    whole, _ = told(sweep(HALVED, Stock(), tmp_path / "whole"))
    again, _ = told(sweep(HALVED, Stock(), tmp_path))
    assert timeless(again) == timeless(whole)
    assert [path for path in tmp_path.iterdir() if path.is_file()] == []
