"""tbench submit: the scores of one metric as a file for a pull request."""

from __future__ import annotations

import click

from tbench.cli.options import store_option, suite_option


@click.command()
@click.argument("metric")
@suite_option()
@click.option("--protocol", "protocol_name", help="Whose seeds its scores are for; the suite's own default otherwise.")
@store_option()
@click.option("--out", default="submissions", show_default=True, help="Folder that the file is written to.")
def submit(metric: str, suite_name: str, protocol_name: str | None, store_path: str, out: str) -> None:
    """Write the stored scores of a METRIC, all cells of a suite, as one text file that people can review.

    \b
    tbench run --metrics margin
    tbench submit margin
    tbench verify submissions/mini/margin.txt

    Nothing is measured. What is missing, or was measured with other weights than today's, is told.
    """
    from pathlib import Path

    from tbench.errors import TbenchError
    from tbench.files import place
    from tbench.metric import Catalogue
    from tbench.stock import Stock
    from tbench.store import Store
    from tbench.submission import Submission, place_of, written
    from tbench.suite import load_suite
    from tbench.verification import check_against, expected

    suite = load_suite(suite_name)
    protocol = suite.protocol(protocol_name)
    asked = Catalogue.installed().metric(metric)
    wanted = {*expected(suite, protocol.name)}
    with Store(store_path, read_only=True) as store:
        found = [record for record in store.latest(suite.name, "score") if record.key.spec == asked.spec]
    precisions = {record.provenance.get("precision", "float32") for record in found if record.status == "ok"}
    stock = Stock(suite.probe)
    true = {key for one in precisions for key in stock.still_true(found, one, protocol.middle.spec)}
    records = [
        record
        for record in found
        if record.key in true and (record.key.dataset, record.key.candidate, record.key.seed) in wanted
    ]
    if len(records) < len(wanted):
        told = f"{len(wanted) - len(records)} of the {len(wanted)} cells of {asked.label} on suite {suite.name}"
        again = f"tbench run --suite {suite_name} --protocol {protocol.name} --metrics {metric}"
        raise TbenchError(f"{told} are not in {store_path}: `{again}` measures them")
    submission = Submission.of(records, protocol.name, asked.spec)
    check_against(submission, suite)
    path = place_of(submission, Path(out))
    path.parent.mkdir(parents=True, exist_ok=True)
    place(path, written(submission).encode())
    click.echo(f"{path}: {submission.told}")
