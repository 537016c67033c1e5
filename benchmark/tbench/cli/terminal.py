"""What commands share in a terminal: a bar that counts, and room for a table where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from tbench.leaderboard.tables import Section

PLAIN_WIDTH = 160  # columns of a table where there is no terminal


@contextmanager
def counting() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on the error stream, told what comes next, how many are done, and of how many; gone at the end."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        line = bar.add_task("warming up", total=None)

        def tell(what: str, done: int, total: int) -> None:
            bar.update(line, description=what, completed=done, total=total)

        yield tell


def for_tables() -> Console:
    """As wide as the terminal, or wide enough."""
    from rich.console import Console

    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PLAIN_WIDTH)


def print_section(console: Console, section: Section) -> None:
    from tbench.leaderboard.terminal import terminal_lines

    for line in terminal_lines(section, console.width):
        console.print(line)
