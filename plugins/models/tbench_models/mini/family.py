"""Small networks for 32 x 32 images, mini/<network>-<pre-training>[@stage], weights included."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tbench.api import Candidate, Dataset, Network, UsageError
from tbench_models.mini.card import Card, read_cards
from tbench_models.mini.recipe import Recipe, read_recipes

if TYPE_CHECKING:
    from torch import Tensor

SHIPPED = Path(__file__).parent


class Family:
    """Small networks for 32 x 32 RGB: seven architectures, fifteen pre-trainings of one of them, a random control.

    folder: where card.toml and weights/ are.
    """

    def __init__(self, folder: Path = SHIPPED) -> None:
        self.folder = folder

    def names(self) -> Iterable[str]:
        return list(read_recipes())

    def candidate(self, name: str, layer: str | None) -> Candidate:
        """UsageError for an unknown name or layer. Layers are stage1, stage2 ...; None is the whole network."""
        _known(name, read_recipes())
        card = read_cards(self.folder)[name]
        sample = card.recipe.sample
        if layer is None:
            facts = {"parameter_count": float(card.parameters)}
            if card.source_accuracy is not None:
                facts["source_accuracy"] = card.source_accuracy
            load = partial(_load, self.folder, name, card, None)
            return Candidate(f"mini/{name}", card.sha256, load, facts, source=sample, initial=_initial(card, None))
        if layer not in card.parameters_upto:
            raise UsageError(f"mini/{name} has no layer {layer!r}; there are {', '.join(card.parameters_upto)}")
        facts = {"parameter_count": float(card.parameters_upto[layer])}
        load = partial(_load, self.folder, name, card, layer)
        return Candidate(
            f"mini/{name}@{layer}", f"{card.sha256}@{layer}", load, facts, source=sample, initial=_initial(card, layer)
        )

    def together(self, name: str, layers: Sequence[str | None]) -> Network:
        """One network for several layers of a member, as `candidate` knows them; None is the whole network."""
        from tbench_models.mini.network import together

        card = read_cards(self.folder)[name]
        return together(card.recipe.architecture, card.classes, _weights(self.folder, name, card), layers)

    def recipes(self) -> Iterable[str]:
        """Those that `pretrain` makes."""
        return self.names()

    def pretrain(
        self, names: Iterable[str], load_dataset: Callable[[str], Dataset], out: Path, report: Callable[[str], None]
    ) -> None:
        """Make networks anew as recipes.toml says: card.toml and weights/ in the folder `out`."""
        from tbench_models.mini.pretrain import pretrain

        recipes = read_recipes()
        for name, recipe in [(name, _known(name, recipes)) for name in names]:
            pretrain(name, recipe, load_dataset, out, report)


def _known(name: str, recipes: dict[str, Recipe]) -> Recipe:
    if name not in recipes:
        near = get_close_matches(name, recipes, n=1)
        hint = f"did you mean mini/{near[0]}?" if near else f"there are {', '.join(recipes)}"
        raise UsageError(f"mini has no model {name!r}: {hint}")
    return recipes[name]


def _load(folder: Path, name: str, card: Card, layer: str | None) -> Network:
    from tbench_models.mini.network import assemble

    return assemble(card.recipe.architecture, card.classes, _weights(folder, name, card), layer)


def _initial(card: Card, layer: str | None) -> Callable[[], Network]:
    """The network that pre-training began with: the control of its architecture, with as many outputs as it had."""

    def load() -> Network:
        from tbench_models.mini.network import assemble
        from tbench_models.mini.selfsupervised import outputs

        return assemble(card.recipe.architecture, outputs(card.recipe, card.classes), None, layer)

    return load


def _weights(folder: Path, name: str, card: Card) -> dict[str, Tensor] | None:
    from tbench_models.mini.weights import read_weights

    return None if card.recipe.method == "none" else read_weights(folder, name, card.sha256)


family = Family()
