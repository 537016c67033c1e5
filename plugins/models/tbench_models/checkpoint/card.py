"""What must be known of a file of weights to use it: a card beside it, <stem>.toml or <stem>.json."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

from tbench.api import UsageError, read_table

SUFFIXES = (".toml", ".json")
LARGEST = 4096  # pixels of a side; networks take up to 1024, and an image of this side 200 MB
DIGITS = re.compile(r"[0-9a-fA-F]{64}")
LOADING = (  # words by which makers of networks fetch or unpickle weights; those of a card are beside it
    *("pretrained", "pretrained_cfg", "pretrained_cfg_overlay", "checkpoint_path", "cache_dir"),
    *("weights", "weights_backbone"),
)
KINDS: Mapping[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "float": (int, float)}


@dataclass(frozen=True)
class Card:
    """How a file of weights is to be used, and where it comes from.

    architecture: timm:<name>, torchvision:<name> or package.module:callable, called with `arguments`. input_size:
    pixels of a side; the shorter side of an image is brought to input_size / crop_fraction, of which the centre is
    taken. mean, std: three each, of values in [0, 1]. interpolation: nearest, bilinear, bicubic or lanczos.
    classes: of the source head, 0 for a file without one. source, source_accuracy (in [0, 1]), licence: what the
    weights were trained on, how well, and on what terms. sha256: of the file. classifier: name of the submodule
    that gives the logits; the last linear layer unless told. features: the node whose mean over places are the
    features, for networks whose logits are no function of a vector; there is no head then. recipe: how the weights were
    made, if by `tbench pretrain`; a card that has no sha256 yet is but the recipe.
    """

    architecture: str
    input_size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    classes: int
    source: str
    licence: str
    sha256: str = ""
    interpolation: str = "bilinear"
    crop_fraction: float = 1.0
    source_accuracy: float | None = None
    classifier: str | None = None
    features: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    recipe: Mapping[str, Any] = field(default_factory=dict, repr=False)  # the file tells by itself what came of it

    @property
    def side(self) -> int:
        """Pixels of the shorter side before the centre is taken."""
        return round(self.input_size / self.crop_fraction)


def read_card(weights: Path) -> Card:
    """The card beside a file of weights. UsageError, one line, if there is none or it does not say what it must."""
    found = [path for path in (weights.with_suffix(suffix) for suffix in SUFFIXES) if path.exists()]
    if not found:
        raise UsageError(f"{weights} has no card; write {weights.stem}.toml beside it (docs/add-a-model.md)")
    card = parse_card(found[0])
    if not card.sha256:
        told = f"`tbench pretrain checkpoint --models {found[0]}` makes the weights it stands for"
        raise UsageError(f"card {found[0]} is a recipe without sha256; {told}")
    return card


def parse_card(path: Path) -> Card:
    """What a card or a recipe says. UsageError, one line, for what cannot be."""
    table = read_table(path, f"card {path}")
    known = {each.name: each for each in fields(Card)}
    if wrong := sorted(set(table) - set(known)):
        raise UsageError(f"card {path}: unknown {', '.join(wrong)}; a card has {', '.join(known)}")
    needed = [name for name, each in known.items() if each.default is MISSING and each.default_factory is MISSING]
    needed += [] if "recipe" in table else ["sha256"]
    if missing := [name for name in needed if name not in table]:
        raise UsageError(f"card {path} does not say its {', '.join(missing)}")
    for name, value in table.items():
        if not _fits(str(known[name].type), value):
            raise UsageError(f"card {path}: {name} = {value!r:.60} is not {_EXPECTED[name]}")
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in table.items()}
    card = Card(**values)
    for name, good in _sensible(card).items():
        if name in table and not good:
            raise UsageError(f"card {path}: {name} = {table[name]!r:.60} is not {_EXPECTED[name]}")
    return card


def _fits(kind: str, value: object) -> bool:
    if kind.startswith("Mapping"):
        return isinstance(value, dict)
    if kind.startswith("tuple"):
        return isinstance(value, list) and all(_fits("float", each) for each in value)
    fits = isinstance(value, KINDS[kind.removesuffix(" | None")]) and not isinstance(value, bool)
    return fits and not (isinstance(value, int | float) and not abs(value) < math.inf)


def _sensible(card: Card) -> dict[str, bool]:
    return {
        "architecture": bool(card.architecture.partition(":")[2]),
        "input_size": 0 < card.input_size <= LARGEST,
        "mean": len(card.mean) == 3,
        "std": len(card.std) == 3 and all(each > 0 for each in card.std),
        "classes": card.classes >= 0,
        "sha256": bool(DIGITS.fullmatch(card.sha256)),
        "interpolation": card.interpolation in ("nearest", "bilinear", "bicubic", "lanczos"),
        "crop_fraction": 1 / LARGEST <= card.crop_fraction <= 1,
        "arguments": not set(card.arguments) & set(LOADING),
        "source_accuracy": card.source_accuracy is None or 0 <= card.source_accuracy <= 1,
    }


_EXPECTED: Mapping[str, str] = {
    "architecture": "timm:<name>, torchvision:<name> or package.module:callable",
    "input_size": f"a number of pixels, {LARGEST} at most",
    "mean": "three numbers",
    "std": "three positive numbers",
    "classes": "a number of classes (0 for none)",
    "source": "text",
    "licence": "text",
    "sha256": "the 64 hexadecimal digits of the file's sha256",
    "interpolation": "nearest, bilinear, bicubic or lanczos",
    "crop_fraction": "a share in (0, 1]",
    "source_accuracy": "a share in [0, 1]",
    "classifier": "the name of a submodule",
    "features": "the name of a node",
    "arguments": f"a table without {', '.join(LOADING)}",
    "recipe": "a table",
}
