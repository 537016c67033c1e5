"""Training a network on its source: the loop that all recipes share, and how well the network does there."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tbench.api import Network, Split

BETAS = (0.9, 0.99)
WARMUP = 0.1  # of all steps
JUDGED_AT_ONCE = 250

Loss = Callable[[Tensor, Tensor, torch.Generator], Tensor]
Report = Callable[[str], None]


@dataclass(frozen=True)
class Course:
    """AdamW, each epoch in a new order without the incomplete last batch; a cosine after a linear warm-up.

    batch: images in a step. learning_rate: at its peak. seed: of orders and augmentations.
    """

    epochs: int
    batch: int
    learning_rate: float
    weight_decay: float
    seed: int


def descend(
    network: nn.Module,
    loss_of: Loss,
    batch_of: Callable[[Tensor], Tensor],
    labels: Tensor,
    course: Course,
    report: Report,
) -> None:
    """Train the network in place; one line reported per epoch.

    batch_of: indices to prepared images (B, 3, H, W). labels (N,), N at least one batch. The same machine, versions and
    thread count (take one) give the same bits.
    """
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=course.learning_rate, betas=BETAS, weight_decay=course.weight_decay, fused=True
    )
    draws = torch.Generator().manual_seed(course.seed)
    steps = len(labels) // course.batch
    total = course.epochs * steps
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _pace(step, total))
    network.train()
    for epoch in range(1, course.epochs + 1):
        order = torch.randperm(len(labels), generator=draws)
        losses = 0.0
        for chosen in order[: steps * course.batch].split(course.batch):
            loss = loss_of(batch_of(chosen), labels[chosen], draws)
            loss.backward()
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            losses += loss.item()
        report(f"epoch {epoch} of {course.epochs}, loss {losses / steps:.3f}")
    network.eval()


def accuracy(network: Network, split: Split) -> float:
    """Of the network's own head on images of its source."""
    assert network.head is not None
    right = 0
    with torch.inference_mode():
        for start in range(0, len(split.images), JUDGED_AT_ONCE):
            images = network.prepare(split.images[start : start + JUDGED_AT_ONCE])
            guesses = network.head(network.body(images)).argmax(dim=1).numpy()
            right += int((guesses == split.labels[start : start + JUDGED_AT_ONCE]).sum())
    return right / len(split.images)


def _pace(step: int, total: int) -> float:
    """Share of the peak learning rate."""
    return min(1.0, (step + 1) / (WARMUP * total)) * 0.5 * (1 + math.cos(math.pi * step / total))
