"""What one fine-tuning run came to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from tbench.stopwatch import Timing
from tbench.training import Target, Training

CURVE = 10  # points of the learning curve that are kept


@dataclass(frozen=True)
class Outcome:
    """What one run gave. validation and test by the target's measure; curve: mean training loss in tenths of the run.

    training: ok; diverged (the loss left the real numbers, training was stopped); chance (validation no better than
    guessing by more than two standard errors).
    """

    validation: float
    test: float
    training: str
    curve: tuple[float, ...]
    timing: Timing


def outcome(training: Training, target: Target) -> Outcome:
    """What a training that is over came to."""
    validation, test = training.validate(), training.judge("test")
    status = "diverged" if training.diverged else "chance" if _guesses(validation, target) else "ok"
    return Outcome(validation, test, status, tenths(training.losses), training.clock.timing)


def _guesses(validation: float, target: Target) -> bool:
    labels = target.labels["val"]
    guess = labels.float().mean().item() if labels.ndim == 2 else 1 / target.classes
    return validation <= guess + 2 * math.sqrt(guess * (1 - guess) / len(labels))


def tenths(losses: list[float]) -> tuple[float, ...]:
    """Means over equal stretches; a loss that is not finite is left out of the curve, the status tells of it."""
    finite = [loss for loss in losses if math.isfinite(loss)]
    bounds = [len(finite) * part // CURVE for part in range(CURVE + 1)]
    pieces = [finite[start:end] for start, end in pairwise(bounds)]
    return tuple(round(sum(piece) / len(piece), 6) for piece in pieces if piece)
