"""How a network of the embedded suite is made, as data: recipes.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal


@dataclass(frozen=True)
class Recipe:
    """method none is the control: freshly initialised, with no source and nothing to train.

    source: name of the dataset, family/name. batch: images in a step. learning_rate: at its peak.
    """

    architecture: str
    method: Literal["supervised", "simclr", "rotation", "none"]
    source: str = ""
    epochs: int = 0
    batch: int = 0
    learning_rate: float = 0.0

    @property
    def sample(self) -> str:
        """A small dataset drawn as the source was; it takes a twentieth of the time to draw."""
        return self.source.replace("source-", "sample-")


def read_recipes() -> dict[str, Recipe]:
    table = tomllib.loads((files(__package__) / "recipes.toml").read_text(encoding="utf-8"))
    return {name: Recipe(**settings) for name, settings in table.items()}
