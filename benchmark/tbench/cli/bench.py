"""tbench bench: what each metric costs on this machine."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import click

from tbench.cli.complete import specs
from tbench.cli.terminal import counting, for_tables
from tbench.errors import Inapplicable, TbenchError
from tbench.plain import plain

if TYPE_CHECKING:
    from rich.table import Table

    from tbench.bench import Floor, Measured, Report, Together


@click.command()
@click.option("--metrics", shell_complete=specs, help="Comma list of specs, instead of the sets.")
@click.option("--sets", default="core", show_default=True, help="Comma list; others: nleep (hours if large), parc, ...")
@click.option("--size", type=click.Choice(["medium", "large"]), default="medium", show_default=True)
@click.option("--samples", type=click.IntRange(min=2), help="Otherwise 5000, or 10000 if large.")
@click.option("--columns", type=click.IntRange(min=2), help="Of the features; otherwise 512, or 2048 if large.")
@click.option("--classes", type=click.IntRange(min=2), help="Otherwise 10, or 100 if large.")
@click.option("--sources", type=click.IntRange(min=2), help="Source classes; otherwise 1000.")
@click.option("--literal/--no-literal", default=True, help="The literal forms take minutes to hours if large.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
def bench(
    metrics: str | None,
    sets: str,
    size: str,
    samples: int | None,
    columns: int | None,
    classes: int | None,
    sources: int | None,
    literal: bool,
    seed: int,
) -> None:
    """Measure metrics on made-up features, one thread, CPU seconds and wall seconds.

    \b
    tbench bench
    tbench bench --metrics logme,hscore --samples 200 --columns 16 --classes 4

    In all: with the evidence that a metric rests on, as if nobody shared it; together, what is shared is counted once.
    The floor: one float64 Gram of the features and one eigen-decomposition of that size. Literal: the definition, as
    it is written down in plain NumPy.
    """
    from dataclasses import replace

    from tbench.bench import SIZES
    from tbench.bench import bench as measure
    from tbench.spec import split_specs

    given = {"samples": samples, "columns": columns, "classes": classes, "sources": sources}
    wanted = replace(SIZES[size], **{name: number for name, number in given.items() if number})
    with counting() as tell, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        specs = split_specs(metrics) if metrics is not None else []
        try:
            report = measure(wanted, specs, sets=sets.split(","), literals=literal, seed=seed, tell=tell)
        except Inapplicable as answer:
            raise TbenchError(f"a metric cannot be measured on what is made up: {answer}") from answer
    for text in dict.fromkeys(str(warning.message) for warning in warned):
        click.echo(plain(f"note: {text}"), err=True)
    console = for_tables()
    _show_head(report)
    for together in report.sets:
        console.print()
        console.print(_table(together, report.floor, literal=literal))
        click.echo(_evidence(together))
        click.echo(f"peak memory of the process up to here: {together.peak_bytes / 1e9:.2f} GB")


def _show_head(report: Report) -> None:
    size, floor = report.size, report.floor
    click.echo(
        f"{size.samples} samples, {size.columns} columns, {size.classes} classes, {size.sources} source classes, "
        f"{size.references} reference samples; one thread"
    )
    click.echo(
        f"floor: {_seconds(floor.cpu_seconds)} CPU s ({_seconds(floor.seconds)} wall): "
        f"Gram {_seconds(floor.gram.cpu_seconds)}, eigh {_seconds(floor.eigh.cpu_seconds)}"
    )


def _table(together: Together, floor: Floor, *, literal: bool) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, padding=0, pad_edge=False, show_edge=False, show_footer=True)
    table.add_column(Text(together.name), "together", overflow="fold")
    footers = {"in all\nCPU s": _seconds(together.cpu_seconds), "in all\nwall s": _seconds(together.seconds)}
    footers["\nfloors"] = f"{together.cpu_seconds / floor.cpu_seconds:.2f}"
    beside = ("literal\nCPU s", "times\nslower", "values\ndiffer") if literal else ()
    for title in ("own\nCPU s", "own\nwall s", *footers, *beside):
        table.add_column(title, footers.get(title, ""), justify="right", no_wrap=True)
    for measured in together.metrics:
        cells = [
            _seconds(measured.own.cpu_seconds),
            _seconds(measured.own.seconds),
            _seconds(measured.cpu_seconds),
            _seconds(measured.seconds),
            f"{measured.cpu_seconds / floor.cpu_seconds:.2f}",
        ]
        table.add_row(Text(measured.label), *cells, *(_beside(measured) if literal else ()))
    return table


def _beside(measured: Measured) -> tuple[str, str, str]:
    if measured.literal is None or measured.difference is None:
        return "–", "–", "–"
    ratio = measured.literal.cpu_seconds / measured.cpu_seconds
    return _seconds(measured.literal.cpu_seconds), f"{ratio:.1f}", f"{measured.difference:.0e}"


def _evidence(together: Together) -> str:
    costs = [f"{node} {_seconds(cost.cpu_seconds)}" for node, cost in together.evidence.items()]
    return f"evidence, CPU s: {', '.join(costs) or 'none'}"


def _seconds(value: float) -> str:
    return f"{value:.3f}" if value < 10 else f"{value:.1f}"
