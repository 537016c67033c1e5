"""Text from outside: of a length and a depth that somebody may have written."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from tbench.errors import UsageError

MOST = 4 * 2**20  # characters; the longest suite has 9 thousand, the index of a network in parts 100 thousand
PARTS = 32  # of a dotted key of TOML; tomllib takes memory with their square, 16 GB for 64 thousand

KEY = r"""(?:[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')"""
LONG_KEY = re.compile(rf"(?<![\w-])(?:{KEY}[ \t]*+\.[ \t]*+){{{PARTS}}}")


def read_text(path: Path, whose: str) -> str:
    """Of a file. UsageError, one line, where it cannot be read, is not UTF-8 or has more than MOST characters."""
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(MOST + 1)
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, or no name of a file
        raise UsageError(f"{whose} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    return _bounded(text, whose)


def parse_toml(text: str, whose: str) -> dict[str, Any]:
    """UsageError, one line, for what is none, or is deeper than anybody writes."""
    if LONG_KEY.search(_bounded(text, whose)):
        raise UsageError(f"{whose} is not TOML: a key has more than {PARTS} parts")
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{whose} is not TOML: {_told(error)}") from error


def parse_json(text: str, whose: str) -> Any:
    """The same of JSON."""
    try:
        return json.loads(_bounded(text, whose))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{whose} is not JSON: {_told(error)}") from error


def read_table(path: Path, whose: str) -> dict[str, Any]:
    """What a file holds that is JSON by the ending of its name, and TOML by any other. UsageError, one line, for
    anything but a table of settings."""
    text = read_text(path, whose)
    table = parse_json(text, whose) if path.suffix == ".json" else parse_toml(text, whose)
    if not isinstance(table, dict):
        raise UsageError(f"{whose} is not a table of settings")
    return table


def _bounded(text: str, whose: str) -> str:
    if len(text) > MOST:
        raise UsageError(f"{whose} has more than {MOST:,} characters; it cannot be what it should be")
    return text


def _told(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error).partition("\n")[0]
