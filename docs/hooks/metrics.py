"""The page of all metrics that ship, made from their docstrings."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator

from docstrings import escaped, markdown
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

from tbench.registry import Registry
from tbench.spec import needs, presets, spelled_out, written

MARKS = {"<!-- all metrics -->": "metrics", "<!-- all transforms -->": "transforms"}


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    for mark, kind in MARKS.items():
        if mark in markdown:
            registry = Registry.installed(kind)
            ours = [name for name in registry.names() if registry.origin(name).startswith("tbench ")]
            said = (line for name in ours for line in _entry(name, registry.load(name)))
            markdown = markdown.replace(mark, "\n".join(said))
    return markdown


def _entry(name: str, function: Callable[..., object]) -> Iterator[str]:
    """The paper (the first line of the file), what the function says, and how it is written."""
    yield f"### {name}\n"
    paper, _, _ = (sys.modules[function.__module__].__doc__ or "").partition("\n\n")
    yield f"*{escaped(' '.join(paper.split()))}*\n"
    yield f"{markdown(inspect.getdoc(function) or '')}\n"
    asks = ", ".join(f"`{ask}`" for ask in needs(function)) or "nothing"
    whole = str(spelled_out(name, function, {}))
    yield f"Asks for {asks}." + (f" In full: `{whole}`." if whole != name else "") + "\n"
    for preset, values in presets(function).items():
        yield f"* `{name}:as={preset}` is `{written(name, values)}`"
    yield ""
