"""tbench list: what is installed, told without importing it."""

from __future__ import annotations

import inspect
import json
import shutil
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import click

from tbench import __version__
from tbench.api import VOCABULARY, DatasetFamily, ModelFamily
from tbench.cli.complete import plugins
from tbench.errors import UsageError
from tbench.plain import plain
from tbench.registry import KINDS, Registry, description, origin
from tbench.spec import defaults, needs, presets, spelled_out, written

FAMILIES = ("models", "datasets")
FUNCTIONS = ("metrics", "transforms", "evidence")
COLUMN_GAP = "  "


@dataclass(frozen=True)
class Row:
    """A plug-in as it is told. refused: its name is not its own, or cannot be written."""

    kind: str
    name: str
    package: str
    version: str
    description: str
    refused: bool = False


@click.command("list")
@click.argument("kind", type=click.Choice([*KINDS]), required=False, metavar="[KIND]")
@click.argument("name", shell_complete=plugins, required=False, metavar="[NAME]")
@click.option("--json", "as_json", is_flag=True, help="For programs: one object for each plug-in.")
def list_(kind: str | None, name: str | None, as_json: bool) -> None:
    """What is installed, of one kind or of all; with a NAME, all about that metric, transform, evidence or family.

    \b
    tbench list metrics
    tbench list metrics logme     # what it asks for, its settings, and the published code that has names
    tbench list models mini       # the members of a family

    KIND: metrics, transforms, evidence, models, datasets, suites, executors, hooks or literals. Nothing is imported but
    what is named.
    """
    if kind and name:
        _tell_one(kind, name, as_json)
        return
    registries = [Registry.installed(kind)] if kind else Registry.everything()
    rows = {registry.kind: _rows(registry) for registry in registries}
    if as_json:
        click.echo(json.dumps([asdict(row) for found in rows.values() for row in found], indent=2, ensure_ascii=False))
    elif kind:
        click.echo(_table(rows[kind]))
    else:
        click.echo("\n\n".join(f"{each}\n{_table(found, indent='  ')}" for each, found in rows.items()))


def _rows(registry: Registry) -> list[Row]:
    refused = {*registry} - {*registry.names()} if registry.kind != "hooks" else set()
    rows = []
    for entry in registry.entries():
        package, _, version = origin(entry).rpartition(" ")
        rows.append(Row(registry.kind, entry.name, package, version, description(entry), entry.name in refused))
    if registry.kind == "evidence":  # what comes with candidate and dataset, and from no function
        given = {name: told for name, told in VOCABULARY.items() if name not in registry.shelf}
        rows += [Row("evidence", name, "tbench", __version__, told) for name, told in given.items()]
    return sorted(rows, key=lambda row: (row.name, row.package))


def _table(rows: list[Row], indent: str = "") -> str:
    """Aligned; cut at the edge of a terminal, whole where the output goes elsewhere."""
    if not rows:
        return f"{indent}none"
    cells = []
    for name in dict.fromkeys(row.name for row in rows):
        ours = [row for row in rows if row.name == name]
        packages = " and ".join(f"{row.package} {row.version}" for row in ours)
        why = "several packages bring this name" if len(ours) > 1 else "this name cannot be written in a spec"
        told = f"refused: {why}" if ours[0].refused else ours[0].description
        cells.append((plain(name), plain(packages), plain(told)))
    widths = [max(len(cell[column]) for cell in cells) for column in (0, 1)]
    lines = (
        f"{indent}{name:{widths[0]}}{COLUMN_GAP}{origin:{widths[1]}}{COLUMN_GAP}{told}".rstrip()
        for name, origin, told in cells
    )
    if not sys.stdout.isatty():
        return "\n".join(lines)
    edge = shutil.get_terminal_size().columns
    return "\n".join(line if len(line) <= edge else f"{line[: edge - 1]}…" for line in lines)


def _tell_one(kind: str, name: str, as_json: bool) -> None:
    if kind in FAMILIES:
        _tell_members(kind, name, as_json)
    elif kind in FUNCTIONS:
        _tell_function(kind, name, as_json)
    else:
        raise UsageError(f"{kind} have nothing more to tell; {', '.join(FUNCTIONS)}, {' and '.join(FAMILIES)} have")


def _tell_function(kind: str, name: str, as_json: bool) -> None:
    function = Registry.installed(kind).load(name)
    asks = needs(function)
    whole = str(spelled_out(name, function, {}))
    published = {preset: str(written(name, values)) for preset, values in presets(function).items()}
    doc = inspect.getdoc(function) or ""
    if as_json:
        told = {"name": name, "description": doc, "asks": asks, "settings": whole, "published": published}
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    lines = [doc, "", f"asks for: {', '.join(asks) or 'nothing'}"]
    if defaults(function):
        lines.append(f"settings: {whole}")
    lines += [f"published: {name}:as={preset} is {spec}" for preset, spec in published.items()]
    click.echo(_lines(lines))


def _tell_members(kind: str, family: str, as_json: bool) -> None:
    loaded: ModelFamily | DatasetFamily = Registry.installed(kind).load(family)
    names = [f"{family}/{name}" for name in loaded.names()]
    if as_json:
        click.echo(json.dumps(names, indent=2, ensure_ascii=False))
    else:
        click.echo(_lines(names) or f"{family} is open: {family}/NAME, for any NAME that it knows")


def _lines(texts: Iterable[str]) -> str:
    """Of text that may be a stranger's."""
    return "\n".join(plain(line) for text in texts for line in text.split("\n"))
