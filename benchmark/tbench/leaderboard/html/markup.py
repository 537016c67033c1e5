"""Elements of HTML and SVG, in which all that is not markup already is escaped."""

from __future__ import annotations

import json
import re
from html import escape

from tbench.plain import plain

VOID = frozenset({"br", "input", "link", "meta"})
BOLD = re.compile(r"\*\*(.+?)\*\*")
EMPHASIS = re.compile(r"(?<!\S)\*([^*<\s][^*<]*)\*(?!\S)")
CODE = re.compile(r"`([^`]+)`")
UNSAFE = {sign: f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}  # none of them may end a block of data


class Html(str):
    """Text that is markup; any other is only text."""

    __slots__ = ()


def tag(name: str, /, *children: object, **attributes: object) -> Html:
    """An element. class_="x" is the attribute class, aria_label the attribute aria-label; None and False are left out.

    Floats are written to a tenth: they are pixels.
    """
    words = "".join(_attribute(key, value) for key, value in attributes.items() if value is not None)
    start = f"<{name}{words}>"
    return Html(start if name in VOID else f"{start}{joined(*children)}</{name}>")


def data(name: str, content: object) -> Html:
    """A block of JSON with that id, and nothing but JSON."""
    written = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    safe = "".join(UNSAFE.get(sign, sign) for sign in written)
    return tag("script", Html(safe), type="application/json", id=name)


def joined(*parts: object) -> Html:
    """One after the other; None is nothing."""
    return Html("".join(part if isinstance(part, Html) else text(part) for part in parts if part is not None))


def text(words: object) -> Html:
    """One line in which nothing is markup."""
    return Html(escape(plain(words)))


def prose(sentence: str) -> Html:
    """The same with what stands in **two asterisks**, *one* or `backticks` as on pages in Markdown."""
    coded = CODE.sub(r"<code>\1</code>", text(sentence))
    return Html(EMPHASIS.sub(r"<em>\1</em>", BOLD.sub(_strong, coded)))


def _strong(found: re.Match[str]) -> str:
    """Only round whole elements."""
    inside = found[1]
    whole = inside.count("<code>") == inside.count("</code>")
    return f"<strong>{inside}</strong>" if whole else found[0]


def _attribute(key: str, value: object) -> str:
    name = key.removesuffix("_").replace("_", "-")
    if value is False:
        return ""
    written = "" if value is True else f"{value:.1f}" if isinstance(value, float) else plain(value)
    return f' {name}="{escape(written)}"'
