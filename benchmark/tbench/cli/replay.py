"""tbench replay: do the published tables follow from the published numbers?"""

from __future__ import annotations

import click


@click.command()
@click.argument("suite")
@click.option("--json", "as_json", is_flag=True, help="Every cell as one JSON object of a list.")
@click.option("--out", help="Also write pages and CSV files to this folder, one folder for each suite.")
def replay(suite: str, as_json: bool, out: str | None) -> None:
    """Hold every printed number of a published suite, or of all, against what the published inputs give.

    \b
    tbench replay transrate-layers
    tbench replay all --out leaderboards

    \b
    exact            equal in all printed digits
    within rounding  numbers within half a unit of the last published digit give the printed value
    tie order        candidates whose published numbers are equal give it in one of their orders
    differs          the published numbers do not give the printed value
    not computable   the numbers that it takes are not public
    """
    import json
    from pathlib import Path

    from tbench.published.cells import cells_section
    from tbench.published.facts import load, names
    from tbench.published.findings import Findings
    from tbench.published.page import publish

    findings = [Findings.of(load(name)) for name in (names() if suite == "all" else [suite])]
    pages = [publish(found, Path(out)) for found in findings] if out else []
    if as_json:
        rows = [verdict.row() for found in findings for verdict in found.verdicts]
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False, allow_nan=False))
        return
    from tbench.cli.terminal import print_section, writer

    console = writer()
    for found in findings:
        published = found.published
        console.print(f"\n{published.title} ({published.name}): {published.reference}", markup=False)
        print_section(console, cells_section(found.verdicts))
        for remark in published.remarks:
            console.print(f"note: {remark}", markup=False, style="dim")
    for page in pages:
        console.print(f"page: {page}", markup=False)
