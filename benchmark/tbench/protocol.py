"""How the ground truth is made, as data: optimiser, schedule, grid, steps, seeds, selection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any

from tbench.declaration import number, text, whole
from tbench.errors import UsageError
from tbench.precision import FLOAT32, PRECISIONS

MOST_RUNS = 10_000  # of a grid: each is a training, for each candidate, dataset and seed


@dataclass(frozen=True)
class Protocol:
    """A fine-tuning protocol. It fixes steps and not epochs, so that small and large targets get the same training.

    Each pair of a learning rate and a weight decay is one run; weight_decays_over_rate are divided by the learning rate
    (Kornblith et al., CVPR 2019), and may be left out; of these, the one with the best validation result stands
    for the candidate, and only its test result is read.
    optimizer: any name that timm knows. shift: pixels of random translation. warmup: share of the steps.
    clip: the most that the norm of all gradients together may be. precision: float32, or bfloat16 where torch's
    autocast allows it, in training and in judging; weights and optimiser stay float32. halving: stop the worse half of
    the grid early, again and again (see `tbench.halving`).

    A setting with a default is named only where it departs from it, so that records of a time before it stay what they
    are.
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
    clip: float | None = None
    precision: str = FLOAT32
    halving: bool = False
    weight_decays_over_rate: tuple[float, ...] = ()

    @classmethod
    def read(cls, name: str, table: Mapping[str, Any], where: str) -> Protocol:
        known = {field.name for field in fields(cls)} - {"name"}
        if wrong := (known ^ set(table)) - (known & set(_defaults())):
            raise UsageError(f"protocol {name} of {where}: wrong or missing {', '.join(sorted(wrong))}")
        kinds = {field.name: str(field.type) for field in fields(cls)}
        whose = f"protocol {name} of {where}"
        settings: dict[str, Any] = {key: _read(kinds[key], value, f"{whose}: {key}") for key, value in table.items()}
        made = cls(name, **settings)
        if made.precision not in PRECISIONS:
            raise UsageError(f"protocol {name} of {where}: precision is {' or '.join(PRECISIONS)}")
        if made.clip is not None and not made.clip > 0:
            raise UsageError(f"protocol {name} of {where}: clip is a norm above 0; leave it out to clip nothing")
        made._check(whose)
        return made

    def _check(self, whose: str) -> None:
        """UsageError for a grid that cannot be walked."""
        several = {"learning_rates": self.learning_rates, "seeds": self.seeds}
        decays = (*self.weight_decays, *self.weight_decays_over_rate)
        if empty := [key for key, values in {**several, "weight_decays": decays}.items() if not values]:
            raise UsageError(f"{whose}: {empty[0]} is empty; give one at least")
        if min(self.learning_rates) <= 0 or min(decays) < 0:
            raise UsageError(f"{whose}: learning_rates are above 0, and weight decays not below")
        if min(self.steps, self.batch) < 1 or min(self.shift, *self.seeds) < 0 or self.seconds <= 0:
            raise UsageError(f"{whose}: steps and batch are 1 at least, shift and seeds not below 0, seconds above 0")
        if not 0 <= self.warmup <= 1:
            raise UsageError(f"{whose}: warmup is a share of the steps, in [0, 1]")
        if (runs := len(self.learning_rates) * len(decays)) > MOST_RUNS:
            raise UsageError(f"{whose}: its grid has {runs:,} runs; {MOST_RUNS:,} are the most")

    def settings(self) -> dict[str, object]:
        """All that decides the outcome, grid included."""
        defaults = _defaults()
        return {
            key: value
            for key, value in asdict(self).items()
            if key not in ("name", "seeds", "seconds") and not (key in defaults and value == defaults[key])
        }

    @property
    def calibration(self) -> str:
        """What an estimate of the seconds of this protocol is kept under: every setting, grid included."""
        return f"calibration:{_spelt(self.settings())}"

    def runs(self) -> tuple[Run, ...]:
        """Every point of the grid."""
        return tuple(Run(self, rate, decay) for rate in self.learning_rates for decay in self._decays(rate))

    @property
    def middle(self) -> Run:
        """The middle point of the grid, or the lower of two: a run that is chosen before any has a result."""
        runs = self.runs()
        return runs[(len(runs) - 1) // 2]

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
        """Every setting that decides the outcome, so that runs of two protocols are never taken for one another.

        With halving the whole grid does: a run may be stopped for another's sake.
        """
        point = {"learning_rate": self.learning_rate, "weight_decay": self.weight_decay}
        settings = self.protocol.settings()
        shared = {key: value for key, value in settings.items() if not isinstance(value, tuple)}
        return f"finetune:{_spelt(settings if self.protocol.halving else shared, point)}"


def _spelt(*settings: Mapping[str, object]) -> str:
    several = {key: value for some in settings for key, value in some.items()}
    return ",".join(f"{key}={_word(value)}" for key, value in sorted(several.items()))


def _word(value: object) -> str:
    return "/".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _defaults() -> dict[str, object]:
    return {field.name: field.default for field in fields(Protocol) if field.default is not MISSING}


def _read(kind: str, value: object, what: str) -> object:
    """A value as the type of its field says."""
    kind = kind.removesuffix(" | None")
    if kind.startswith("tuple"):
        if not isinstance(value, list):
            raise UsageError(f"{what} is not a list")
        inner = _READERS[kind.removeprefix("tuple[").partition(",")[0]]
        return tuple(inner(each, f"an entry of {what}") for each in value)
    return _READERS[kind](value, what)


def _boolean(value: object, what: str) -> bool:
    if not isinstance(value, bool):
        raise UsageError(f"{what} is true or false")
    return value


_READERS: Mapping[str, Callable[[object, str], object]] = {
    "str": text,
    "int": whole,
    "float": number,
    "bool": _boolean,
}
