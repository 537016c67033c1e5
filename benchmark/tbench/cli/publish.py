"""tbench publish: write the leaderboard from what is stored."""

from __future__ import annotations

import click

from tbench.cli.options import store_option, suite_option


@click.command()
@suite_option(words="An installed suite, a TOML file, or all.")
@click.option("--protocol", "protocol_name", help="How the ground truth was made; published, or the suite's default.")
@store_option()
@click.option("--out", default="leaderboards", show_default=True, help="Folder that the leaderboard is written to.")
def publish(suite_name: str, protocol_name: str | None, store_path: str, out: str) -> None:
    """Write the leaderboard of a suite from its stored records; nothing is measured.

    \b
    tbench publish
    tbench publish --suite mini --protocol full --out pages
    tbench publish --suite all

    With --suite all: of every installed suite in the store, by the protocol that it holds most fine-tuning of, and of
    what others published.
    """
    from pathlib import Path

    from tbench.errors import UsageError
    from tbench.leaderboard.facts import Facts
    from tbench.leaderboard.page import publish as write
    from tbench.leaderboards import publish_all
    from tbench.store import Store
    from tbench.suite import load_suite

    if suite_name == "all":
        if protocol_name:
            raise UsageError("--protocol goes with one suite: name it, or leave the protocol out")
        with Store(store_path, read_only=True) as store:
            for page in publish_all(store, Path(out)):
                click.echo(page)
        return
    frame = load_suite(suite_name).frame(protocol_name)
    with Store(store_path, read_only=True) as store:
        found = Facts.stored(store, frame.suite)
    click.echo(write(found, frame, Path(out)))
