"""tbench plot: one picture of a leaderboard as a file of its own."""

from __future__ import annotations

from pathlib import Path

import click

from tbench.cli.complete import specs
from tbench.cli.options import store_option, suite_option

PICTURES = ("ranking", "heatmap", "scatter", "pareto", "difference", "cost")


@click.command()
@click.argument("picture", type=click.Choice(PICTURES), metavar="PICTURE")
@suite_option()
@click.option("--protocol", "protocol_name", help="How the ground truth was made; published, or the suite's default.")
@store_option()
@click.option("--metric", shell_complete=specs, help="Of a scatter; the first of the board by default.")
@click.option("--dataset", help="Of a scatter; the first of the board by default.")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="FILE.svg or .png; by default SUITE-PICTURE.svg."
)
@click.option(
    "--scale",
    type=click.FloatRange(0.1, 10),
    default=2.0,
    show_default=True,
    help="Of a PNG: pixels for each of the picture's own.",
)
def plot(
    picture: str,
    suite_name: str,
    protocol_name: str | None,
    store_path: str,
    metric: str | None,
    dataset: str | None,
    out: Path | None,
    scale: float,
) -> None:
    """Draw a picture of a leaderboard for a paper: SVG that holds all it needs, or PNG. Nothing is measured.

    \b
    ranking     every metric with its mean and 95 % interval, beside the best floor and the noise ceiling
    heatmap     metric x dataset
    scatter     scores of one metric against fine-tuned accuracy on one dataset
    pareto      mean against seconds
    difference  mean ranks over datasets, and what they do not tell apart
    cost        what the seconds of each metric go to

    \b
    tbench plot ranking
    tbench plot heatmap --suite mini-equal --protocol full
    tbench plot scatter --metric logme --dataset photo --out photo.svg
    tbench plot ranking --out ranking.png --scale 3     # by pip install 'tbench[plot]'
    """
    from tbench.errors import TbenchError, UsageError
    from tbench.files import place
    from tbench.leaderboard.board import make_board
    from tbench.leaderboard.facts import Facts
    from tbench.leaderboard.figures.draw import draw
    from tbench.leaderboard.figures.raster import renderer
    from tbench.store import Store
    from tbench.suite import load_suite

    if picture != "scatter" and (metric or dataset):
        raise UsageError("--metric and --dataset go with the picture scatter")
    if out and out.suffix not in (".svg", ".png"):
        raise UsageError(f"--out {out} should end in .svg or .png")
    render = renderer() if out and out.suffix == ".png" else None
    frame = load_suite(suite_name).frame(protocol_name)
    with Store(store_path, read_only=True) as store:
        board = make_board(Facts.stored(store, frame.suite), frame)
    drawn = draw(picture, board, metric, dataset)
    path = out or Path(f"{frame.suite}-{picture}.svg")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        place(path, render(drawn, scale) if render else drawn.encode())
    except OSError as error:
        raise TbenchError(f"picture {path} cannot be written: {error.strerror or error}") from error
    click.echo(f"picture: {path}")
