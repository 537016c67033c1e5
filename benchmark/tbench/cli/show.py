"""tbench show: the leaderboard in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from tbench.cli.options import store_option, suite_option

if TYPE_CHECKING:
    from tbench.leaderboard.board import Board
    from tbench.leaderboard.tables import Section

FORMS = ("latex", "csv", "json", "markdown")
TABLES = (
    "agreement",
    "certainty",
    "worth",
    "elsewhere",
    "boards",
    "claims",
    "variants",
    "cost",
    "truth",
    "datasets",
    "pools",
    "absences",
    "all",
)


@click.command()
@suite_option()
@click.option("--protocol", "protocol_name", help="How the ground truth was made; published, or the suite's default.")
@store_option()
@click.option("--table", type=click.Choice(TABLES), default="agreement", show_default=True, help="What to see.")
@click.option("--intervals", is_flag=True, help="Beside the means of the table agreement, how sure they are.")
@click.option(
    "--format",
    "form",
    type=click.Choice(("terminal", *FORMS)),
    default="terminal",
    show_default=True,
    help="latex: booktabs, as papers print it; csv: one table; json; markdown, as on the page.",
)
def show(suite_name: str, protocol_name: str | None, store_path: str, table: str, intervals: bool, form: str) -> None:
    """See the tables of a leaderboard, made from the stored records; nothing is measured or written.

    \b
    tbench show
    tbench show --table certainty
    tbench show --format latex --intervals > table.tex
    tbench show --table all --format json
    """
    from tbench.cli.terminal import print_section, writer
    from tbench.errors import UsageError
    from tbench.leaderboard.board import make_board
    from tbench.leaderboard.facts import Facts
    from tbench.leaderboard.page import facts, sections
    from tbench.plain import plain
    from tbench.store import Store
    from tbench.suite import load_suite

    if intervals and table not in ("agreement", "all"):
        raise UsageError("--intervals goes with --table agreement")
    if form == "csv" and table == "all":
        raise UsageError("--format csv is one table: name it by --table, or ask for json")
    frame = load_suite(suite_name).frame(protocol_name)
    with Store(store_path, read_only=True) as store:
        board = make_board(Facts.stored(store, frame.suite), frame)
    shown = sections(board, TABLES if table == "all" else (table,))
    if intervals:
        shown = tuple(_with_intervals(section, board) if section.name == "agreement" else section for section in shown)
    if form != "terminal":
        click.echo(_written(shown, form))
        return
    console = writer()
    for name, words in facts(board):
        console.print(plain(f"{name}: {words}"), markup=False, style="dim")
    for section in shown:
        console.print()
        print_section(console, section)


def _written(sections: Sequence[Section], form: str) -> str:
    from tbench.leaderboard.data import as_csv, as_json
    from tbench.leaderboard.latex import latex
    from tbench.leaderboard.markdown import markdown

    if form == "json":
        return as_json(sections)
    write = {"latex": latex, "csv": as_csv, "markdown": markdown}[form]
    return "\n\n".join(map(write, sections))


def _with_intervals(section: Section, board: Board) -> Section:
    from tbench.leaderboard.intervals import with_intervals
    from tbench.leaderboard.measured import lineup_of
    from tbench.leaderboard.standing import find_standings, too_large

    lineup = lineup_of(board)
    return with_intervals(section, None if too_large(lineup) else find_standings(lineup))
