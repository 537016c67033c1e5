"""tbench factors: what explains how transferable a network is to a dataset?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tbench.cli.options import store_option, suite_option

if TYPE_CHECKING:
    from tbench.leaderboard.tables import Section


@click.command()
@suite_option("schuture", "A published suite with factors, or one that was run.")
@click.option("--protocol", help="Of a suite that was run: how it was fine-tuned; its own default otherwise.")
@store_option("Where its facts are kept.")
@click.option(
    "--restored/--printed", default=True, show_default=True, help="With the mixed-up columns put back, or as published."
)
@click.option("--table", type=click.Path(path_type=Path), help="Your own rows instead, as CSV.")
def factors(suite_name: str, protocol: str | None, store_path: str, restored: bool, table: Path | None) -> None:
    """Regress the logarithm of transferability on domain gap, variance within classes and amount of data.

    \b
    tbench factors --suite schuture            # the twelve published datasets, misprint mended
    tbench factors --suite schuture --printed
    tbench factors --suite mini-sources        # what a run of your own has measured
    tbench factors --table mine.csv            # dataset,gap,variance,amount,transferability[,steps]

    Transferability is what `tbench distance` tells: how many times nearer pre-training brings a network to its
    fine-tuned weights.
    """
    from tbench.cli.terminal import for_tables, print_section
    from tbench.factors import explained, read_rows, section
    from tbench.published.facts import load, names

    if table:
        shown = section(explained(read_rows(table)), f"Factors of transferability: {table.name}")
    elif suite_name in names() and load(suite_name).factors:
        shown = _published(suite_name, restored)
    else:
        shown = _own(suite_name, protocol, store_path)
    console = for_tables()
    print_section(console, shown)


def _published(name: str, restored: bool) -> Section:
    from tbench.factors import explained, section
    from tbench.published.equations import FITTED, rows_of
    from tbench.published.facts import load

    published = load(name)
    printed = {term.term: float(term.value) for term in published.terms if term.network == FITTED}
    how = "restored" if restored else "as printed"
    rows = rows_of(published.factors, restored=restored)
    return section(explained(rows), f"{published.title} ({name}, {FITTED}, {how})", printed)


def _own(name: str, protocol: str | None, store_path: str) -> Section:
    from tbench.evidence.shelf import Shelf
    from tbench.factors import DEPENDENT, explained, section
    from tbench.files import beside
    from tbench.metric import Catalogue
    from tbench.own_factors import rows_of_suite
    from tbench.store import Store
    from tbench.suite import load_suite

    suite = load_suite(name)
    with Store(store_path, read_only=True) as store:
        records = store.latest(suite=suite.name)
    shelf = Shelf(beside(store_path) / "evidence")
    rows = rows_of_suite(suite, protocol, records, Catalogue.installed().nodes, shelf)
    shown = section(explained(rows), f"Factors of transferability: {suite.title}")
    return replace(shown, after=(DEPENDENT, *shown.after))
