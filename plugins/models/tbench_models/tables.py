"""Tables written as TOML."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping


def toml_lines(table: Mapping[str, object], name: str = "") -> Iterator[str]:
    """Scalars and lists first, then the tables inside; what is None is left out."""
    if name:
        yield f"[{name}]"
    for key, value in table.items():
        if value is not None and not isinstance(value, Mapping):
            yield f"{key} = {_written(value)}"
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from toml_lines(value, f"{name}.{key}" if name else key)


def _written(value: object) -> str:
    """Numbers, words, truths and lists are written as in JSON, but TOML wants one more character escaped."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
