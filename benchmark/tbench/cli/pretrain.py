"""tbench pretrain: make the weights of a model family from its recipes."""

from __future__ import annotations

import click

from tbench.cli.complete import families


@click.command()
@click.argument("family", shell_complete=families)
@click.option("--models", default="all", show_default=True, help="Comma list of the family's recipes.")
@click.option("--out", default="pretrained", show_default=True, help="Folder that weights and their card go to.")
def pretrain(family: str, models: str, out: str) -> None:
    """Make the weights of a model family as its recipes say.

    \b
    tbench pretrain mini
    tbench pretrain checkpoint --out weights

    One line per epoch. What is there already for a model is overwritten; what is installed is left alone.
    """
    from pathlib import Path

    from tbench.errors import UsageError
    from tbench.registry import Registry
    from tbench.stock import Stock
    from tbench.stopwatch import one_thread

    members = Registry.installed("models").load(family)
    if not hasattr(members, "pretrain"):
        raise UsageError(f"the models of {family!r} come from elsewhere; nothing can be pre-trained here")
    names = list(members.recipes()) if models == "all" else models.split(",")
    with one_thread():  # more threads add in another order, and so give other bits
        members.pretrain(names, Stock().dataset, Path(out), click.echo)
