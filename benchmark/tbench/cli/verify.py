"""tbench verify: is a submitted file what it says?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tbench.plain import plain

if TYPE_CHECKING:
    from tbench.submission import Submission
    from tbench.suite import Suite

MOST_SEEDS = 2**32
TOLERANCE = 1e-4  # relative; what other processors and libraries make of float32 features


@click.command()
@click.argument("file", type=click.Path())
@click.option("--suite", "suite_name", help="The TOML file of its suite, where that is not installed.")
@click.option(
    "--store", "store_path", default=".tbench/results.sqlite", show_default=True, help="Where the truth is kept."
)
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

    from tbench.errors import TbenchError, UsageError
    from tbench.submission import read
    from tbench.suite import load_suite
    from tbench.verification import check_against

    submission = read(Path(file))
    if not suite_name and submission.suite.endswith(".toml"):
        raise TbenchError(f"{file} names a file as its suite, {submission.suite}: give it by --suite if you trust it")
    try:
        suite = load_suite(suite_name or submission.suite)
    except UsageError as error:
        if suite_name:
            raise
        raise TbenchError(f"{file}: {error}; a suite that is not installed is given by --suite FILE.toml") from error
    if suite.name != submission.suite:
        raise UsageError(f"{file} is of suite {submission.suite}, not of {suite.name}")
    try:
        check_against(submission, suite)
    except TbenchError as error:
        raise TbenchError(f"{file}: {error}") from error
    told = f"{submission.metric} from {submission.package} on suite {suite.name}, protocol {submission.protocol}"
    click.echo(plain(f"{told}: {submission.told}, all of the suite's, each once; checksum holds"))
    if cells:
        _recompute(
            submission, suite, store_path, cells, secrets.randbelow(MOST_SEEDS) if seed is None else seed, tolerance
        )
    _show(submission, suite, store_path)


def _recompute(submission: Submission, suite: Suite, store_path: str, cells: int, seed: int, tolerance: float) -> None:
    """TbenchError if any cell comes out otherwise, or none can be measured here."""
    from tbench.errors import TbenchError, UsageError
    from tbench.files import beside
    from tbench.metric import Catalogue
    from tbench.stock import Stock
    from tbench.verification import recompute, sample
    from tbench.workshop import Means, Workshop

    alone = "--cells 0 checks the file alone"
    try:
        metric = Catalogue.installed().metric(submission.spec)
    except UsageError as error:
        raise TbenchError(f"nothing can be measured anew: {error}; install {submission.package}, or {alone}") from error
    if (metric.spec, metric.label) != (submission.spec, submission.metric):
        raise TbenchError(f"{submission.metric} is {metric.spec} here, and not {submission.spec}")
    absent = Stock(suite.probe).absent(suite.candidates, suite.datasets)
    drawn = sample(submission, absent, cells, seed)
    if not drawn:
        why = next(iter(absent.values()), "it has no cells")
        raise TbenchError(f"nothing can be measured anew: {why}; {alone}")
    protocol = suite.protocol(submission.protocol)
    workshop = Workshop(suite, protocol, Means("cpu", submission.precision, beside(store_path)))
    objections = [
        objection
        for found in recompute(submission, drawn, workshop, lambda text: click.echo(plain(f"note: {text}"), err=True))
        if (objection := found.objection(submission, tolerance))
    ]
    for objection in objections:
        click.echo(plain(f"differs: {objection}"), err=True)
    what = f"{len(drawn)} cells measured anew with {metric.origin} (--seed {seed})"
    if objections:
        raise TbenchError(f"{len(objections)} of {what} differ by more than {tolerance:g} of themselves: not accepted")
    click.echo(plain(f"{what}: all agree within {tolerance:g} of themselves"))


def _show(submission: Submission, suite: Suite, store_path: str) -> None:
    """The row that it gives."""
    from tbench.cli.terminal import for_tables, print_section
    from tbench.errors import StoreError
    from tbench.leaderboard.board import make_board
    from tbench.leaderboard.page import sections
    from tbench.store import Store

    frame = suite.frame(None if suite.citation else submission.protocol)
    try:
        with Store(store_path, read_only=True) as store:
            truth = store.latest(suite.name, "truth")
    except StoreError as error:
        truth = []
        if not frame.published:
            click.echo(plain(f"no tau_w: {error}"))
            return
    board = make_board([*submission.records(), *truth], frame)
    if not board.whole.truth:
        click.echo(plain(f"no tau_w: {store_path} holds no fine-tuning by protocol {submission.protocol}"))
        return
    console = for_tables()
    for section in sections(board, ("agreement",)):
        print_section(console, section)
