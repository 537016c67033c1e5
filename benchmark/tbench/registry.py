"""Knows every installed plug-in by name; imports one only when it is asked for."""

from __future__ import annotations

import ast
import os
import re
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tbench.errors import PluginError, UsageError
from tbench.spec import PLAIN_NAME

KINDS = {
    "metrics": "metric",
    "transforms": "transform",
    "evidence": "evidence",
    "models": "model family",
    "datasets": "dataset family",
    "suites": "suite",
    "executors": "executor",
    "hooks": "listener",
    "literals": "set of literal forms",
}
QUOTED = re.compile(r'.*?"""(?:[^"\\]|\\.|"(?!""))*"""', re.DOTALL)
PICKABLE = ("metrics", "transforms", "suites", "executors")  # package/name can be written where these are named
ADMIT = "TBENCH_LOAD_PLUGINS"  # a comma list of distributions; tbench itself is always admitted


@dataclass(frozen=True)
class Registry:
    """The plug-ins of one kind, still on the shelf."""

    kind: str
    shelf: dict[str, list[EntryPoint]] = field(default_factory=dict)

    @classmethod
    def installed(cls, kind: str) -> Registry:
        return cls.of(kind, filter(_admitted, entry_points(group=f"tbench.{kind}")))

    @classmethod
    def everything(cls) -> list[Registry]:
        """All kinds, for the price of one look at what is installed."""
        found = entry_points()
        return [cls.of(kind, filter(_admitted, found.select(group=f"tbench.{kind}"))) for kind in KINDS]

    @classmethod
    def of(cls, kind: str, entries: Iterable[EntryPoint]) -> Registry:
        shelf: dict[str, list[EntryPoint]] = {}
        for entry in entries:
            shelf.setdefault(entry.name, []).append(entry)
        return cls(kind, shelf)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self.shelf))

    def entries(self) -> list[EntryPoint]:
        """All of them, those that clash included, in the order of their names."""
        return [entry for name in self for entry in self.shelf[name]]

    def names(self) -> list[str]:
        """Every name that can be written and stands for one plug-in."""
        return [name for name in self if len(self.shelf[name]) == 1 and PLAIN_NAME.fullmatch(name)]

    def clashes(self) -> list[str]:
        """One line for each other name. Listeners are not called by name, so that theirs never clash."""
        single = {*self.names()} if self.kind != "hooks" else {*self}
        return [self._refusal(name) for name in self if name not in single]

    def entry(self, wish: str) -> EntryPoint:
        """The one entry point of that name, still unloaded. `package/name` picks one where two packages bring it."""
        named, slash, bare = wish.rpartition("/")
        entries = self.shelf.get(bare, [])
        if slash:
            entries = [entry for entry in entries if _normal(package(entry)) == _normal(named)]
        if not entries:
            close = get_close_matches(bare, self.shelf, n=3)
            hint = f"; did you mean {' or '.join(close)}?" if close else ""
            raise UsageError(f"no {KINDS[self.kind]} is called {wish!r}{hint} (installed: {', '.join(self) or 'none'})")
        if len(entries) > 1:
            raise PluginError(self._refusal(bare))
        return entries[0]

    def load(self, wish: str) -> Any:
        return load(self.kind, self.entry(wish))

    def resource(self, wish: str) -> str:
        """The text of the file that an entry point names as package:file.toml; suites are data, not objects."""
        entry = self.entry(wish)
        room, _, file = entry.value.partition(":")
        try:
            return (files(room) / file).read_text(encoding="utf-8")
        except (Exception, SystemExit) as error:
            raise PluginError(_told(self.kind, entry, "read", error)) from error

    def origin(self, wish: str) -> str:
        """The package that brings the plug-in, with its version."""
        return origin(self.entry(wish))

    def _refusal(self, name: str) -> str:
        entries = self.shelf[name]
        packages = " and ".join(sorted(map(origin, entries)))
        if len(entries) == 1:
            why = f"{packages} gives it a name that cannot be written; ask for one of letters, digits and . _ - signs"
        else:
            picks = " or ".join(sorted(f"{package(entry)}/{name}" for entry in entries))
            why = f"{packages} both bring it; uninstall one" + (
                f", or ask for {picks}" if self.kind in PICKABLE else ""
            )
        return f"{KINDS[self.kind]} {name!r} is refused: {why}"


def load(kind: str, entry: EntryPoint) -> Any:
    """What the entry point names; PluginError with its package and version if it cannot be imported."""
    try:
        return entry.load()
    except (Exception, SystemExit) as error:
        raise PluginError(_told(kind, entry, "imported", error)) from error


def package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else entry.module


def origin(entry: EntryPoint) -> str:
    """The package and its version, between them a space. What is in no package is called by what it names."""
    return "{Name} {Version}".format_map(entry.dist.metadata) if entry.dist else entry.value


def description(entry: EntryPoint) -> str:
    """The first line that a plug-in says of itself, read from its source: nothing is imported.

    That of the object, or else of its module; for a suite, the description that its file gives.
    """
    module, _, name = entry.value.partition(":")
    spec = _found(module)
    if spec is None or not spec.origin:
        return ""
    try:
        if name.endswith(".toml"):
            return _first_line(tomllib.loads(Path(spec.origin).with_name(name).read_text("utf-8")).get("description"))
        source = Path(spec.origin).read_text("utf-8")
        return _first_line(_docstring(source, name.split(" ")[0]) or ast.get_docstring(_begun(source)))
    except (OSError, SyntaxError, ValueError):  # ValueError: not TOML, not text
        return ""


def _docstring(source: str, name: str) -> str | None:
    """That of a function or class, if it has one. Of the source, only what stands before its end is parsed."""
    outermost, *inner = name.split(".")
    found = re.search(rf"^(async +def|def|class) +{re.escape(outermost)}\b", source, re.MULTILINE)
    if not found:
        return None
    text = source[found.start() :]
    node: Any = (ast.parse(text) if inner else _begun(text)).body[0]
    for part in inner:
        node = next((child for child in getattr(node, "body", ()) if getattr(child, "name", None) == part), None)
    is_named = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    return ast.get_docstring(node) if is_named else None


def _begun(text: str) -> ast.Module:
    """Up to the end of the first docstring that is quoted as docstrings are, if that can be parsed; else all of it."""
    head = QUOTED.match(text)
    if head:
        with suppress(SyntaxError):
            return ast.parse(head[0])
    return ast.parse(text)


def _found(module: str) -> ModuleSpec | None:
    """Where a module lives. Only the outermost package is asked for by name, which imports nothing."""
    outermost, *rest = module.split(".")
    try:
        spec = find_spec(outermost)
    except (ImportError, ValueError):
        return None
    for depth, _ in enumerate(rest, start=2):
        if spec is None:
            return None
        spec = PathFinder.find_spec(".".join(module.split(".")[:depth]), spec.submodule_search_locations)
    return spec


def _first_line(text: object) -> str:
    return text.strip().partition("\n")[0] if isinstance(text, str) else ""


def _told(kind: str, entry: EntryPoint, verb: str, error: BaseException) -> str:
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return f"{KINDS[kind]} {entry.name!r} from {origin(entry)} cannot be {verb} ({what}); mend or uninstall it"


def _normal(name: str) -> str:
    """Distributions are the same under any case and any of the signs - _ ."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def _admitted(entry: EntryPoint) -> bool:
    wanted = os.environ.get(ADMIT)
    return wanted is None or _normal(package(entry)) in {"tbench", *map(_normal, wanted.split(","))}
