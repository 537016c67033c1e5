"""What commands share in a terminal: how they write to it, a bar that counts, and room for a table where it is not."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from tbench.leaderboard.tables import Section

PLAIN_WIDTH = 160  # columns of a table where there is no terminal


def writer(*, errors: bool = False, soft_wrap: bool = False, width: int | None = None) -> Console:
    """To standard output, or the error stream. Where NO_COLOR is set, a terminal gets what a file would: no control
    codes, and lines in place of a bar that moves (https://no-color.org)."""
    from rich.console import Console

    bare = bool(os.environ.get("NO_COLOR"))
    terminal = False if bare else None
    return Console(stderr=errors, highlight=False, soft_wrap=soft_wrap, width=width, force_terminal=terminal)


@contextmanager
def counting() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on the error stream, told what comes next, how many are done, and of how many; gone at the end."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = writer(errors=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        line = bar.add_task("warming up", total=None)

        def tell(what: str, done: int, total: int) -> None:
            bar.update(line, description=what, completed=done, total=total)

        yield tell


def for_tables() -> Console:
    """As wide as the terminal, or wide enough."""
    return writer(width=None if sys.stdout.isatty() else PLAIN_WIDTH)


def print_section(console: Console, section: Section) -> None:
    from tbench.leaderboard.terminal import terminal_lines

    for line in terminal_lines(section, console.width):
        console.print(line)
