"""One fine-tuning run in the making: it can be left after any step, and go on elsewhere as if it never had been."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from timm.optim._optim_factory import create_optimizer_v2
from timm.scheduler.cosine_lr import CosineLRScheduler
from torch import Tensor, nn
from torch.nn import functional

from tbench.api import Network, Split
from tbench.evaluation import MEASURES
from tbench.precision import computing
from tbench.prepared import Prepared, laid_out, placed
from tbench.protocol import Run
from tbench.stopwatch import Clock

# Pixels a side from which channels last pays. A step on one core (Xeon with AMX), float32: ResNet-50 at 224 takes 0.72
# of the time, ResNet-18 0.84 at 128, 0.87 at 96 and 0.95 at 64, but 1.09 at 32; a ConvNeXt at 128 does not care.
CHANNELS_LAST_SIDE = 96


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


class Training:
    """Body and a fresh linear head, their optimiser, its schedule, and all that is drawn at random.

    The seed decides the head, the order and the shifts; nothing else is random but what the network itself draws.
    losses: of every step so far. validations: results on validation images, by step. clock: what training and judging
    took. device: any that torch names; on the CPU the outcome is the same to the bit each time, elsewhere as far as
    torch's kernels are.
    """

    def __init__(self, network: Network, target: Target, run: Run, seed: int, device: str = "cpu") -> None:
        self.run = run
        self.losses: list[float] = []
        self.validations: dict[int, float] = {}
        self.clock = Clock()
        self._target = target
        self._device = torch.device(device)
        protocol = run.protocol
        torch.manual_seed(seed)
        side = target.images["train"].batch(torch.tensor([0])).shape[-1]
        self._layout = torch.channels_last if side >= CHANNELS_LAST_SIDE else torch.preserve_format
        head = _fresh_head(network.width, target.classes)
        self._model = laid_out(nn.Sequential(network.body, head).to(self._device), self._layout)
        self._optimizer = create_optimizer_v2(
            self._model,
            protocol.optimizer,
            run.learning_rate,
            run.weight_decay,
            protocol.momentum,
            filter_bias_and_bn=False,
        )
        self._schedule = CosineLRScheduler(
            self._optimizer,
            protocol.steps,
            warmup_t=round(protocol.warmup * protocol.steps),
            warmup_lr_init=0.0,
            t_in_epochs=False,
        )
        self._draws = torch.Generator().manual_seed(seed)
        self._order = torch.empty(0, dtype=torch.long)

    @property
    def step(self) -> int:
        return len(self.losses)

    @property
    def diverged(self) -> bool:
        """The loss has left the real numbers; there is no going on."""
        return bool(self.losses) and not math.isfinite(self.losses[-1])

    def advance(self, until: int, between: Callable[[Training], None] | None = None) -> None:
        """Train up to step `until`, or to the first loss that is not finite. between: called after every step."""
        self._model.train()
        while self.step < until and not self.diverged:
            with self.clock:
                self.losses.append(self._learn(self.step + 1))
            if between:
                between(self)

    def validate(self) -> float:
        """The result on validation images after the last step; they are looked at once for each step."""
        if self.step not in self.validations:
            self.validations[self.step] = self.judge("val")
        return self.validations[self.step]

    def judge(self, part: str) -> float:
        """By the target's measure."""
        logits = self.logits(part)
        with self.clock:
            return MEASURES[self._target.measure](logits.numpy(), self._target.labels[part].numpy())

    def logits(self, part: str, passes: int | None = None) -> Tensor:
        """(N, classes) float32 on the CPU, of all images or of as many as the first few passes take."""
        self._model.eval()
        images = self._target.images[part]
        with self.clock, torch.inference_mode(), self._computing():
            rows = images.passes()[:passes]
            return torch.cat([self._model(self._placed(images.batch(some))).float().cpu() for some in rows])

    def state(self) -> dict[str, Any]:
        """All that `restore` needs, in tensors and plain values; written down before the next step, or it moves on."""
        return {
            "model": self._model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "losses": self.losses,
            "validations": self.validations,
            "order": self._order,
            "draws": self._draws.get_state(),
            "network_draws": [draws() for draws, _ in self._network_draws()],
            "spent": [self.clock.seconds, self.clock.cpu_seconds],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Be as the training was whose state this is: of the same network, target, run, seed and device."""
        self._model.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.losses, self.validations = [*state["losses"]], {**state["validations"]}
        self._order = state["order"]
        self._draws.set_state(state["draws"])
        for (_, draw_on), drawn in zip(self._network_draws(), state["network_draws"], strict=True):
            draw_on(drawn)
        self.clock.seconds, self.clock.cpu_seconds = state["spent"]

    def _learn(self, step: int) -> float:
        protocol, labels = self.run.protocol, self._target.labels["train"]
        images = self._target.images["train"]
        self._schedule.step_update(step)
        batch = min(protocol.batch, len(images))
        if len(self._order) < batch:
            self._order = torch.randperm(len(images), generator=self._draws)
        chosen, self._order = self._order[:batch], self._order[batch:]
        wanted = labels[chosen].to(self._device)
        shown = _shifted(self._placed(images.batch(chosen)), protocol.shift, self._draws)
        with self._computing():
            said = self._model(shown)
            if labels.ndim == 2:
                loss = functional.binary_cross_entropy_with_logits(said, wanted.float())
            else:
                loss = functional.cross_entropy(said, wanted)
        told = loss.item()
        if math.isfinite(told):
            loss.backward()
            if protocol.clip is not None:
                nn.utils.clip_grad_norm_(self._model.parameters(), protocol.clip)
            self._optimizer.step()
            self._optimizer.zero_grad()
        return told

    def _placed(self, images: Tensor) -> Tensor:
        return placed(images, str(self._device), self._layout)

    def _computing(self) -> torch.autocast:
        return computing(self._device.type, self.run.protocol.precision)

    def _network_draws(self) -> list[tuple[Callable[[], Tensor], Callable[[Tensor], None]]]:
        """How to ask for, and how to set, the state of the generators that layers such as dropout draw from."""
        places: list[tuple[Callable[[], Tensor], Callable[[Tensor], None]]] = [
            (torch.get_rng_state, torch.set_rng_state)
        ]
        if self._device.type == "cuda":
            places.append(
                (
                    lambda: torch.cuda.get_rng_state(self._device),
                    lambda drawn: torch.cuda.set_rng_state(drawn, self._device),
                )
            )
        return places


def _fresh_head(width: int, classes: int) -> nn.Linear:
    head = nn.Linear(width, classes)
    nn.init.normal_(head.weight, std=0.01)
    nn.init.zeros_(head.bias)
    return head


def _shifted(images: Tensor, most: int, draws: torch.Generator) -> Tensor:
    """Each image moved by up to `most` pixels each way, its border reflected: one gather for the whole batch."""
    if most == 0:
        return images
    count, _, height, width = images.shape
    here = images.device
    padded = functional.pad(images, (most,) * 4, mode="reflect").permute(0, 2, 3, 1)
    down, right = (torch.randint(0, 2 * most + 1, (count,), generator=draws).to(here) for _ in range(2))
    rows = (down[:, None] + torch.arange(height, device=here))[:, :, None]
    columns = (right[:, None] + torch.arange(width, device=here))[:, None, :]
    return padded[torch.arange(count, device=here)[:, None, None], rows, columns].permute(0, 3, 1, 2)
