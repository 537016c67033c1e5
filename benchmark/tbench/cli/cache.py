"""tbench cache: what evidence is kept, whether it is whole, and making room."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tbench.amount import UNITS, in_bytes
from tbench.cli.options import store_option

if TYPE_CHECKING:
    from tbench.evidence.inventory import Item
    from tbench.evidence.shelf import Shelf

AGES = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
HEADER = ("node", "of", "parts", "size", "made", "last used")


def _amount(units: Mapping[str, int]) -> Callable[[click.Context, click.Parameter, str | None], float | None]:
    """A number and a unit, as a number of the smallest."""

    def read(context: click.Context, parameter: click.Parameter, text: str | None) -> float | None:
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([A-Za-z]?)", text or "")
        if text is None:
            return None
        if not found or found[2] not in units:
            told = ", ".join(filter(None, units))
            raise click.BadParameter(f"{text!r} is not a number with one of the units {told}", context, parameter)
        return float(found[1]) * units[found[2]]

    return read


def _of_store(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say whose evidence is meant."""
    folder = click.option(
        "--folder", type=click.Path(path_type=Path), help="Or where it is kept, such as the --cache of `tbench rank`."
    )
    return store_option("Beside which it is kept.")(folder(command))


@click.group()
def cache() -> None:
    """What evidence is kept beside a store, whether it is whole, and making room.

    \b
    tbench cache list
    tbench cache verify --delete              # every checksum; what is damaged goes, and is computed again
    tbench cache prune --max-size 20G         # least recently used first
    tbench cache prune --older-than 30d --dry-run

    Nothing of it is needed: what is not there is computed again. What somebody computes just now is never touched.
    """


@cache.command("list")
@_of_store
def list_(store_path: str, folder: Path | None) -> None:
    """What is kept, by node and owner, the most recently used first; and who computes something just now."""
    import time

    from tbench.evidence.inventory import at_work, items

    shelf = _shelf(store_path, folder)
    found = items(shelf)
    groups: dict[tuple[str, str], list[Item]] = {}
    for item in reversed(found):
        groups.setdefault((item.node, item.whose), []).append(item)
    now = time.time()
    if groups:
        _tell([_row(*name, group, now) for name, group in groups.items()])
    for owner in at_work(shelf):
        click.echo(f"at work: {owner}")
    click.echo(f"{len(found)} values, {in_bytes(sum(item.size for item in found))}, in {shelf.folder}")


@cache.command()
@_of_store
@click.option("--delete", is_flag=True, help="Remove what is damaged.")
def verify(store_path: str, folder: Path | None, delete: bool) -> None:
    """Read every checksum. The exit code is 1 if anything is damaged and stays."""
    from tbench.evidence.inventory import damaged, remove

    shelf = _shelf(store_path, folder)
    left = total = 0
    for key, what in damaged(shelf):
        total += 1
        gone = delete and remove(shelf, key)
        left += not gone
        click.echo(f"{'removed: ' if gone else ''}{what}")
    count = sum(1 for _ in shelf)
    click.echo(f"{count} values in {shelf.folder}, {total} damaged" + (f", {total - left} removed" if delete else ""))
    if left:
        click.get_current_context().exit(1)


@cache.command()
@_of_store
@click.option(
    "--max-size", metavar="SIZE", callback=_amount(UNITS), help="All that is kept may take so much: 500M, 20G."
)
@click.option(
    "--older-than", metavar="AGE", callback=_amount(AGES), help="What was not used for so long goes: 12h, 30d."
)
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
def prune(
    store_path: str, folder: Path | None, max_size: float | None, older_than: float | None, dry_run: bool
) -> None:
    """Remove what has not been used for long, least recently used first, and what killed writers have left.

    On a network file system, prune while no run is on: a value that another machine reads is gone for it, too.
    """
    from tbench.errors import UsageError
    from tbench.evidence.inventory import items
    from tbench.evidence.inventory import prune as pruned

    if max_size is None and older_than is None:
        raise UsageError("say what is to go: --max-size 20G, --older-than 30d, or both")
    shelf = _shelf(store_path, folder)
    before = items(shelf)
    gone = pruned(shelf, most=None if max_size is None else int(max_size), older=older_than, dry=dry_run)
    for item in gone.items:
        click.echo(f"{item.node} of {item.whose}, {in_bytes(item.size)}")
    for path in gone.leftovers:
        click.echo(f"left by a killed writer: {path}")
    freed, total = (in_bytes(sum(item.size for item in several)) for several in (gone.items, before))
    verb = "would go" if dry_run else "removed"
    locked = f"; {gone.locked} stay, which somebody computes just now" if gone.locked else ""
    click.echo(f"{verb}: {len(gone.items)} of {len(before)} values, {freed} of {total}{locked}")


def _shelf(store_path: str, folder: Path | None) -> Shelf:
    from tbench.errors import UsageError
    from tbench.evidence.shelf import Shelf
    from tbench.files import beside

    where = folder or beside(store_path) / "evidence"
    if not where.is_dir():
        raise UsageError(f"there is no folder {where}: name the store of a run (--store), or the folder (--folder)")
    return Shelf(where)


def _row(node: str, whose: str, group: list[Item], now: float) -> tuple[str, ...]:
    size = in_bytes(sum(item.size for item in group))
    made, used = min(item.made for item in group), max(item.used for item in group)
    return node, whose, str(len(group)), size, _ago(now - made), _ago(now - used)


def _tell(rows: list[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(HEADER, *rows, strict=True)]
    for row in (HEADER, *rows):
        click.echo("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


def _ago(seconds: float) -> str:
    """As one would say it; what a clock dates to the future is of now."""
    unit = next((unit for unit in ("d", "h", "m") if seconds >= AGES[unit]), "")
    return f"{seconds / AGES[unit]:.0f} {unit} ago" if unit else "now"
