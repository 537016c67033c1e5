"""tbench verify: is a submitted file what it says?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tbench.cli.options import store_option, suite_option
from tbench.plain import plain

if TYPE_CHECKING:
    from tbench.submission import Submission
    from tbench.suite import Suite

MOST_SEEDS = 2**32
TOLERANCE = 1e-4  # relative; what other processors and libraries make of float32 features


@click.command()
@click.argument("file", type=click.Path())
@suite_option(None, "The TOML file of its suite, where that is not installed.")
@store_option("Where the truth is kept.")
@click.option("--cells", type=click.IntRange(min=0), default=20, show_default=True, help="How many to measure anew.")
@click.option("--seed", type=click.IntRange(min=0), help="Which cells are drawn; told, and drawn itself otherwise.")
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0, max=0.1),
    default=TOLERANCE,
    show_default=True,
    help="Relative difference of two scores that other processors and libraries may make.",
)
def verify(file: str, suite_name: str | None, store_path: str, cells: int, seed: int | None, tolerance: float) -> None:
    """Check a FILE that tbench submit wrote: its form, its cells, and some of them measured anew on this machine.

    \b
    tbench verify submissions/mini/margin.txt
    tbench verify submissions/mini/margin.txt --cells 0   # the file alone; the metric need not be installed

    Then the row of the leaderboard that its scores give, by the truth of the store. The exit code is 1, and the reason
    is told, if anything is not what it should be.
    """
    import secrets
    from pathlib import Path

    from tbench.cli.terminal import for_tables, print_section
    from tbench.errors import TbenchError
    from tbench.leaderboard.page import sections
    from tbench.submission import read
    from tbench.verification import board_of, check_against, recheck

    submission = read(Path(file))
    suite = _suite(submission, file, suite_name)
    try:
        check_against(submission, suite)
    except TbenchError as error:
        raise TbenchError(f"{file}: {error}") from error
    told = f"{submission.metric} from {submission.package} on suite {suite.name}, protocol {submission.protocol}"
    click.echo(plain(f"{told}: {submission.told}, all of the suite's, each once; checksum holds"))
    if cells:
        drawn = secrets.randbelow(MOST_SEEDS) if seed is None else seed
        found = recheck(submission, suite, store_path, cells, drawn, tolerance, _note)
        for objection in found.objections:
            click.echo(plain(f"differs: {objection}"), err=True)
        what = f"{found.cells} cells measured anew with {found.package} (--seed {drawn})"
        if found.objections:
            differ = f"{len(found.objections)} of {what} differ by more than {tolerance:g} of themselves"
            raise TbenchError(f"{differ}: not accepted")
        click.echo(plain(f"{what}: all agree within {tolerance:g} of themselves"))
    try:
        board = board_of(submission, suite, store_path)
    except TbenchError as error:
        click.echo(plain(f"no tau_w: {error}"))
        return
    console = for_tables()
    for section in sections(board, ("agreement",)):
        print_section(console, section)


def _note(text: str) -> None:
    click.echo(plain(f"note: {text}"), err=True)


def _suite(submission: Submission, file: str, name: str | None) -> Suite:
    """Which it says it is of. A file is only read if the caller names it."""
    from tbench.errors import TbenchError, UsageError
    from tbench.suite import load_suite

    if not name and submission.suite.endswith(".toml"):
        raise TbenchError(f"{file} names a file as its suite, {submission.suite}: give it by --suite if you trust it")
    try:
        suite = load_suite(name or submission.suite)
    except UsageError as error:
        if name:
            raise
        raise TbenchError(f"{file}: {error}; a suite that is not installed is given by --suite FILE.toml") from error
    if suite.name != submission.suite:
        raise UsageError(f"{file} is of suite {submission.suite}, not of {suite.name}")
    return suite
