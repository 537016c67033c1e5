"""Which self-supervised networks there are, where their files come from and how these are read: manifest.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True)
class Entry:
    """paper: authors, venue, year. source: where its authors put the file. file: its name, empty where the published
    format is none of torch and must be converted first. prefix: of the names of the trunk; other tensors are dropped.
    holds_arguments: the file holds the command line of its training, an argparse.Namespace.
    """

    paper: str
    source: str
    file: str = ""
    prefix: str = ""
    holds_arguments: bool = False


def read_manifest() -> dict[str, Entry]:
    """In the order of the names."""
    table = tomllib.loads((files(__package__) / "manifest.toml").read_text(encoding="utf-8"))
    return {name: Entry(**table[name]) for name in sorted(table)}
