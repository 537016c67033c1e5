"""What a protocol would take: steps and images at the price of those that were tried."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from tbench.calibration import Estimate, Seconds, calibrate
from tbench.halving import work
from tbench.protocol import Protocol
from tbench.training import Target, Training

from .test_finetune import PROTOCOL, network, splits

GRID = replace(PROTOCOL, learning_rates=(0.1, 0.01, 0.03, 0.001))


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step takes 3 s (7 s of CPU), the first ten of them 100 s more; an image half a second (a second of CPU)."""
    learn, logits = Training._learn, Training.logits

    def step(self: Training, number: int) -> float:
        self.clock.seconds += 3 + 100 * (number <= 10)
        self.clock.cpu_seconds += 7 + 100 * (number <= 10)
        return learn(self, number)

    def judged(self: Training, part: str, passes: int | None = None) -> object:
        said = logits(self, part, passes)
        self.clock.seconds += 0.5 * len(said)
        self.clock.cpu_seconds += 1.0 * len(said)
        return said

    monkeypatch.setattr(Training, "_learn", step)
    monkeypatch.setattr(Training, "logits", judged)


def estimate(protocol: Protocol, steps: int) -> Estimate:
    fresh = network()
    return calibrate(fresh, Target.prepare(fresh, splits(), 2, "accuracy"), protocol, 0, steps)


@pytest.mark.parametrize("halving", [False, True])
def test_scaled_up_to_the_whole_protocol(ticking: None, halving: bool) -> None:
    protocol = replace(GRID, steps=400, halving=halving)
    told = estimate(protocol, 100)
    assert (told.tried, told.judged) == (100, 50)
    near = {"rel": 0.05}  # the true time of steps and images comes on top
    assert asdict(told.step) == pytest.approx({"seconds": 3, "cpu_seconds": 7}, **near)
    assert asdict(told.image) == pytest.approx({"seconds": 0.5, "cpu_seconds": 1.0}, **near)
    assert told.run.seconds == pytest.approx(400 * 3 + 100 * 0.5, **near)
    whole = work(protocol)
    images = 50 * (whole.validations + whole.tests)
    assert told.sweep.seconds == pytest.approx(whole.steps * 3 + images * 0.5, **near)
    assert told.sweep.cpu_seconds == pytest.approx(whole.steps * 7 + images * 1.0, **near)
    assert told.spent.seconds == pytest.approx(10 * 100 + 100 * 3 + 25, **near)
    assert whole.steps == (800 if halving else 1600)


def test_never_more_steps_than_the_protocol_has() -> None:
    told = estimate(replace(GRID, steps=6), 200)
    assert told.tried == 6
    assert min(*asdict(told.step).values(), *asdict(told.image).values()) > 0


def test_a_run_that_diverges_at_once_tells_what_it_can() -> None:
    told = estimate(replace(GRID, learning_rates=(1e30,), warmup=0.0), 200)
    assert 0 < told.tried < 20
    assert told.sweep.seconds > told.spent.seconds > 0


def test_seconds() -> None:
    assert Seconds(1.0, 2.0) * 3 + Seconds(0.5, 0.25) == Seconds(3.5, 6.25)


def test_the_tamest_run_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[float] = []
    advance = Training.advance

    def noted(self: Training, *given: object) -> None:
        tried.append(self.run.learning_rate)
        advance(self, *given)

    monkeypatch.setattr(Training, "advance", noted)
    assert estimate(GRID, 3).tried == 3
    assert tried == [0.001]
