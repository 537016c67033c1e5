"""Successive halving: the worse half of a grid is stopped early, again and again, until one run is left.

After Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization" (AISTATS 2016),
with eta 2. Their budget is given and shared out evenly over the rounds; here it follows: the last run gets all steps of
the protocol, and each round ends at half the steps of the next, so that a grid of n costs (log2(n) + 2) / 2 runs
instead of n where n is a power of 2. All runs follow the schedule of the whole protocol, so the run
that is left is, to the bit, the run that it would have been alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from tbench.protocol import Protocol


@dataclass(frozen=True)
class Rung:
    """After `step` steps those are judged on validation images that are left, and the best `kept` of them go on."""

    step: int
    kept: int


@dataclass(frozen=True)
class Work:
    """What a whole grid comes to: training steps, and passes over validation and test images."""

    steps: int
    validations: int
    tests: int


def rungs(points: int, steps: int) -> tuple[Rung, ...]:
    """Of a grid of so many points: 5 points of 80 steps are 3 after 10 steps, 2 after 20, 1 after 40."""
    rounds = (points - 1).bit_length()
    return tuple(
        Rung(max(1, steps >> (rounds - done)), (points + (2 << done) - 1) // (2 << done)) for done in range(rounds)
    )


def work(protocol: Protocol) -> Work:
    points = len(protocol.runs())
    if not protocol.halving:
        return Work(points * protocol.steps, points, points)
    steps, validations, before, left = 0, 0, 0, points
    for rung in rungs(points, protocol.steps):
        steps += left * (rung.step - before)
        validations += left
        before, left = rung.step, rung.kept
    return Work(steps + left * (protocol.steps - before), validations + left, left)
