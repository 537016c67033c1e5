"""How the ground truth is made, as data: optimiser, schedule, grid, steps, seeds, selection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any

from tbench.errors import UsageError


@dataclass(frozen=True)
class Protocol:
    """A fine-tuning protocol. It fixes steps and not epochs, so that small and large targets get the same training.

    Each pair of a learning rate and a weight decay is one run; weight_decays_over_rate are divided by the learning rate
    (Kornblith et al., CVPR 2019), and may be left out; of these, the one with the best validation result stands
    for the candidate, and only its test result is read.
    optimizer: any name that timm knows. shift: pixels of random translation. warmup: share of the steps.
    """

    name: str
    optimizer: str
    momentum: float
    learning_rates: tuple[float, ...]
    weight_decays: tuple[float, ...]
    steps: int
    batch: int
    warmup: float
    shift: int
    seeds: tuple[int, ...]
    seconds: float  # what one run is expected to take, for estimates before anything was measured
    weight_decays_over_rate: tuple[float, ...] = ()

    @classmethod
    def read(cls, name: str, table: Mapping[str, Any], where: str) -> Protocol:
        known = {field.name: field.default is MISSING for field in fields(cls) if field.name != "name"}
        needed = {name for name, is_needed in known.items() if is_needed}
        if wrong := (needed - set(table)) | (set(table) - set(known)):
            raise UsageError(f"protocol {name} of {where}: wrong or missing {', '.join(sorted(wrong))}")
        settings: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in table.items()
        }
        return cls(name, **settings)

    def settings(self) -> dict[str, object]:
        """All that decides the outcome, grid included; what was left out does not."""
        names = ("name", "seeds", "seconds")
        return {key: value for key, value in asdict(self).items() if key not in names and value != ()}

    def runs(self) -> tuple[Run, ...]:
        """Every point of the grid."""
        return tuple(Run(self, rate, decay) for rate in self.learning_rates for decay in self._decays(rate))

    def _decays(self, rate: float) -> tuple[float, ...]:
        """Quotients without the last digits, which are only rounding and would stand in specs."""
        return (*self.weight_decays, *(float(f"{decay / rate:.12g}") for decay in self.weight_decays_over_rate))


@dataclass(frozen=True)
class Run:
    """One point of a protocol's grid: one training."""

    protocol: Protocol
    learning_rate: float
    weight_decay: float

    @property
    def spec(self) -> str:
        """Every setting that decides the outcome, so that runs of two protocols are never taken for one another."""
        point = {"learning_rate": self.learning_rate, "weight_decay": self.weight_decay}
        shared = {key: value for key, value in self.protocol.settings().items() if not isinstance(value, tuple)}
        return "finetune:" + ",".join(f"{key}={value}" for key, value in sorted((shared | point).items()))
