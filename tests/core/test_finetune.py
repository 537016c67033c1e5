"""The ground truth: deterministic, all layers trained, honest about runs that went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from tbench.api import Network, Split
from tbench.outcome import Outcome
from tbench.outcome import outcome as came_to
from tbench.protocol import Protocol, Run
from tbench.training import CHANNELS_LAST_SIDE, Target, Training

PROTOCOL = Protocol("tiny", "sgd", 0.9, (0.1, 0.01), (5e-4,), 40, 16, 0.1, 1, (0,), 0.1)
SIDE = 8


def prepare(images: Sequence[NDArray[np.uint8]]) -> torch.Tensor:
    return torch.tensor(np.stack(list(images))).permute(0, 3, 1, 2) / 255 - 0.5


def network() -> Network:
    torch.manual_seed(7)
    body = nn.Sequential(nn.Conv2d(3, 8, 3, 2), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return Network(body, None, 8, prepare)


def splits(labels_of: Any = lambda bright: bright.astype(np.int64)) -> dict[str, Split]:
    draws = np.random.default_rng(0)
    made: dict[str, Split] = {}
    for part, count in (("train", 60), ("val", 50), ("test", 50)):
        bright = np.arange(count) % 2
        images = draws.integers(0, 100, size=(count, SIDE, SIDE, 3)) + 100 * bright[:, None, None, None]
        made[part] = Split(images.astype(np.uint8), labels_of(bright))
    return made


def finetune(network: Network, target: Target, run: Run, seed: int) -> Outcome:
    training = Training(network, target, run, seed)
    training.advance(run.protocol.steps)
    return came_to(training, target)


def outcome(run: Run, seed: int = 0, measure: str = "accuracy", **changes: Any) -> Outcome:
    fresh = network()
    target = Target.prepare(fresh, splits(**changes), 2, measure)
    return finetune(fresh, target, run, seed)


def test_learns_what_can_be_learnt_and_says_what_it_took() -> None:
    told = outcome(Run(PROTOCOL, 0.1, 5e-4))
    assert told.test > 0.9
    assert told.validation > 0.9
    assert told.training == "ok"
    assert told.timing.seconds > 0
    assert len(told.curve) == 10
    assert told.curve[-1] < told.curve[0]


def test_same_seed_same_outcome_to_the_bit() -> None:
    run = Run(PROTOCOL, 0.01, 5e-4)
    once, twice, other = (replace(outcome(run, seed), timing=None) for seed in (3, 3, 4))
    assert once == twice
    assert once.curve != other.curve


def test_images_that_do_not_fit_into_memory_are_prepared_batch_by_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(PROTOCOL, 0.01, 5e-4)
    whole = replace(outcome(run), timing=None)
    monkeypatch.setattr("tbench.prepared.ROOM", 1000)
    assert replace(outcome(run), timing=None) == whole

    sizes: list[int] = []

    def counted(images: Sequence[NDArray[np.uint8]]) -> torch.Tensor:
        sizes.append(len(images))
        return prepare(images)

    fresh = replace(network(), prepare=counted)
    listed = {part: Split(list(split.images), split.labels) for part, split in splits().items()}
    told = finetune(fresh, Target.prepare(fresh, listed, 2, "accuracy"), run, 0)
    assert replace(told, timing=None) == whole
    assert max(sizes) <= 50  # never all 60 training images


def test_every_layer_is_trained_and_statistics_move() -> None:
    fresh = network()
    before = {name: value.clone() for name, value in fresh.body.state_dict().items()}
    finetune(fresh, Target.prepare(fresh, splits(), 2, "accuracy"), Run(PROTOCOL, 0.1, 5e-4), 0)
    assert [name for name, value in fresh.body.state_dict().items() if torch.equal(value, before[name])] == []


def test_divergence_is_a_status_and_not_an_exception() -> None:
    told = outcome(Run(PROTOCOL, 1e30, 0.0))
    assert told.training == "diverged"
    assert all(np.isfinite(told.curve))


def test_guessing_is_called_chance() -> None:
    noise = np.random.default_rng(1)
    told = outcome(Run(PROTOCOL, 0.01, 5e-4), labels_of=lambda bright: noise.integers(0, 2, len(bright)))
    assert told.training == "chance"


def test_multi_label_targets_are_judged_by_mean_average_precision() -> None:
    run = Run(PROTOCOL, 0.1, 5e-4)
    told = outcome(run, measure="map", labels_of=lambda bright: np.stack([bright, 1 - bright], axis=1).astype(np.int8))
    assert told.test > 0.9
    assert told.training == "ok"


def test_fewer_images_than_a_batch() -> None:
    assert outcome(Run(replace(PROTOCOL, batch=500), 0.1, 5e-4)).training == "ok"


def test_clipping_holds_back_what_would_diverge() -> None:
    wild = Run(replace(PROTOCOL, learning_rates=(30.0,)), 30.0, 0.0)
    held = Run(replace(wild.protocol, clip=1e-3), 30.0, 0.0)
    assert outcome(wild).curve[1] > 10 * outcome(held).curve[1]
    assert outcome(held).test > 0.9
    unheld = replace(outcome(Run(replace(PROTOCOL, clip=1e9), 0.1, 5e-4)), timing=None)
    assert unheld == replace(outcome(Run(PROTOCOL, 0.1, 5e-4)), timing=None)


@pytest.mark.parametrize("labels", [lambda bright: bright, lambda bright: np.stack([bright, 1 - bright], axis=1)])
def test_bfloat16_learns_too_and_keeps_weights_in_float32(labels: Any) -> None:
    run = Run(replace(PROTOCOL, precision="bfloat16"), 0.1, 5e-4)
    fresh = network()
    measure = "map" if labels(np.arange(2)).ndim == 2 else "accuracy"
    told = finetune(fresh, Target.prepare(fresh, splits(labels_of=labels), 2, measure), run, 0)
    assert told.test > 0.9
    assert {value.dtype for value in fresh.body.parameters()} == {torch.float32}
    assert told.curve != outcome(Run(PROTOCOL, 0.1, 5e-4), measure=measure, labels_of=labels).curve


@pytest.mark.parametrize(("side", "last"), [(CHANNELS_LAST_SIDE - 1, False), (CHANNELS_LAST_SIDE, True)])
def test_large_images_go_channels_last(side: int, last: bool) -> None:
    fresh = network()
    layouts: list[bool] = []
    first = next(fresh.body.children())
    first.register_forward_pre_hook(
        lambda _, given: layouts.append(given[0].is_contiguous(memory_format=torch.channels_last))
    )
    draws = np.random.default_rng(0)
    shown = {
        part: Split(draws.integers(0, 255, (4, side, side, 3), dtype=np.uint8), np.arange(4) % 2)
        for part in ("train", "val", "test")
    }
    still = replace(PROTOCOL, steps=1, shift=0)
    finetune(
        replace(fresh, prepare=lambda images: prepare(images).contiguous()),
        Target.prepare(replace(fresh, prepare=lambda images: prepare(images).contiguous()), shown, 2, "accuracy"),
        Run(still, 0.1, 0.0),
        0,
    )
    assert layouts == [last] * 3
    assert isinstance(first, nn.Conv2d)
    assert first.weight.is_contiguous(memory_format=torch.channels_last) == last


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_any_optimiser_of_timm(optimizer: str) -> None:
    assert outcome(Run(replace(PROTOCOL, optimizer=optimizer), 0.01, 5e-4)).test > 0.9
