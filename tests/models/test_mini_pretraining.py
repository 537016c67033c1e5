"""Pre-training on a small scale: the same bits twice, something is learnt, and the losses are those of their papers."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from torch import Tensor, nn

from tbench.api import Split, UsageError
from tbench.cli.pretrain import pretrain as command
from tbench_models.augmentation import shifted
from tbench_models.mini.card import Card, add_card, read_cards
from tbench_models.mini.family import SHIPPED, Family, family
from tbench_models.mini.images import normalised
from tbench_models.mini.pretrain import pretrain, train_network
from tbench_models.mini.recipe import Recipe, read_recipes
from tbench_models.mini.selfsupervised import TEMPERATURE, contrastive_loss, rotation_loss
from tbench_models.mini.weights import file_of


@dataclass(frozen=True)
class Colours:
    """Four classes, each its own colour."""

    name: str = "colours"
    classes: int = 4
    measure: str = "accuracy"

    def split(self, part: Literal["train", "val", "test"], seed: int) -> Split:
        stream = np.random.RandomState(len(part))
        labels = np.arange(96) % 4
        palette = np.array([(40, 40, 200), (200, 40, 40), (40, 200, 40), (200, 200, 200)])
        images = (palette[labels][:, None, None] + stream.randint(-40, 41, (96, 32, 32, 3))).astype(np.uint8)
        images.flags.writeable = labels.flags.writeable = False
        return Split(images, labels)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


SHORT = Recipe("resnet", "supervised", "colours", epochs=4, batch=16, learning_rate=3e-3)
SHORT_RECIPES = [
    replace(SHORT, architecture="vit"),
    replace(SHORT, architecture="densenet", epochs=1),
    replace(SHORT, method="simclr", epochs=1),
    replace(SHORT, method="rotation", epochs=1),
    Recipe("resnet", "none"),
]


def run(recipe: Recipe, out: Path) -> tuple[Card, list[str]]:
    lines: list[str] = []
    asked: list[str] = []

    def load_dataset(name: str) -> Colours:
        asked.append(name)
        return Colours()

    card = pretrain("trial", recipe, load_dataset, out, lines.append)
    assert asked == ([] if recipe.method == "none" else ["colours"])
    return card, lines


@pytest.mark.parametrize("recipe", SHORT_RECIPES, ids=lambda recipe: f"{recipe.architecture}-{recipe.method}")
def test_a_recipe_gives_the_same_bits_twice(recipe: Recipe, tmp_path: Path) -> None:
    first, _ = run(recipe, tmp_path / "first")
    torch.rand(1)  # what was drawn before does not matter
    second, _ = run(recipe, tmp_path / "second")
    assert first.sha256 == second.sha256
    assert replace(first, seconds=0.0) == replace(second, seconds=0.0)
    if recipe.method != "none":
        twice = [file_of(tmp_path / folder, "trial").read_bytes() for folder in ("first", "second")]
        assert twice[0] == twice[1]


def test_a_network_learns_its_source_and_its_card_says_so(tmp_path: Path) -> None:
    card, lines = run(SHORT, tmp_path)
    assert card.source_accuracy is not None
    assert card.source_accuracy > 0.9
    assert card.classes == 4
    assert card.seconds > 0
    assert read_cards(tmp_path) == {"trial": card}
    assert [line.rpartition(",")[0] for line in lines[:4]] == [f"trial: epoch {epoch} of 4" for epoch in (1, 2, 3, 4)]
    losses = [float(line.rpartition(" ")[2]) for line in lines[:4]]
    assert losses[-1] < losses[0] < 2 * math.log(4)
    assert set(card.made_with) == {"torch", "timm", "numpy"}


def test_cards_of_several_networks_share_a_file_and_a_new_one_replaces_the_old(tmp_path: Path) -> None:
    first = Card(SHORT, "a" * 64, 4, 10, 0.5, 1.5, {"stage1": 3}, {"torch": "2"})
    second = Card(Recipe("vit", "rotation", "s/t", 2, 8, 1e-5), "b" * 64, 0, 20)
    add_card(tmp_path, "b", second)
    add_card(tmp_path, "a", replace(first, sha256="c" * 64))
    add_card(tmp_path, "a", first)
    assert read_cards(tmp_path) == {"a": first, "b": second}
    assert [path.name for path in tmp_path.iterdir()] == ["card.toml"]


@pytest.mark.parametrize("method", ["supervised", "simclr", "rotation"])
def test_training_lowers_the_loss(method: Literal["supervised", "simclr", "rotation"]) -> None:
    """Stripes, each image of its own width, the wide ones one class, the narrow ones the other."""
    periods = np.geomspace(3, 60, 96)[:, None, None, None]
    waves = 128 + 60 * np.sin(2 * np.pi * np.arange(32)[:, None, None] / periods)
    stripes = Split(np.broadcast_to(waves, (96, 32, 32, 3)).astype(np.uint8), np.arange(96) // 48)
    lines: list[str] = []
    train_network(Recipe("resnet", method, "", epochs=6, batch=32, learning_rate=3e-3), stripes, 2, lines.append)
    losses = [float(line.rpartition(" ")[2]) for line in lines]
    assert losses[-1] < 0.9 * losses[0]


def test_the_family_makes_what_its_recipes_say(tmp_path: Path) -> None:
    lines: list[str] = []
    family.pretrain(["resnet-random"], lambda name: Colours(), tmp_path, lines.append)
    made = read_cards(tmp_path)["resnet-random"]
    assert made.recipe == read_recipes()["resnet-random"]
    assert made.sha256 == read_cards(SHIPPED)["resnet-random"].sha256
    assert Family(tmp_path).candidate("resnet-random", None).load().width == 64


def test_an_unknown_name_stops_before_anything_is_trained(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="mini has no model 'resnet-mixed'"):
        family.pretrain(["resnet-random", "resnet-mixed"], lambda name: Colours(), tmp_path, print)
    assert not list(tmp_path.iterdir())


def test_the_command_makes_a_family_anew(tmp_path: Path) -> None:
    words = ["mini", "--models", "resnet-random", "--out", str(tmp_path)]
    result = CliRunner().invoke(command, words, catch_exceptions=False)
    assert result.exit_code == 0
    assert list(read_cards(tmp_path)) == ["resnet-random"]


def test_shifts_stay_in_range_and_move_each_image_as_a_whole() -> None:
    images = torch.arange(64.0).reshape(1, 1, 8, 8).expand(200, 3, 8, 8)
    moved = shifted(images, 2, torch.Generator().manual_seed(0))
    padded = nn.functional.pad(images[:1], (2,) * 4, mode="reflect")
    windows = {(r, c): padded[0, :, r : r + 8, c : c + 8] for r in range(5) for c in range(5)}
    found = [next(at for at, window in windows.items() if torch.equal(window, image)) for image in moved]
    assert len(set(found)) == 25


def test_rotation_asks_for_the_turn_that_was_made() -> None:
    seen: list[Tensor] = []

    class Blind(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            seen.append(images)
            return torch.tensor([3.0, 2.0, 1.0, 0.0]).expand(len(images), 4)

    images = torch.randn(32, 3, 8, 8, generator=torch.Generator().manual_seed(5))
    loss = rotation_loss(Blind(), most=0)(images, torch.empty(0), torch.Generator().manual_seed(0))
    turns = [
        next(k for k in range(4) if np.array_equal(np.rot90(before, k, (1, 2)), after))
        for before, after in zip(images.numpy(), seen[0].numpy(), strict=True)
    ]
    assert set(turns) == {0, 1, 2, 3}
    logits = np.array([3.0, 2.0, 1.0, 0.0])
    assert loss.item() == pytest.approx(np.mean([np.log(np.exp(logits).sum()) - logits[k] for k in turns]), rel=1e-5)


def test_contrast_is_nt_xent_over_both_views() -> None:
    seen: list[Tensor] = []

    class Flat(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            seen.append(images.flatten(1))
            return images.flatten(1)

    images = normalised(torch.tensor(Colours().split("train", 0).images[:6]).permute(0, 3, 1, 2))
    loss = contrastive_loss(Flat())(images, torch.empty(0), torch.Generator().manual_seed(0))
    z = seen[0].double().numpy()
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    terms = []
    for i in range(12):
        others = [np.exp(z[i] @ z[k] / TEMPERATURE) for k in range(12) if k != i]
        terms.append(-np.log(np.exp(z[i] @ z[(i + 6) % 12] / TEMPERATURE) / sum(others)))
    assert loss.item() == pytest.approx(np.mean(terms), rel=1e-4)
    assert not np.allclose(z[:6], z[6:], atol=1e-3)
