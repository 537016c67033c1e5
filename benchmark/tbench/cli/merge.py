"""tbench merge: what several stores know, in one."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

import click


@click.command()
@click.argument("stores", nargs=-1, required=True)
@click.option("--into", help="A store that is to have it all, and is asked first; the first that is named otherwise.")
@click.option(
    "--prefer",
    type=click.Choice(("first", "newest")),
    help="Which record stays where two stores contradict each other.",
)
def merge(stores: tuple[str, ...], into: str | None, prefer: str | None) -> None:
    """Add the records of all STORES to the first of them, or to another.

    \b
    tbench merge .tbench/results.sqlite from-the-cluster.sqlite
    tbench merge one.sqlite two.sqlite --into both.sqlite

    The last record of each cell counts. Where two stores have measured one cell and come to different values, each such
    cell is named, nothing at all is written, and the exit code is 1, unless --prefer says whose record stays.
    """
    from tbench.errors import UsageError
    from tbench.merge import merged
    from tbench.store import Store

    target, sources = (into, stores) if into else (stores[0], stores[1:])
    if not sources:
        raise UsageError("to merge takes two stores, or one and --into another")
    if len({_same(name) for name in (target, *sources)}) <= len(sources):
        raise UsageError("a store cannot be merged with itself: each is to be named once")
    with ExitStack() as stack:
        others = [stack.enter_context(Store(name, read_only=True)) for name in sources]
        found = [other.latest() for other in others]
        if not into:
            Store(target, read_only=True).close()  # a slip of the pen makes no store
        store = stack.enter_context(Store(target))
        mark = store.mark()
        outcome = merged(store.latest(), *found, prefer=prefer)  # type: ignore[arg-type]
        for conflict in outcome.conflicts:
            click.echo(f"conflict: {conflict}", err=not prefer)
        if outcome.conflicts and not prefer:
            click.echo("nothing was written: say whose record is to stay (--prefer first or newest)", err=True)
            sys.exit(1)
        store.add(*outcome.added, mark=mark)
    click.echo(f"{store.where}: {_cells(len(outcome.added))} added, {outcome.same:,} known already")


def _same(name: str) -> str:
    return name if "://" in name else str(Path(name).resolve())


def _cells(count: int) -> str:
    return f"{count:,} {'cell' if count == 1 else 'cells'}"
