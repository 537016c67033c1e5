"""The embedded models by name: what is known of them before anything is loaded, and how wrong words are answered."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tbench.api import TbenchError, UsageError
from tbench_models.mini.card import FILE, read_cards
from tbench_models.mini.family import SHIPPED, Family, family
from tbench_models.mini.recipe import read_recipes
from tbench_models.mini.weights import file_of

NAMES = [
    *(f"resnet-{source}" for source in ("mix", "glyph", "shape", "texture", "fractal", "simclr", "rot", "random")),
    *(f"{network}-mix" for network in ("densenet", "regnet", "mobilenetv3", "efficientnet", "convnext", "vit")),
    *(f"resnet-{source}-half" for source in ("glyph", "shape", "texture", "fractal")),
    *(f"resnet-simclr-{source}" for source in ("glyph", "shape", "texture", "fractal")),
]
TRAINED = [name for name in NAMES if name != "resnet-random"]


def test_all_networks_can_be_listed() -> None:
    assert list(family.names()) == NAMES


def test_every_network_was_made_by_the_recipe_that_is_shipped() -> None:
    assert {name: card.recipe for name, card in read_cards(SHIPPED).items()} == read_recipes()


@pytest.mark.parametrize("name", TRAINED)
def test_the_fingerprint_is_that_of_the_file(name: str) -> None:
    content = file_of(SHIPPED, name).read_bytes()
    assert family.candidate(name, None).fingerprint == hashlib.sha256(content).hexdigest()


def test_no_two_candidates_share_a_name_or_a_fingerprint() -> None:
    candidates = [
        family.candidate(name, layer) for name in NAMES for layer in (None, *read_cards(SHIPPED)[name].parameters_upto)
    ]
    assert len({candidate.name for candidate in candidates}) == len(candidates) == 22 + 2 * 18 + 3 * 4
    assert len({candidate.fingerprint for candidate in candidates}) == len(candidates)


def test_names_of_candidates_are_those_of_the_user() -> None:
    assert family.candidate("vit-mix", None).name == "mini/vit-mix"
    assert family.candidate("vit-mix", "stage2").name == "mini/vit-mix@stage2"


@pytest.mark.parametrize("name", NAMES)
def test_source_accuracy_is_a_fact_where_there_is_a_source_head(name: str) -> None:
    headless = name.startswith("resnet-simclr") or name in ("resnet-rot", "resnet-random")
    assert ("source_accuracy" in family.candidate(name, None).facts) is not headless
    assert "source_accuracy" not in family.candidate(name, "stage1").facts


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"^mini has no model 'resnet-glyphs': did you mean mini/resnet-glyph\?$"):
        family.candidate("resnet-glyphs", None)
    with pytest.raises(UsageError, match="there are resnet-mix, resnet-glyph"):
        family.candidate("alexnet", None)


def test_an_unknown_layer_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(UsageError, match=r"^mini/resnet-mix has no layer 'stage9'; there are stage1, stage2$"):
        family.candidate("resnet-mix", "stage9")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder with one shipped network."""
    shutil.copy(SHIPPED / FILE, tmp_path / FILE)
    file_of(tmp_path, "resnet-mix").parent.mkdir()
    shutil.copy(file_of(SHIPPED, "resnet-mix"), file_of(tmp_path, "resnet-mix"))
    return tmp_path


def one_bit_flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:1000])


def gone(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize(
    ("damage", "message"), [(one_bit_flipped, "are damaged"), (cut_short, "are damaged"), (gone, "cannot be read")]
)
def test_a_damaged_file_is_told_in_one_line(copy: Path, damage: Callable[[Path], None], message: str) -> None:
    candidate = Family(copy).candidate("resnet-mix", None)
    candidate.load()
    damage(file_of(copy, "resnet-mix"))
    with pytest.raises(TbenchError, match=f"^weights of mini/resnet-mix {message} .*; install again$") as caught:
        candidate.load()
    assert "\n" not in str(caught.value)


def test_names_and_facts_cost_no_torch() -> None:
    program = (
        "import sys\n"
        "from tbench_models.mini.family import family\n"
        "for name in family.names(): family.candidate(name, None).facts\n"
        "assert not {'torch', 'timm', 'numpy', 'safetensors'} & set(sys.modules), sorted(sys.modules)\n"
    )
    environment = {"PYTHONPATH": ":".join(sys.path)}
    subprocess.run([sys.executable, "-W", "error", "-c", program], env=environment, check=True)
