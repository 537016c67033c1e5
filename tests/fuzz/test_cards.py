"""A card is a card, a recipe is a recipe, or one line says why not."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tbench.errors import UsageError
from tbench.outside import MOST
from tbench_models.checkpoint.card import LARGEST, parse_card
from tbench_models.checkpoint.recipe import read_recipe, shipped

from .mutation import altered, as_toml, mutated, refusal, values

TEXT = next(iter(shipped().values())).read_text("utf-8")
TABLE = tomllib.loads(TEXT)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cards")


def read(path: Path, content: bytes) -> None:
    """As a card and as a recipe."""
    path.write_bytes(content)
    card = parse_card(path)
    assert 0 < card.input_size <= card.side <= LARGEST**2
    assert hash(card.mean + card.std) is not None
    recipe = read_recipe(str(path))
    assert recipe.course.epochs > 0


def test_the_recipe_itself(folder: Path) -> None:
    read(folder / "own.toml", TEXT.encode())
    read(folder / "own.toml", as_toml(TABLE).encode())
    read(folder / "own.json", json.dumps(TABLE).encode())


@given(content=mutated(TEXT.encode()))
def test_with_accidents(folder: Path, content: bytes) -> None:
    refusal(lambda: read(folder / "a.toml", content), UsageError)


@given(content=mutated(json.dumps(TABLE).encode()) | st.binary(max_size=60))
def test_json_with_accidents(folder: Path, content: bytes) -> None:
    refusal(lambda: read(folder / "a.json", content), UsageError)


@given(table=altered(TABLE))
@settings(max_examples=200)
def test_with_values_of_other_kinds(folder: Path, table: dict[str, Any]) -> None:
    refusal(lambda: read(folder / "b.toml", as_toml(table).encode()), UsageError)
    refusal(lambda: read(folder / "b.json", json.dumps(table, default=str).encode()), UsageError)


@given(value=values)
def test_anything_else(folder: Path, value: Any) -> None:
    assert refusal(lambda: read(folder / "c.json", json.dumps(value, default=str).encode()), UsageError)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("d.json", b"[" * 100_000, "is not JSON: it is nested too deeply"),
        ("d.toml", b"x = " + b"[" * 100_000, "is not TOML: it is nested too deeply"),
        ("d.toml", b"#" * (MOST + 1), "has more than"),
        ("d.json", b"\xff", "cannot be read: 'utf-8' codec"),
    ],
)
def test_bombs(folder: Path, name: str, content: bytes, told: str) -> None:
    assert told in refusal(lambda: read(folder / name, content), UsageError)
