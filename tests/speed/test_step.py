"""What one training step of a ResNet-50 costs: as torch lays images out by itself, channels last, and in bfloat16.

    pytest tests/speed/test_step.py --benchmark-enable     # a minute; images of 224 pixels, 16 at once

CPU seconds of one thread; the ratio to the first is in the extra information. Without --benchmark-enable a small
network makes one step on small images.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import timm
import torch
from torch import nn

import tbench.training
from tbench.api import Network, Split
from tbench.protocol import Protocol
from tbench.stopwatch import one_thread
from tbench.training import Target, Training

ROUNDS = 3
FORMS = {"float32": sys.maxsize, "channels last": 0, "bfloat16": 0}  # the side from which channels last is used
MOST = {"channels last": 0.95, "bfloat16": 0.6}  # of the seconds that float32 takes

pytestmark = pytest.mark.benchmark(timer=time.process_time)


def prepare(images: Any) -> torch.Tensor:
    return torch.tensor(np.stack(list(images))).permute(0, 3, 1, 2).contiguous() / 255 - 0.5


@pytest.fixture(scope="module")
def taken() -> dict[str, float]:
    """form -> least CPU seconds of a step."""
    return {}


@pytest.fixture(params=[*FORMS])
def training(request: pytest.FixtureRequest, enabled: bool, monkeypatch: pytest.MonkeyPatch) -> Iterator[Training]:
    form = request.param
    monkeypatch.setattr(tbench.training, "CHANNELS_LAST_SIDE", FORMS[form])
    name, side, batch = ("resnet50", 224, 16) if enabled else ("test_resnet.r160_in1k", 32, 2)
    draws = np.random.default_rng(0)
    splits = {
        part: Split(draws.integers(0, 255, (batch, side, side, 3), dtype=np.uint8), np.arange(batch) % 2)
        for part in ("train", "val", "test")
    }
    precision = "bfloat16" if form == "bfloat16" else "float32"
    protocol = Protocol("one", "sgd", 0.9, (0.01,), (0.0,), 100, batch, 0.0, 0, (0,), 1.0, precision=precision)
    body: nn.Module = timm.create_model(name, num_classes=0)
    network = Network(body, None, int(body.num_features), prepare)
    with one_thread():
        yield Training(network, Target.prepare(network, splits, 2, "accuracy"), protocol.runs()[0], 0)


def test_step(training: Training, taken: dict[str, float], benchmark: Any, enabled: bool, request: Any) -> None:
    form = request.node.callspec.params["training"]
    seconds: list[float] = []

    def step() -> None:
        start = time.process_time()
        training.advance(training.step + 1)
        seconds.append(time.process_time() - start)

    benchmark.group = "a training step"
    benchmark.pedantic(step, rounds=ROUNDS, warmup_rounds=1)
    assert training.step == len(seconds) == (ROUNDS + 1 if enabled else 1)
    assert all(map(math.isfinite, training.losses))
    taken[form] = min(seconds)
    ratio = taken[form] / taken["float32"]
    benchmark.extra_info |= {"of_float32": ratio}
    assert not enabled or ratio <= MOST.get(form, 1.0)
