"""What may have happened to a file on its way: bytes flipped, cut, doubled, swapped for others; other values."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from hypothesis import strategies as st

Place = tuple[Any, Any]  # a table or a list, and the key or the number of one of its values

PIECES = (
    b"\x00",
    b"\xff",
    b"\x80\x02",
    b"\n",
    b'"',
    b"'",
    b"[",
    b"]",
    b"{",
    b"}",
    b"=",
    b":",
    b",",
    b"-",
    b"9" * 20,
    b"1e999",
)


@st.composite
def mutated(draw: st.DrawFn, content: bytes) -> bytes:
    """One to four accidents, anywhere."""
    made = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, max(0, len(made) - 1)))
        end = min(len(made), start + draw(st.integers(0, 40)))
        match draw(st.sampled_from(["flip", "cut", "double", "insert", "overwrite", "end"])):
            case "flip" if made:
                made[start] ^= 1 << draw(st.integers(0, 7))
            case "cut":
                del made[start:end]
            case "double":
                made[start:start] = made[start:end]
            case "insert":
                made[start:start] = draw(st.sampled_from(PIECES) | st.binary(max_size=8))
            case "overwrite":
                made[start:end] = draw(st.binary(min_size=end - start, max_size=end - start))
            case "end":
                del made[start:]
    return bytes(made)


scalars = (
    st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["", "../../x", "a/b", "\x1b[31m", "a\nb", "|", "`", "<script>", "10" * 60])
)
values: st.SearchStrategy[Any] = st.recursive(
    scalars | st.none() | st.just(date(2026, 1, 1)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def altered(draw: st.DrawFn, table: dict[str, Any]) -> dict[str, Any]:
    """A table in which up to three values, at any depth, are others, or gone."""
    made = copy.deepcopy(table)
    for _ in range(draw(st.integers(1, 3))):
        if places := list(_places(made)):
            holder, key = draw(st.sampled_from(places))
            if draw(st.booleans()) or draw(st.booleans()):
                holder[key] = draw(values)
            else:
                del holder[key]
    return made


def _places(value: Any) -> Iterator[Place]:
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


def as_toml(value: Any) -> str:
    """A table in TOML, every table within it on one line; what is nothing is left out."""
    return "".join(f"{json.dumps(key)} = {_inline(each)}\n" for key, each in value.items() if each is not None)


def _inline(value: Any) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{json.dumps(key)} = {_inline(each)}" for key, each in _present(value)) + "}"
        case list():
            return "[" + ", ".join(_inline(each) for each in value if each is not None) + "]"
        case date():
            return value.isoformat()
        case float():
            return repr(value)
        case _:
            return json.dumps(value).replace("\\ud", "\\uFFFD\\ud").replace("\x7f", "\\u007f")


def _present(table: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((key, each) for key, each in table.items() if each is not None)


def refusal(call: Callable[[], object], *kinds: type[Exception]) -> str:
    """What a call is refused with, one line; nothing, if it is not. Any other exception is a bug, and goes on."""
    try:
        call()
    except kinds as error:
        told = str(error)
    else:
        return ""
    assert told
    assert "\n" not in told
    return told
