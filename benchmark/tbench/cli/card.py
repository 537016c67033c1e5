"""tbench card: what does each metric mind that says nothing about a candidate?"""

from __future__ import annotations

from pathlib import Path

import click

from tbench.cli.complete import specs

VARIANTS = (
    "logme+ped",
    "logme+pca",
    "logme+split",
    "logme+spread-attract",
    "gbc:dims=none",
    "gbc:dims=none+calibrated",
)


@click.command()
@click.argument("metrics", shell_complete=specs, default="all", metavar="[METRICS]")
@click.option("--out", type=click.Path(path_type=Path), help="Also write a page to this folder; of all metrics only.")
def card(metrics: str, out: Path | None) -> None:
    """Measure what moves the score of a metric, or of a comma list, or of all: its invariance card.

    \b
    tbench card logme                  # order, scale, offset, rotation, copies, names, wrong labels, width
    tbench card logme,logme+calibrated
    tbench card --out leaderboards     # and the page of all metrics, leaderboards/cards/README.md

    On made-up features, always the same; a metric takes a few seconds, most take less than one.
    """
    from tbench.card import Bench
    from tbench.cli.terminal import for_tables, print_section
    from tbench.errors import UsageError
    from tbench.failure import reason
    from tbench.leaderboard.cards import CALIBRATED, RAW, noise_section, publish, sections
    from tbench.metric import Catalogue

    if out and metrics != "all":
        raise UsageError("the page is of all metrics; leave out --out or the metrics")
    catalogue = Catalogue.installed()
    chosen, complaints = catalogue.choose(metrics, (*VARIANTS, *RAW, *CALIBRATED))
    bench, cards = Bench(catalogue), {}
    for metric in sorted(chosen, key=lambda metric: metric.label):
        try:
            cards[metric.label] = bench.card(metric)
        except Exception as error:
            if metrics != "all":
                raise
            complaints.append(f"{metric.label}: {reason(error)}")
    console = for_tables()
    for section in (*sections(cards), noise_section(cards)):
        console.print()
        print_section(console, section)
    if out:
        console.print(f"page: {publish(cards, out)}", markup=False, soft_wrap=True)
    for complaint in dict.fromkeys(complaints):
        click.echo(f"tbench: {complaint}", err=True)
