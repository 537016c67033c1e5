"""tbench properties: what is each metric free of, and what does it work for?"""

from __future__ import annotations

from pathlib import Path

import click

from tbench.cli.complete import specs

VARIANTS = ("logme+ped", "multi-source:alphabet=joint", "tta:form=learned-a", "tta:form=learned-all")


@click.command()
@click.argument("metrics", shell_complete=specs, default="all", metavar="[METRICS]")
@click.option("--out", type=click.Path(path_type=Path), help="Also write a page to this folder; of all metrics only.")
def properties(metrics: str, out: Path | None) -> None:
    """Tell of all metrics, or of a comma list, whether they do without source data, training and optimising.

    \b
    tbench properties                        # every installed metric, and TransRate's printed table beside it
    tbench properties otdd,logme+ped         # these, and what brings each x
    tbench properties --out leaderboards     # and the page, leaderboards/properties/README.md

    Everything follows from the evidence that a metric asks for, what that evidence touches, and how values are found.
    """
    from tbench.cli.terminal import for_tables, print_section
    from tbench.errors import PluginError, UsageError
    from tbench.leaderboard.properties import metrics_section, publish, sections
    from tbench.metric import Catalogue
    from tbench.properties import Properties
    from tbench.published.facts import claims, disagreements

    if out and metrics != "all":
        raise UsageError("the page is of all metrics; leave out --out or the metrics")
    catalogue = Catalogue.installed()
    chosen, complaints = catalogue.choose(metrics, VARIANTS)
    derived = {}
    for metric in sorted(chosen, key=lambda metric: metric.label):
        try:
            derived[metric.label] = Properties.of(metric, catalogue.nodes)
        except PluginError as error:
            if metrics != "all":
                raise
            complaints.append(str(error))
    shown = sections(derived, claims(), disagreements()) if metrics == "all" else (metrics_section(derived),)
    console = for_tables()
    for section in shown:
        console.print()
        print_section(console, section)
    if out:
        console.print(f"page: {publish(shown, out)}", markup=False, soft_wrap=True)
    for complaint in dict.fromkeys(complaints):
        click.echo(f"tbench: {complaint}", err=True)
