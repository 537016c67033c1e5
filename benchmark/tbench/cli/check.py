"""tbench check: does a metric keep the contract?"""

from __future__ import annotations

import click

from tbench.cli.complete import specs
from tbench.errors import TbenchError
from tbench.plain import plain


@click.command()
@click.argument("spec", shell_complete=specs)
def check(spec: str) -> None:
    """Try the contract on any installed metric, or a whole spec.

    \b
    tbench check knn
    tbench check sfda+ped:dt=1
    """
    from tbench import contract
    from tbench.metric import Catalogue
    from tbench.stopwatch import one_thread

    catalogue = Catalogue.installed()
    metric = catalogue.metric(spec)
    with one_thread():
        checks = contract.tried(metric, catalogue)
    for done in checks:
        mark = "BROKEN" if done.problem else "  --  " if done.excuse else "  ok  "
        note = done.problem or done.excuse
        click.echo(plain(f"{mark}  {done.promise}{f': {note}' if note else ''}"))
    broken = sum(bool(done.problem) for done in checks)
    asked = sum(not done.excuse for done in checks)
    click.echo(f"{metric.label} from {metric.origin}: {asked} checks, {asked - broken} hold, {broken} broken")
    if broken:
        raise TbenchError(f"{metric.label} does not keep the contract")
