"""What fine-tuning by a whole protocol would take, estimated from a few hundred steps of one of its runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from tbench.api import Network
from tbench.halving import work
from tbench.protocol import Protocol
from tbench.stopwatch import Timing
from tbench.training import Target, Training

WARM_UP = 10  # the first of so many parts of the steps waits for memory and libraries, and is not counted
PASSES = 4  # batches of validation images that tell what judging an image takes


@dataclass(frozen=True)
class Seconds:
    """By the clock on the wall, and of the processor."""

    seconds: float
    cpu_seconds: float

    @classmethod
    def between(cls, start: Timing, end: Timing, units: int) -> Seconds:
        return cls((end.seconds - start.seconds) / units, (end.cpu_seconds - start.cpu_seconds) / units)

    def __mul__(self, count: int) -> Seconds:
        return Seconds(self.seconds * count, self.cpu_seconds * count)

    def __add__(self, other: Seconds) -> Seconds:
        return Seconds(self.seconds + other.seconds, self.cpu_seconds + other.cpu_seconds)


@dataclass(frozen=True)
class Estimate:
    """Of one candidate on one dataset with one seed. tried: steps that were made; judged: images that were.

    step, image: what one takes. run: one point of the grid, all its steps, judged on validation and test images. sweep:
    the whole grid. spent: what finding out took.
    """

    tried: int
    judged: int
    step: Seconds
    image: Seconds
    run: Seconds
    sweep: Seconds
    spent: Seconds

    def details(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self).items() if key != "spent"}


def calibrate(
    network: Network, target: Target, protocol: Protocol, seed: int, steps: int, device: str = "cpu"
) -> Estimate:
    """Make up to `steps` steps of the run that is the least likely to diverge, and judge some validation images."""
    run = min(protocol.runs(), key=lambda run: (run.learning_rate, run.weight_decay))
    training = Training(network, target, run, seed, device)
    marks = [training.clock.timing]
    training.advance(min(steps, protocol.steps), lambda training: marks.append(training.clock.timing))
    warm = training.step // WARM_UP
    step = Seconds.between(marks[warm], marks[-1], training.step - warm)
    judged = len(training.logits("val", PASSES))
    end = training.clock.timing
    image = Seconds.between(marks[-1], end, judged)
    validation, test = len(target.images["val"]), len(target.images["test"])
    whole = work(protocol)
    return Estimate(
        tried=training.step,
        judged=judged,
        step=step,
        image=image,
        run=step * protocol.steps + image * (validation + test),
        sweep=step * whole.steps + image * (whole.validations * validation + whole.tests * test),
        spent=Seconds.between(marks[0], end, 1),
    )
