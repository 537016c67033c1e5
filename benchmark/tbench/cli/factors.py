"""tbench factors: what explains how transferable a network is to a dataset?"""

from __future__ import annotations

from pathlib import Path

import click

from tbench.errors import UsageError


@click.command()
@click.option("--suite", default="schuture", show_default=True, help="A published suite with factors.")
@click.option(
    "--restored/--printed", default=True, show_default=True, help="With the mixed-up columns put back, or as published."
)
@click.option("--table", type=click.Path(path_type=Path), help="Your own rows instead, as CSV.")
def factors(suite: str, restored: bool, table: Path | None) -> None:
    """Regress the logarithm of transferability on domain gap, variance within classes and amount of data.

    \b
    tbench factors --suite schuture            # the twelve published datasets, misprint mended
    tbench factors --suite schuture --printed
    tbench factors --table mine.csv            # dataset,gap,variance,amount,transferability[,steps]

    Transferability is what `tbench distance` tells: how many times nearer pre-training brings a network to its
    fine-tuned weights.
    """
    from tbench.cli.terminal import for_tables
    from tbench.factors import explained, read_rows, section
    from tbench.leaderboard.terminal import terminal_lines
    from tbench.published.equations import FITTED, rows_of
    from tbench.published.facts import load

    if table:
        shown = section(explained(read_rows(table)), f"Factors of transferability: {table.name}")
    else:
        published = load(suite)
        if not published.factors:
            raise UsageError(f"{suite} publishes no factors; schuture does")
        printed = {term.term: float(term.value) for term in published.terms if term.network == FITTED}
        how = "restored" if restored else "as printed"
        rows = rows_of(published.factors, restored=restored)
        shown = section(explained(rows), f"{published.title} ({suite}, {FITTED}, {how})", printed)
    console = for_tables()
    for line in terminal_lines(shown, console.width):
        console.print(line)
