"""The ground truth: train every layer of a candidate on the target, by protocol, and see how well it does."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
from timm.optim._optim_factory import create_optimizer_v2
from timm.scheduler.cosine_lr import CosineLRScheduler
from torch import Tensor, nn
from torch.nn import functional

from tbench.api import Network, Split
from tbench.evaluation import MEASURES
from tbench.prepared import Prepared
from tbench.protocol import Run
from tbench.stopwatch import Timing, once

CURVE = 10  # points of the learning curve that are kept


@dataclass(frozen=True, eq=False)
class Target:
    """A dataset as a candidate's network takes it, used by every run of the grid."""

    classes: int
    measure: str
    images: dict[str, Prepared]  # train, val, test
    labels: dict[str, Tensor]

    @classmethod
    def prepare(cls, network: Network, splits: dict[str, Split], classes: int, measure: str) -> Target:
        return cls(
            classes,
            measure,
            {part: Prepared(split.images, network.prepare) for part, split in splits.items()},
            {part: torch.tensor(split.labels) for part, split in splits.items()},
        )


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


def finetune(network: Network, target: Target, run: Run, seed: int) -> Outcome:
    """Train body and a fresh linear head. The seed decides the head, the order and the shifts; nothing else is random.

    The seconds are those of training and of judging it on validation and test images.
    """
    torch.manual_seed(seed)
    model = nn.Sequential(network.body, _fresh_head(network.width, target.classes))

    def train_and_judge() -> tuple[list[float], float, float]:
        losses = _train(model, target.images["train"], target.labels["train"], run, seed)
        return losses, _judge(model, target, "val"), _judge(model, target, "test")

    (losses, validation, test), timing = once(train_and_judge)
    return Outcome(validation, test, _status(losses, validation, target), _tenths(losses), timing)


def _fresh_head(width: int, classes: int) -> nn.Linear:
    head = nn.Linear(width, classes)
    nn.init.normal_(head.weight, std=0.01)
    nn.init.zeros_(head.bias)
    return head


def _train(model: nn.Module, images: Prepared, labels: Tensor, run: Run, seed: int) -> list[float]:
    """The loss of every step; stops at the first that is not finite."""
    protocol = run.protocol
    optimizer = create_optimizer_v2(
        model, protocol.optimizer, run.learning_rate, run.weight_decay, protocol.momentum, filter_bias_and_bn=False
    )
    schedule = CosineLRScheduler(
        optimizer,
        protocol.steps,
        warmup_t=round(protocol.warmup * protocol.steps),
        warmup_lr_init=0.0,
        t_in_epochs=False,
    )
    several = labels.ndim == 2
    loss_of = functional.binary_cross_entropy_with_logits if several else functional.cross_entropy
    labels = labels.float() if several else labels
    draws = torch.Generator().manual_seed(seed)
    batch = min(protocol.batch, len(images))
    order = torch.empty(0, dtype=torch.long)
    losses: list[float] = []
    model.train()
    for step in range(1, protocol.steps + 1):
        schedule.step_update(step)
        if len(order) < batch:
            order = torch.randperm(len(images), generator=draws)
        chosen, order = order[:batch], order[batch:]
        loss = loss_of(model(_shifted(images.batch(chosen), protocol.shift, draws)), labels[chosen])
        losses.append(loss.item())
        if not math.isfinite(losses[-1]):
            break
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return losses


def _shifted(images: Tensor, most: int, draws: torch.Generator) -> Tensor:
    """Each image moved by up to `most` pixels each way, its border reflected: one gather for the whole batch."""
    if most == 0:
        return images
    count, _, height, width = images.shape
    padded = functional.pad(images, (most,) * 4, mode="reflect").permute(0, 2, 3, 1)
    down, right = (torch.randint(0, 2 * most + 1, (count,), generator=draws) for _ in range(2))
    rows = (down[:, None] + torch.arange(height))[:, :, None]
    columns = (right[:, None] + torch.arange(width))[:, None, :]
    return padded[torch.arange(count)[:, None, None], rows, columns].permute(0, 3, 1, 2)


def _judge(model: nn.Module, target: Target, part: str) -> float:
    model.eval()
    with torch.inference_mode():
        images = target.images[part]
        logits = torch.cat([model(images.batch(rows)) for rows in images.passes()])
    return MEASURES[target.measure](logits.numpy(), target.labels[part].numpy())


def _status(losses: list[float], validation: float, target: Target) -> str:
    if not math.isfinite(losses[-1]):
        return "diverged"
    labels = target.labels["val"]
    guess = labels.float().mean().item() if labels.ndim == 2 else 1 / target.classes
    return "chance" if validation <= guess + 2 * math.sqrt(guess * (1 - guess) / len(labels)) else "ok"


def _tenths(losses: list[float]) -> tuple[float, ...]:
    """Means over equal stretches; a loss that is not finite is left out of the curve, the status tells of it."""
    finite = [loss for loss in losses if math.isfinite(loss)]
    bounds = [len(finite) * part // CURVE for part in range(CURVE + 1)]
    pieces = [finite[start:end] for start, end in pairwise(bounds)]
    return tuple(round(sum(piece) / len(piece), 6) for piece in pieces if piece)
