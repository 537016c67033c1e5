"""A plug-in to begin with: a package that installs, passes its tests and runs as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from string import Template

from tbench import __version__
from tbench.errors import UsageError
from tbench.files import place
from tbench.registry import Registry, description, origin

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST = 40  # characters of a name; it stands in every row of a table
SMALL = ("mini/resnet-mix", "mini/resnet-glyph", "mini/resnet-random")


@dataclass(frozen=True)
class Kind:
    """entry: what the module has for tbench. candidates, datasets, metrics: of the suite that tries it; {} is its
    name."""

    entry: str
    candidates: tuple[str, ...] = SMALL
    datasets: tuple[str, ...] = ("mini/digits",)
    metrics: tuple[str, ...] = ("logme", "nearest-mean")


KINDS: Mapping[str, Kind] = {
    "metric": Kind("score", metrics=("{}", "logme")),
    "model": Kind("family", candidates=("{}/narrow", "{}/wide", "mini/resnet-mix")),
    "dataset": Kind("family", datasets=("{}/4", "{}/8")),
}


def write_package(kind: str, name: str, out: Path) -> Path:
    """The folder `tbench-NAME` in `out`, which is made if it is not there.

    kind: a key of KINDS. UsageError, one line, if the name cannot be that of a package, is taken by what is installed,
    or if there is such a folder already.
    """
    _check(kind, name)
    package = f"tbench-{name}"
    folder = out / package
    texts = rendered(kind, name)
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise UsageError(f"there is {folder} already; give another name, or another folder (--out)") from None
    except OSError as error:
        raise UsageError(f"{folder} cannot be made: {error.strerror}; give another folder (--out)") from error
    for file, text in texts.items():
        place(folder / file, text.encode())
    return folder


def rendered(kind: str, name: str) -> dict[str, str]:
    """File name -> text."""
    module = _module(name)
    made = KINDS[kind]
    lists = {key: getattr(made, key) for key in ("candidates", "datasets", "metrics")}
    words = {
        "kind": kind,
        "name": name,
        "package": f"tbench-{name}",
        "module": module,
        "entry": made.entry,
        "tbench": __version__,
        **{key: json.dumps([word.format(name) for word in several]) for key, several in lists.items()},
    }
    sources = {
        "pyproject.toml": "pyproject.toml",
        "README.md": f"{kind}/README.md",
        f"{module}.py": f"{kind}/module.py",
        f"test_{module}.py": f"{kind}/test_module.py",
        f"try-{name}.toml": "suite.toml",
    }
    templates = files("tbench") / "templates"
    return {
        file: Template((templates / f"{source}.in").read_text(encoding="utf-8")).substitute(words)
        for file, source in sources.items()
    }


def _check(kind: str, name: str) -> None:
    if len(name) > LONGEST or not NAME.fullmatch(name):
        told = f"small letters, digits and single dashes, a letter first, {LONGEST} signs at most"
        raise UsageError(f"a {kind} cannot be called {name!r}: give it a name of {told}")
    registry = Registry.installed(f"{kind}s")
    if name in registry.shelf:
        entry = registry.shelf[name][0]
        told = f": {what}" if (what := description(entry)) else ""
        raise UsageError(f"the {kind} {name!r} is taken, {origin(entry)} brings it{told}; choose another name")
    if find_spec(_module(name)):
        raise UsageError(f"a module {_module(name)!r} is installed already; choose another name")


def _module(name: str) -> str:
    return f"tbench_{name.replace('-', '_')}"
