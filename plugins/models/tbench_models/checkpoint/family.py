"""Local files of weights: checkpoint/<path>[@layer], each with a card beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from tbench.api import Candidate, Dataset, Network, TbenchError, UsageError, data_home
from tbench_models.digest import sha256_of

SHOWN = 12  # digits of a hash that stand for a card


class Family:
    """A network whose state dict is a local file (.safetensors, .pth, .pt) with a card beside it, <stem>.toml or .json.

    A relative path is one from the working directory or, if there is no such file, from $TBENCH_DATA
    (~/.cache/tbench/data). The features of the whole network are what its classifier sees; a
    layer is a module or node of its graph, averaged over places. The file is read as tensors only.
    """

    def names(self) -> Iterable[str]:
        """None: the family is open."""
        return []

    def candidate(self, name: str, layer: str | None) -> Candidate:
        """UsageError for a missing file or card, TbenchError for a wrong checksum. The fingerprint is that of the file,
        and of the card, which decides how images are prepared."""
        from tbench_models.checkpoint.card import read_card
        from tbench_models.checkpoint.network import assemble, initial, parameter_count

        path = _file(name)
        card = read_card(path)
        sha256 = _checked(path, card.sha256)
        described = hashlib.sha256(repr(card).encode()).hexdigest()[:SHOWN]
        suffix = f"@{layer}" if layer else ""
        facts = {"parameter_count": float(parameter_count(path, card, layer))}
        if card.source_accuracy is not None and card.classes and layer is None:
            facts["source_accuracy"] = card.source_accuracy
        load = partial(assemble, path, card, layer)
        source = str(card.recipe.get("dataset", ""))
        return Candidate(
            f"checkpoint/{name}{suffix}",
            f"{sha256}, card {described}{suffix}",
            load,
            facts,
            source=source,
            initial=partial(initial, path, card, layer) if "seed" in card.recipe else None,
        )

    def together(self, name: str, layers: Sequence[str | None]) -> Network | None:
        """One network for several layers of a file, as `candidate` knows them; None is the whole network.

        None for what timm built, or a card that names its features: there, each layer takes a pass of its own.
        """
        from tbench_models.checkpoint.card import read_card
        from tbench_models.checkpoint.network import channels_last_of
        from tbench_models.cutting import together

        card = read_card(_file(name))
        if card.features or card.architecture.startswith("timm:"):
            return None
        whole = self.candidate(name, None).load()
        return together(whole, layers, partial(channels_last_of, card, whole.body), f"checkpoint/{name}")

    def recipes(self) -> Iterable[str]:
        """Those that ship, of the suite small-real."""
        from tbench_models.checkpoint.recipe import shipped

        return list(shipped())

    def pretrain(
        self, names: Iterable[str], load_dataset: Callable[[str], Dataset], out: Path, report: Callable[[str], None]
    ) -> None:
        """Make <stem>.safetensors and its card in the folder `out` from each recipe: one that ships, by its name, or a
        card of your own with a [recipe], by its path. UsageError, before anything is trained, if one is not whole."""
        from tbench_models.checkpoint.pretrain import pretrain
        from tbench_models.checkpoint.recipe import read_recipe

        for recipe in [read_recipe(name) for name in names]:
            pretrain(recipe, load_dataset, out, report)


def _file(name: str) -> Path:
    path = Path(name) if Path(name).is_file() else data_home() / name
    if not path.is_file():
        raise UsageError(f"checkpoint/{name}: there is no file {path}; give the path of a state dict")
    return path


def _checked(path: Path, expected: str) -> str:
    found = sha256_of(path)
    if found != expected.lower():
        raise TbenchError(
            f"weights {path} have the sha256 {found}, their card says {expected}; mend the one or the other"
        )
    return found


family = Family()
