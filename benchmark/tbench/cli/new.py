"""tbench new: a plug-in to begin with."""

from __future__ import annotations

from pathlib import Path

import click

from tbench.template import KINDS


@click.command()
@click.argument("kind", type=click.Choice([*KINDS]), metavar="metric|model|dataset")
@click.argument("name")
@click.option("--out", default=".", show_default=True, help="Folder that the package's own is made in.")
def new(kind: str, name: str, out: str) -> None:
    """Write a package tbench-NAME with a working metric, family of models or family of datasets.

    \b
    tbench new metric margin
    pip install ./tbench-margin
    tbench check margin

    It installs, passes its own tests and runs as it is; what it does is yours to change.
    """
    from tbench.template import write_package

    folder = write_package(kind, name, Path(out))
    click.echo(f"{folder}: {', '.join(sorted(path.name for path in folder.iterdir()))}")
    click.echo(f"next: pip install {folder if folder.is_absolute() else f'./{folder}'}")
