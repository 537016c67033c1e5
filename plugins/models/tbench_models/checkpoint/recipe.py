"""How tbench makes a file of weights, as data: the table [recipe] of a card, and those that ship."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from tbench.api import UsageError
from tbench_models.checkpoint.card import SUFFIXES, Card, parse_card
from tbench_models.pretraining import Course

FOLDER = Path(__file__).parent / "recipes"
KINDS: Mapping[str, tuple[type, ...]] = {"str": (str,), "bool": (bool,), "int": (int,), "float": (int, float)}


@dataclass(frozen=True)
class Recipe:
    """path: of the card; its stem is the name of what is made.

    dataset: whose training images the network learns, and on whose test images it is judged. shift: pixels by which
    prepared images are moved at most, each way. flip: whether half of them are mirrored. course: see there; its seed
    is that of the initial weights, too.
    """

    path: Path
    card: Card
    dataset: str
    shift: int
    flip: bool
    course: Course


def shipped() -> Mapping[str, Path]:
    """Name -> card, in the order of the names."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.toml"))}


def read_recipe(name: str) -> Recipe:
    """One that ships, by its name, or a card of one's own, by its path. UsageError, one line, if it is not whole."""
    known = shipped()
    if name not in known and Path(name).suffix not in SUFFIXES:
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}, and cards by their path"
        raise UsageError(f"checkpoint has no recipe {name!r}: {hint}")
    path = known.get(name, Path(name))
    card = parse_card(path)
    return _recipe(path, card)


def _recipe(path: Path, card: Card) -> Recipe:
    own = {"dataset": "str", "shift": "int", "flip": "bool"}
    expected = own | {each.name: str(each.type) for each in fields(Course)}
    said = card.recipe
    if wrong := sorted(set(said) ^ set(expected)):
        raise UsageError(f"card {path}: wrong or missing in its [recipe]: {', '.join(wrong)}")
    for name, kind in expected.items():
        if not _fits(kind, said[name]):
            raise UsageError(f"card {path}: {name} = {said[name]!r} in its [recipe] is not {_sort(kind)}")
    course = Course(**{each.name: said[each.name] for each in fields(Course)})
    if min(course.epochs, course.batch) < 1:
        raise UsageError(f"card {path}: epochs and batch in its [recipe] must be 1 at least")
    return Recipe(path, card, **{name: said[name] for name in own}, course=course)


def _fits(kind: str, value: Any) -> bool:
    """Numbers not below zero; a truth is no number."""
    if isinstance(value, bool) != (kind == "bool"):
        return False
    return isinstance(value, KINDS[kind]) and not (isinstance(value, int | float) and value < 0)


def _sort(kind: str) -> str:
    return {"str": "text", "bool": "true or false", "int": "a whole number >= 0", "float": "a number >= 0"}[kind]
