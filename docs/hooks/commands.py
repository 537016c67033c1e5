"""The page of all commands, made from the commands themselves."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import click
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

from tbench.cli import main

MARK = "<!-- all commands -->"
BAR = r"\|"  # in a cell of a table


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    if MARK not in markdown:
        return markdown
    return markdown.replace(MARK, "\n".join(_group(main, click.Context(main, info_name="tbench"), depth=2)))


def _group(group: click.Group, context: click.Context, depth: int) -> Iterator[str]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        below = click.Context(command, context, info_name=name)
        yield f"{'#' * depth} {below.command_path}\n"
        yield from _command(command, below)
        if isinstance(command, click.Group):
            yield from _group(command, below, depth + 1)


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    """What --help says: what the command is for, how it is called, examples, options."""
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    first, *blocks = inspect.cleandoc(command.help or "").split("\n\n")
    yield f"{_escaped(first)}\n\n```text\n{usage}\n```\n"
    for block in blocks:
        if block.startswith("\b"):
            yield f"```sh\n{block[1:].strip()}\n```\n"
        else:
            yield f"{_escaped(block)}\n"
    options = [option for option in command.get_params(context) if isinstance(option, click.Option)]
    yield "| option | |\n|:--|:--|"
    for option in options:
        said = option.get_help_record(context)
        assert said is not None
        words, told = said
        yield f"| `{words.replace('|', BAR)}` | {_escaped(told).replace('|', BAR)} |"
    yield ""


def _escaped(text: str) -> str:
    """Words of a help text, of which nothing is meant as Markdown or HTML."""
    return re.sub(r"([*_`\[\]])", r"\\\1", " ".join(text.split())).replace("<", "&lt;")
