"""tbench backup: a copy of the store as it is at this moment."""

from __future__ import annotations

from pathlib import Path

import click

from tbench.cli.options import store_option


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@store_option()
def backup(file: Path, store_path: str) -> None:
    """Copy the store to FILE, which must not be there; a run that is at it may go on.

    \b
    tbench backup results-of-monday.sqlite

    A copy made by other means while a run writes may lack its last records, or be none at all.
    """
    from tbench.store import Store

    with Store(store_path, read_only=True) as store:
        store.backup(file)
    click.echo(file)
