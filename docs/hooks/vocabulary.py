"""The table of all evidence that the core knows, made from its vocabulary."""

from __future__ import annotations

from docstrings import escaped
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

from tbench.api import VOCABULARY

MARK = "<!-- all evidence -->"


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    rows = (f"| `{name}` | {escaped(told)} |" for name, told in VOCABULARY.items())
    return markdown.replace(MARK, "\n".join(["| name | what it is |\n|:--|:--|", *rows]))
