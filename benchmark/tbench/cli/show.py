"""tbench show: the leaderboard in the terminal."""

from __future__ import annotations

import click

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
@click.option("--suite", "suite_name", default="mini", show_default=True, help="An installed suite, or a TOML file.")
@click.option("--protocol", "protocol_name", help="How the ground truth was made; published, or the suite's default.")
@click.option(
    "--store", "store_path", default=".tbench/results.sqlite", show_default=True, help="Where facts are kept."
)
@click.option("--table", type=click.Choice(TABLES), default="agreement", show_default=True, help="What to see.")
def show(suite_name: str, protocol_name: str | None, store_path: str, table: str) -> None:
    """See the tables of a leaderboard, made from the stored records; nothing is measured or written."""
    from rich.console import Console

    from tbench.cli.terminal import print_section
    from tbench.leaderboard.board import make_board
    from tbench.leaderboard.facts import Facts
    from tbench.leaderboard.page import facts, sections
    from tbench.plain import plain
    from tbench.store import Store
    from tbench.suite import load_suite

    frame = load_suite(suite_name).frame(protocol_name)
    with Store(store_path, read_only=True) as store:
        board = make_board(Facts.stored(store, frame.suite), frame)
    console = Console(highlight=False)
    for name, words in facts(board):
        console.print(plain(f"{name}: {words}"), markup=False, style="dim")
    for section in sections(board, TABLES if table == "all" else (table,)):
        console.print()
        print_section(console, section)
