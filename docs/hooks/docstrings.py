"""Docstrings as they are written here, as Markdown; and what a comment beside a field says of it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import griffe

SETTING = re.compile(r"^([\w, ()]+?): (.*)$", re.DOTALL)
CODE = re.compile(r"(`[^`]+`|\*\*[^*\n]+\*\*)")  # what is meant as Markdown


def markdown(text: str) -> str:
    """Paragraphs as they are, but that lines which each begin with a name, `eps: ...`, become a list.

    Such a line goes on where it is indented; paragraphs that are indented are code. Nothing but lists, `code` and
    **words** is taken for Markdown.
    """
    return "\n\n".join("\n".join(_block(block)) for block in re.split(r"\n[ \t]*\n", inspect.cleandoc(text)))


def _block(block: str) -> Iterator[str]:
    lines = block.split("\n")
    if all(line.startswith("    ") for line in lines):
        yield block
        return
    items = re.split(r"\n(?! )", block)
    named = [SETTING.match(item) for item in items]
    if all(named) and ("\n    " in block or len(items) > 1):
        for found in filter(None, named):
            yield f"* `{found[1]}`: {escaped(' '.join(found[2].split()))}"
        return
    for line in lines:
        bullet = re.match(r"\s*[*-] ", line)
        start = bullet.end() if bullet else 0
        yield line[:start] + escaped(line[start:])


def escaped(text: str) -> str:
    parts = CODE.split(text)
    parts[::2] = [re.sub(r"([*\[\]])", r"\\\1", part).replace("<", "&lt;") for part in parts[::2]]
    return "".join(parts)


class Docstrings(griffe.Extension):
    """For mkdocstrings, which shows docstrings as Markdown."""

    def on_instance(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = markdown(obj.docstring.value)

    def on_attribute_instance(self, *, attr: griffe.Attribute, **kwargs: Any) -> None:
        """The comment on a field's line says what a docstring would. Of a table the name is enough."""
        if isinstance(attr.value, griffe.ExprDict):
            attr.value = None
        if attr.docstring is None:
            _, comment, said = attr.source.partition("  # ")
            if comment and not said.startswith("type:"):
                attr.docstring = griffe.Docstring(escaped(said), lineno=attr.lineno, parent=attr)
