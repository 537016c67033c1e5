"""What is known of each pre-trained network without loading it: card.toml, written by pre-training."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tbench_models.mini.recipe import Recipe
from tbench_models.tables import toml_lines

FILE = "card.toml"


@dataclass(frozen=True)
class Card:
    """classes: of the source head, 0 without one. source_accuracy: on held-out source images, None without a head.

    sha256: of the file of weights; of the recipe where there is no such file. parameters: of the body.
    parameters_upto: of the body cut at an inner stage. seconds: CPU time of training, one thread.
    """

    recipe: Recipe
    sha256: str
    classes: int
    parameters: int
    source_accuracy: float | None = None
    seconds: float = 0.0
    parameters_upto: Mapping[str, int] = field(default_factory=dict)
    made_with: Mapping[str, str] = field(default_factory=dict)  # package -> version


def read_cards(folder: Path) -> dict[str, Card]:
    table = tomllib.loads((folder / FILE).read_text(encoding="utf-8"))
    return {name: Card(Recipe(**entry.pop("recipe")), **entry) for name, entry in table.items()}


def add_card(folder: Path, name: str, card: Card) -> None:
    """Put the card of one network into the file, in the place of an older one."""
    cards = read_cards(folder) if (folder / FILE).exists() else {}
    lines = ["# Written by `tbench pretrain mini`; not to be edited."]
    for key, each in sorted((cards | {name: card}).items()):
        lines += ["", *toml_lines(asdict(each), key)]
    draft = folder / f"{FILE}.draft"
    draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
    draft.replace(folder / FILE)
