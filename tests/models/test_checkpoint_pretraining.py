"""Files of weights made from recipes: the same bits twice, something is learnt, and what cannot work is told before."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tbench.api import Split, UsageError
from tbench.cli.pretrain import pretrain as command
from tbench_models.augmentation import flipped
from tbench_models.checkpoint.card import parse_card, read_card
from tbench_models.checkpoint.family import family
from tbench_models.checkpoint.network import built
from tbench_models.checkpoint.recipe import read_recipe
from tbench_models.cutting import width_of
from tbench_models.tables import toml_lines

PALETTE = np.array([(40, 40, 200), (200, 40, 40), (40, 200, 40), (200, 200, 200)])
COURSE = {"epochs": 4, "batch": 16, "learning_rate": 3e-3, "weight_decay": 0.02, "seed": 0}
RECIPE: Mapping[str, Any] = {"dataset": "colours", "shift": 2, "flip": True, **COURSE}
CARD: Mapping[str, Any] = {
    "architecture": "tbench_models.cifar_resnet:cifar_resnet",
    "input_size": 16,
    "mean": [0.5, 0.5, 0.5],
    "std": [0.25, 0.25, 0.25],
    "classes": 4,
    "source": 'colours, "four" of them',
    "licence": "none",
    "arguments": {"depth": 8, "classes": 4},
    "recipe": RECIPE,
}


@dataclass(frozen=True)
class Colours:
    """Four classes, each its own colour; images of two sizes, as folders have them."""

    name: str = "colours"
    classes: int = 4
    measure: str = "accuracy"
    labels: np.ndarray | None = None

    def split(self, part: Literal["train", "val", "test"], seed: int) -> Split:
        stream = np.random.RandomState(len(part))
        labels = np.arange(96) % 4
        images = [
            (PALETTE[label] + stream.randint(-40, 41, (16 + 4 * (i % 2), 16, 3))).astype(np.uint8)
            for i, label in enumerate(labels)
        ]
        return Split(images, labels if self.labels is None else self.labels)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def written(folder: Path, changes: Mapping[str, Any] | None = None, /, **settings: Any) -> Path:
    """A card that is a recipe; settings that are None are left out of it."""
    table = {**CARD, "recipe": {**RECIPE, **(changes or {})}, **settings}
    path = folder / "trial.toml"
    path.write_text("\n".join(toml_lines(table)), encoding="utf-8")
    return path


def made(path: Path, out: Path, source: Colours | None = None) -> list[str]:
    lines: list[str] = []
    asked: list[str] = []

    def load_dataset(name: str) -> Colours:
        asked.append(name)
        return source or Colours()

    family.pretrain([str(path)], load_dataset, out, lines.append)
    assert asked == ["colours"]
    return lines


def test_a_recipe_gives_weights_that_know_their_source_and_a_card_that_says_so(tmp_path: Path) -> None:
    lines = made(written(tmp_path), tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["trial.safetensors", "trial.toml"]
    assert [line.rpartition(",")[0] for line in lines[:4]] == [f"trial: epoch {epoch} of 4" for epoch in (1, 2, 3, 4)]
    candidate = family.candidate(str(tmp_path / "out" / "trial.safetensors"), None)
    network, test = candidate.load(), Colours().split("test", 0)
    assert network.head is not None
    with torch.inference_mode():
        guesses = network.head(network.body(network.prepare(test.images))).argmax(dim=1).numpy()
    right = float((guesses == test.labels).mean())
    assert candidate.facts["source_accuracy"] == round(right, 4) > 0.9
    assert lines[4].startswith(f"trial: {right:.1%} of the source's test images right, ")
    card = read_card(tmp_path / "out" / "trial.safetensors")
    recipe = parse_card(tmp_path / "trial.toml")
    assert card == replace(recipe, sha256=card.sha256, source_accuracy=card.source_accuracy)
    assert card.recipe == RECIPE


def test_the_same_bits_twice_also_from_the_card_that_came_out(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    path = written(tmp_path, {"epochs": 1})
    made(path, first)
    torch.rand(1)  # what was drawn before does not matter
    made(first / "trial.toml", second)
    for name in ("trial.safetensors", "trial.toml"):
        assert (first / name).read_bytes() == (second / name).read_bytes()
    made(written(tmp_path, {"epochs": 1, "seed": 1}), second)
    assert (first / "trial.safetensors").read_bytes() != (second / "trial.safetensors").read_bytes()


def test_the_initial_network_is_the_one_that_training_began_with(tmp_path: Path) -> None:
    made(written(tmp_path, {"epochs": 1, "learning_rate": 0.0, "seed": 7}), tmp_path / "still")
    made(written(tmp_path, {"epochs": 1, "seed": 7}), tmp_path / "moved")
    still, moved = (family.candidate(str(tmp_path / name / "trial.safetensors"), None) for name in ("still", "moved"))
    assert moved.initial is not None
    began = dict(moved.initial().body.named_parameters())
    assert began.keys() == dict(moved.load().body.named_parameters()).keys()
    for name, value in still.load().body.named_parameters():
        assert torch.equal(value, began[name]), name
    assert any(not torch.equal(value, began[name]) for name, value in moved.load().body.named_parameters())
    weights = tmp_path / "moved" / "trial.safetensors"
    table = tomllib.loads(weights.with_suffix(".toml").read_text(encoding="utf-8"))
    weights.with_suffix(".toml").write_text("\n".join(toml_lines(table | {"recipe": {}})), encoding="utf-8")
    assert family.candidate(str(weights), None).initial is None


def test_what_is_drawn_elsewhere_is_not_disturbed(tmp_path: Path) -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    made(written(tmp_path, {"epochs": 1}), tmp_path / "out")
    assert torch.rand(1) == expected


def test_how_a_file_was_made_does_not_change_what_it_is(tmp_path: Path) -> None:
    made(written(tmp_path, {"epochs": 1}), tmp_path)
    weights = tmp_path / "trial.safetensors"
    before = family.candidate(str(weights), None).fingerprint
    table = tomllib.loads(weights.with_suffix(".toml").read_text(encoding="utf-8"))
    table.pop("recipe")
    weights.with_suffix(".toml").unlink()
    weights.with_suffix(".json").write_text(json.dumps(table), encoding="utf-8")
    assert family.candidate(str(weights), None).fingerprint == before


def test_a_recipe_beside_weights_is_no_card_yet(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.with_suffix(".safetensors").write_bytes(b"something")
    with pytest.raises(UsageError, match=r"is a recipe without sha256; `tbench pretrain checkpoint --models .*`"):
        family.candidate(str(path.with_suffix(".safetensors")), None)


@pytest.mark.parametrize(
    ("recipe", "settings", "source", "told"),
    [
        ({"steps": 3}, {}, Colours(), r"wrong or missing in its \[recipe\]: steps$"),
        ({"epochs": 1.5}, {}, Colours(), r"epochs = 1\.5 in its \[recipe\] is not a whole number >= 0$"),
        ({"batch": True}, {}, Colours(), r"batch = True in its \[recipe\] is not a whole number >= 0$"),
        ({"learning_rate": -0.1}, {}, Colours(), r"learning_rate = -0\.1 in its \[recipe\] is not a number >= 0$"),
        ({"flip": 1}, {}, Colours(), r"flip = 1 in its \[recipe\] is not true or false$"),
        ({"dataset": 3}, {}, Colours(), r"dataset = 3 in its \[recipe\] is not text$"),
        ({"epochs": 0}, {}, Colours(), "must be 1 at least$"),
        ({"batch": 97}, {}, Colours(), "its batch is larger than the 96 training images of colours$"),
        ({"shift": 16}, {}, Colours(), "a shift of 16 pixels does not fit its input_size$"),
        ({}, {"recipe": None}, Colours(), "does not say its sha256$"),
        ({}, {"recipe": 3}, Colours(), "recipe = 3 is not a table$"),
        ({}, {"licence": None}, Colours(), "does not say its licence$"),
        ({}, {"arguments": {"depth": 9}}, Colours(), r"cannot be built \(depth 9 is not"),
        ({}, {"arguments": {"depth": 8}}, Colours(), "says 4 classes, but its architecture gives 10 logits$"),
        ({}, {}, Colours(classes=5), "says 4 classes, but colours has 5$"),
        ({}, {}, Colours(labels=np.eye(4, dtype=int)[np.arange(96) % 4]), "has not one class per image; take a"),
    ],
)
def test_what_cannot_work_is_one_line_before_anything_is_trained(
    tmp_path: Path, recipe: dict[str, Any], settings: dict[str, Any], source: Colours, told: str
) -> None:
    lines: list[str] = []
    path = written(tmp_path, recipe, **settings)
    with pytest.raises(UsageError, match=told) as caught:
        family.pretrain([str(path)], lambda name: source, tmp_path / "out", lines.append)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not lines
    assert not (tmp_path / "out").exists()


def test_an_unknown_name_stops_before_anything_is_trained(tmp_path: Path) -> None:
    path = written(tmp_path)
    for name, told in (
        ("resnet20_mnits", r"no recipe 'resnet20_mnits': did you mean resnet20_mnist\?$"),
        ("zzz", r"no recipe 'zzz': there are .*resnet20_trashnet64, and cards by their path$"),
        ("zzz.toml", r"card zzz\.toml cannot be read: .*No such file"),
    ):
        with pytest.raises(UsageError, match=told):
            family.pretrain([str(path), name], lambda name: Colours(), tmp_path / "out", print)
    assert not (tmp_path / "out").exists()


def test_the_command_takes_a_card_and_a_file_of_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TBENCH_DATA", str(tmp_path))
    labels = np.arange(80) % 4
    images = np.broadcast_to(PALETTE[labels].astype(np.uint8)[:, None, None], (80, 16, 16, 3))
    np.savez(tmp_path / "plain.npz", images=images, labels=labels)
    path = written(tmp_path, {"dataset": "arrays/plain.npz", "epochs": 2})
    words = ["checkpoint", "--models", str(path), "--out", str(tmp_path)]
    result = CliRunner().invoke(command, words, catch_exceptions=False)
    assert result.exit_code == 0
    assert "trial: epoch 2 of 2" in result.output
    assert 0 <= read_card(tmp_path / "trial.safetensors").source_accuracy <= 1


@pytest.mark.parametrize("name", family.recipes())
def test_recipes_that_ship_are_whole(name: str) -> None:
    recipe = read_recipe(name)
    assert recipe.dataset == f"arrays/small-real/{name.removeprefix('resnet20_')}.npz"
    assert width_of(built(recipe.path, recipe.card).eval(), recipe.card.input_size) == recipe.card.classes
    assert (recipe.card.arguments["depth"], recipe.card.sha256, recipe.card.source_accuracy) == (20, "", None)


@given(seed=st.integers(0, 2**31), count=st.integers(1, 8), width=st.integers(2, 5))
def test_a_flip_mirrors_whole_images_or_leaves_them(seed: int, count: int, width: int) -> None:
    images = torch.arange(count * 3 * 2 * width, dtype=torch.float32).reshape(count, 3, 2, width)
    found = flipped(images, torch.Generator().manual_seed(seed))
    turned = [not torch.equal(one, other) for one, other in zip(images, found, strict=True)]
    expected = [image.flip(2) if turn else image for image, turn in zip(images, turned, strict=True)]
    assert torch.equal(torch.stack(expected), found)


def test_half_of_the_images_are_flipped() -> None:
    images = torch.arange(2.0).expand(1000, 3, 2, 2)
    turned = (flipped(images, torch.Generator().manual_seed(0)) != images).flatten(1).any(dim=1)
    assert 450 < int(turned.sum()) < 550


SCALARS = (
    st.text(st.characters(exclude_categories=["Cs"]))
    | st.booleans()
    | st.integers(-(2**62), 2**62)
    | st.floats(allow_nan=False, allow_infinity=False)
)
NAMES = st.text("abcdefghij_", min_size=1)
TABLES = st.recursive(
    st.dictionaries(NAMES, SCALARS | st.lists(SCALARS)),
    lambda inner: st.dictionaries(NAMES, SCALARS | inner),
    max_leaves=8,
)


@given(table=TABLES)
def test_what_is_written_as_toml_is_read_again(table: dict[str, Any]) -> None:
    assert tomllib.loads("\n".join(toml_lines(table))) == table
    assert tomllib.loads("\n".join(toml_lines(table, "of_it"))) == {"of_it": table}
